/** Figures about the stream, from `RTCPeerConnection.getStats()` and from what the streamer tells. */

/** Seconds of the past that plots show. */
export const HISTORY = 60;

function find(report, test) {
    for (const entry of report.values()) {
        if (test(entry)) {
            return entry;
        }
    }
    return undefined;
}

const inbound = (kind) => (entry) => entry.type === 'inbound-rtp' && entry.kind === kind;
const MS = 1000;

/** The growth of a counter since the last look, or 0. */
function grown(now, before, name) {
    const growth = (now?.[name] ?? 0) - (before?.[name] ?? 0);
    return before && growth > 0 ? growth : 0;
}

/** The mean of a sum over what it was summed up for, since the last look. */
function mean(now, before, sum, count) {
    const number = grown(now, before, count);
    return number ? (grown(now, before, sum) / number) * MS : undefined;
}

function seconds(now, before) {
    return before ? (now.timestamp - before.timestamp) / MS : 0;
}

function rate(now, before, name) {
    const span = seconds(now, before);
    return span > 0 ? grown(now, before, name) / span : undefined;
}

function lost(now, before) {
    const gone = grown(now, before, 'packetsLost');
    const all = gone + grown(now, before, 'packetsReceived');
    return all ? gone / all : 0;
}

/** The pair of addresses in use. */
function route(report) {
    const transport = find(report, (entry) => entry.type === 'transport' && entry.selectedCandidatePairId);
    const pair = transport ? report.get(transport.selectedCandidatePairId) : undefined;
    const nominated = (entry) => entry.type === 'candidate-pair' && entry.nominated && entry.state === 'succeeded';
    return pair ?? find(report, nominated);
}

/**
 * @param {Map<string, object>} report
 * @param {{video?: object, audio?: object}} [before] what the last look has returned as `raw`
 */
export function figures(report, before = {}) {
    const video = find(report, inbound('video')), audio = find(report, inbound('audio'));
    const pair = route(report);
    const codec = report.get(video?.codecId);
    const relayed = [pair?.localCandidateId, pair?.remoteCandidateId]
        .some((id) => report.get(id)?.candidateType === 'relay');
    const past = before.video;
    return {
        frameRate: video ? rate(video, past, 'framesDecoded') : undefined,
        bitrate: video ? rate(video, past, 'bytesReceived') * 8 : undefined,
        audioBitrate: audio ? rate(audio, before.audio, 'bytesReceived') * 8 : undefined,
        roundTripMs: pair?.currentRoundTripTime === undefined ? undefined : pair.currentRoundTripTime * MS,
        loss: lost(video, past),
        packetsLost: video?.packetsLost ?? 0,
        jitterBufferMs: mean(video, past, 'jitterBufferDelay', 'jitterBufferEmittedCount'),
        audioJitterBufferMs: mean(audio, before.audio, 'jitterBufferDelay', 'jitterBufferEmittedCount'),
        decodeMs: mean(video, past, 'totalDecodeTime', 'framesDecoded'),
        framesDecoded: video?.framesDecoded ?? 0,
        framesDropped: video?.framesDropped ?? 0,
        freezes: video?.freezeCount ?? 0,
        codec: codec?.mimeType?.replace(/^video\//i, '') ?? '',
        decoder: video?.decoderImplementation ?? '',
        width: video?.frameWidth ?? 0,
        height: video?.frameHeight ?? 0,
        relayed,
        raw: { video, audio },
    };
}

/**
 * What lies between the game's picture and its show here, as far as it is known: encoding, half a round trip, the wait
 * for order, decoding. Milliseconds.
 */
export function latency({ encodeLatencyUsec, roundTripMs, jitterBufferMs, decodeMs }) {
    if (roundTripMs === undefined) {
        return undefined;
    }
    return (encodeLatencyUsec ?? 0) / 1000 + roundTripMs / 2 + (jitterBufferMs ?? 0) + (decodeMs ?? 0);
}

/** The last values of a figure; what was not known is a gap. */
export class History {
    #values = [];

    push(value) {
        this.#values.push(Number.isFinite(value) ? value : undefined);
        this.#values.splice(0, this.#values.length - HISTORY);
    }

    get values() {
        return [...this.#values];
    }

    clear() {
        this.#values = [];
    }
}

/** A top of a scale that is easily read: a small number times a power of ten, at least `least`. */
export function scale(values, least) {
    const top = Math.max(least, ...values.filter((value) => value !== undefined));
    const power = 10 ** Math.floor(Math.log10(top));
    return [1, 2, 3, 4, 6, 8, 10].map((step) => step * power).find((step) => step >= top);
}

/** A bit rate for people. */
export function bits(value) {
    if (!Number.isFinite(value)) {
        return '–';
    }
    return value >= 1e6 ? `${(value / 1e6).toFixed(1)} Mbit/s` : `${Math.round(value / 1000)} kbit/s`;
}
