import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Connection } from '../../agent/stream/web/connection.js';

class Channel extends EventTarget {
    readyState = 'connecting';

    open() {
        this.readyState = 'open';
        this.dispatchEvent(new Event('open'));
    }

    say(message) {
        this.dispatchEvent(Object.assign(new Event('message'), { data: JSON.stringify(message) }));
    }
}

/** The browser's end of a connection that tests open by hand. */
class Peer extends EventTarget {
    connectionState = 'connecting';
    localDescription = { sdp: 'a=rtpmap:96 H264/90000' };
    channels = {};

    addTransceiver() {}
    async setLocalDescription() {}
    async setRemoteDescription() {}
    close() {}

    createDataChannel(label) {
        this.channels[label] = new Channel();
        Peer.last = this;
        return this.channels[label];
    }
}

/** `setTimeout` by hand: Node's own, of `node:test`, is called differently in each of its versions. */
class Clock {
    #now = 0;
    #timers = new Map();
    #last = 0;

    constructor(t) {
        const { setTimeout, clearTimeout } = globalThis;
        t.after(() => Object.assign(globalThis, { setTimeout, clearTimeout }));
        globalThis.setTimeout = (act, delay) => {
            this.#timers.set(++this.#last, { act, due: this.#now + delay });
            return this.#last;
        };
        globalThis.clearTimeout = (timer) => this.#timers.delete(timer);
    }

    tick(milliseconds) {
        const end = this.#now + milliseconds;
        for (let next = this.#next(end); next; next = this.#next(end)) {
            const [timer, { act, due }] = next;
            this.#timers.delete(timer);
            this.#now = due;
            act();
        }
        this.#now = end;
    }

    #next(end) {
        const due = [...this.#timers].filter(([, timer]) => timer.due <= end);
        return due.sort(([, a], [, b]) => a.due - b.due)[0];
    }
}

/** The clock and the channels of a connection that has its answer, and how it was lost. */
async function answered(t) {
    globalThis.RTCPeerConnection = Peer;
    const clock = new Clock(t);
    const lost = [];
    const connection = new Connection({}, { track() {}, open() {}, message() {}, lost: (error) => lost.push(error.message) });
    await connection.open(async () => ({ viewer: '1', answer: '' }));
    return { clock, channels: Peer.last.channels, lost };
}

test('no way through is lost after 20 seconds', async (t) => {
    const { clock, lost } = await answered(t);
    clock.tick(19_999);
    assert.deepEqual(lost, []);
    clock.tick(1);
    assert.deepEqual(lost, ['no connection came about: a firewall may keep UDP away']);
});

test('a streamer that talks and does not greet is lost', async (t) => {
    const { clock, channels, lost } = await answered(t);
    Object.values(channels).forEach((channel) => channel.open());
    for (let second = 0; second < 20; second += 1) {
        channels.control.say({ type: 'stats' });
        clock.tick(1000);
    }
    assert.deepEqual(lost, ['the streamer has not greeted']);
});

test('a streamer that has greeted is kept for as long as it talks', async (t) => {
    const { clock, channels, lost } = await answered(t);
    Object.values(channels).forEach((channel) => channel.open());
    channels.control.say({ type: 'hello' });
    for (let second = 0; second < 60; second += 1) {
        channels.control.say({ type: 'stats' });
        clock.tick(1000);
    }
    assert.deepEqual(lost, []);
    clock.tick(8000);
    assert.deepEqual(lost, ['nothing has come from the streamer for a while']);
});
