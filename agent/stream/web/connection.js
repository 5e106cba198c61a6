/** One WebRTC connection to the streamer: one offer, one answer, no trickle, and its three data channels. */

/** Milliseconds until the streamer must have greeted. */
const CONNECT_TIMEOUT = 20_000;
/** Browsers call a connection disconnected long before they give it up: how long to wait for its return. */
const DISCONNECTED_TIMEOUT = 3000;
/** The streamer says something every second: silence for so long is a break that WebRTC has not noticed. */
const SILENCE_TIMEOUT = 8000;

/** Why there is no connection: `retry` tells whether another attempt makes sense. */
export class ConnectionError extends Error {
    constructor(name, message, retry) {
        super(message);
        this.name = name;
        this.retry = retry;
    }
}

/** What this browser lacks, as the name of an error, or nothing. */
export function missing() {
    return typeof RTCPeerConnection === 'function' ? '' : 'NoWebRtc';
}

function decodable(sdp) {
    return /^a=rtpmap:\d+ (H264|VP8)\/90000/im.test(sdp);
}

export class Connection {
    #peer;
    #channels = {};
    #on;
    #timers = {};
    #closed = false;
    #greeted = false;

    /** The streamer's id of this viewer, once it has answered. */
    viewer = '';

    /**
     * @param {RTCConfiguration} configuration
     * @param {object} on
     * @param {(track: MediaStreamTrack) => void} on.track
     * @param {() => void} on.open the channels are open
     * @param {(message: object) => void} on.message a message of the control channel
     * @param {(error: ConnectionError) => void} on.lost at most once, after `open()` has resolved
     */
    constructor(configuration, on) {
        this.#on = on;
        this.#peer = new RTCPeerConnection({ bundlePolicy: 'max-bundle', iceServers: [], ...configuration });
    }

    /**
     * Makes the offer, has it answered and waits for the connection.
     * @param {(offer: string) => Promise<{viewer: string, answer: string}>} exchange
     */
    async open(exchange) {
        const peer = this.#peer;
        peer.addTransceiver('video', { direction: 'recvonly' });
        peer.addTransceiver('audio', { direction: 'recvonly' });
        peer.addEventListener('track', ({ track, receiver }) => this.#track(track, receiver));
        this.#channel('input', { ordered: true });
        this.#channel('motion', { ordered: false, maxRetransmits: 0 });
        const control = this.#channel('control', { ordered: true });
        control.addEventListener('message', ({ data }) => this.#message(data));
        control.addEventListener('close', () => this.#lose('Closed', 'the streamer has closed the connection'));
        await peer.setLocalDescription();
        const offer = peer.localDescription.sdp;
        if (!decodable(offer)) {
            throw new ConnectionError('NoCodec', 'the browser decodes neither H.264 nor VP8', false);
        }
        const { viewer, answer } = await exchange(offer);
        this.viewer = String(viewer ?? '');
        if (this.#closed) {
            throw new ConnectionError('Closed', 'closed before the answer came', false);
        }
        await this.#accept(answer);
        this.#watch();
    }

    async #accept(answer) {
        try {
            await this.#peer.setRemoteDescription({ type: 'answer', sdp: answer });
        } catch (error) {
            throw new ConnectionError('BadAnswer', `the answer is unusable: ${error.message}`, true);
        }
    }

    /** For each receiver its own stream: a picture that waits for its sound is a late one. */
    #track(track, receiver) {
        for (const [property, value] of [['jitterBufferTarget', 0], ['playoutDelayHint', 0]]) {
            try {
                receiver[property] = value;
            } catch {
                // Browsers know one of the two.
            }
        }
        this.#on.track(track);
    }

    #channel(label, options) {
        const channel = this.#peer.createDataChannel(label, options);
        channel.binaryType = 'arraybuffer';
        channel.addEventListener('open', () => this.#opened());
        this.#channels[label] = channel;
        return channel;
    }

    /** True while what is sent reaches the streamer. */
    get writable() {
        return Object.values(this.#channels).every((channel) => channel.readyState === 'open');
    }

    #opened() {
        if (this.writable) {
            this.#heard();
            this.#on.open();
        }
    }

    #message(data) {
        this.#heard();
        let message;
        try {
            message = JSON.parse(data);
        } catch {
            return;
        }
        if (message && typeof message === 'object') {
            this.#greeted ||= message.type === 'hello';
            this.#on.message(message);
        }
    }

    #watch() {
        this.#timers.connect = setTimeout(() => this.#late(), CONNECT_TIMEOUT);
        const changed = () => {
            const state = this.#peer.connectionState;
            clearTimeout(this.#timers.disconnected);
            if (state === 'failed' || state === 'closed') {
                this.#lose('Broken', 'the network connection has broken');
            } else if (state === 'disconnected') {
                this.#timers.disconnected = setTimeout(
                    () => this.#lose('Broken', 'the network connection has broken'), DISCONNECTED_TIMEOUT);
            }
        };
        this.#peer.addEventListener('connectionstatechange', changed);
        changed();
        this.#opened();
    }

    #late() {
        if (!this.writable) {
            this.#lose('Timeout', 'no connection came about: a firewall may keep UDP away');
        } else if (!this.#greeted) {
            this.#lose('Timeout', 'the streamer has not greeted');
        }
    }

    #heard() {
        clearTimeout(this.#timers.silence);
        if (!this.#closed) {
            this.#timers.silence = setTimeout(
                () => this.#lose('Silent', 'nothing has come from the streamer for a while'), SILENCE_TIMEOUT);
        }
    }

    #lose(name, message) {
        if (!this.#closed) {
            this.close();
            this.#on.lost(new ConnectionError(name, message, true));
        }
    }

    #write(label, data) {
        const channel = this.#channels[label];
        if (channel?.readyState === 'open') {
            channel.send(data);
        }
    }

    /** Keys, buttons and all else that must arrive, in order. */
    send(packet) {
        this.#write('input', packet);
    }

    /** Movements, of which only the newest count. */
    sendMotion(packet) {
        this.#write('motion', packet);
    }

    /** Bytes of movements that the browser has not sent yet. */
    get backlog() {
        return this.#channels.motion?.bufferedAmount ?? 0;
    }

    /** A message of the control channel. */
    control(message) {
        this.#write('control', JSON.stringify(message));
    }

    /** @returns {Promise<RTCStatsReport>} */
    statistics() {
        return this.#peer.getStats();
    }

    close() {
        this.#closed = true;
        Object.values(this.#timers).forEach((timer) => clearTimeout(timer));
        this.#peer.close();
    }
}
