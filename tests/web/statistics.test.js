import assert from 'node:assert/strict';
import { test } from 'node:test';
import { HISTORY, History, bits, figures, latency, scale } from '../../agent/stream/web/statistics.js';

function report(at, video, audio) {
    return new Map([
        ['v', { id: 'v', type: 'inbound-rtp', kind: 'video', timestamp: at, codecId: 'c', frameWidth: 1280, frameHeight: 720, ...video }],
        ['a', { id: 'a', type: 'inbound-rtp', kind: 'audio', timestamp: at, ...audio }],
        ['c', { id: 'c', type: 'codec', mimeType: 'video/H264' }],
        ['t', { id: 't', type: 'transport', selectedCandidatePairId: 'p' }],
        ['p', { id: 'p', type: 'candidate-pair', currentRoundTripTime: 0.012, localCandidateId: 'l', remoteCandidateId: 'r' }],
        ['l', { id: 'l', type: 'local-candidate', candidateType: 'relay' }],
        ['r', { id: 'r', type: 'remote-candidate', candidateType: 'host' }],
    ]);
}

const FIRST = { framesDecoded: 100, bytesReceived: 1000, packetsReceived: 90, packetsLost: 1, jitterBufferDelay: 1, jitterBufferEmittedCount: 100, totalDecodeTime: 0.1 };
const SECOND = { framesDecoded: 220, bytesReceived: 251000, packetsReceived: 186, packetsLost: 5, jitterBufferDelay: 1.6, jitterBufferEmittedCount: 220, totalDecodeTime: 0.34 };

test('figures are those of the time since the last look', () => {
    const first = figures(report(1000, FIRST, { bytesReceived: 0 }));
    assert.equal(first.jitterBufferMs, undefined);
    const now = figures(report(3000, SECOND, { bytesReceived: 32000 }), first.raw);
    assert.equal(now.frameRate, 60);
    assert.equal(now.bitrate, 1_000_000);
    assert.equal(now.audioBitrate, 128_000);
    assert.equal(now.loss, 0.04);
    assert.equal(now.packetsLost, 5);
    assert.ok(Math.abs(now.jitterBufferMs - 5) < 1e-9);
    assert.ok(Math.abs(now.decodeMs - 2) < 1e-9);
    assert.deepEqual([now.codec, now.width, now.height, now.roundTripMs, now.relayed], ['H264', 1280, 720, 12, true]);
});

test('a browser without a transport entry tells the pair by its nomination', () => {
    const entries = report(0, FIRST);
    entries.delete('t');
    Object.assign(entries.get('p'), { nominated: true, state: 'succeeded' });
    assert.equal(figures(entries).roundTripMs, 12);
});

test('nothing is known of a connection without media', () => {
    const { frameRate, roundTripMs, codec, loss } = figures(new Map());
    assert.deepEqual([frameRate, roundTripMs, codec, loss], [undefined, undefined, '', 0]);
});

test('latency is the sum of its known parts', () => {
    assert.equal(latency({ encodeLatencyUsec: 5000, roundTripMs: 4, jitterBufferMs: 1, decodeMs: 2 }), 10);
    assert.equal(latency({ roundTripMs: 4 }), 2);
    assert.equal(latency({ decodeMs: 2 }), undefined);
});

test('a history keeps its last minute', () => {
    const history = new History();
    for (let i = 0; i < HISTORY + 5; i += 1) {
        history.push(i);
    }
    history.push(NaN);
    assert.equal(history.values.length, HISTORY);
    assert.deepEqual(history.values.slice(-2), [HISTORY + 4, undefined]);
});

test('scales end at round numbers', () => {
    assert.equal(scale([], 60), 60);
    assert.equal(scale([61, undefined], 60), 80);
    assert.equal(scale([1_250_000], 1e6), 2e6);
    assert.equal(scale([999], 20), 1000);
});

test('bit rates are for people', () => {
    assert.deepEqual([bits(4_250_000), bits(128_000), bits(undefined)], ['4.3 Mbit/s', '128 kbit/s', '–']);
});
