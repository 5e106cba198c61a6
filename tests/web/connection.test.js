import assert from 'node:assert/strict';
import { mock, test } from 'node:test';
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

/** A connection that has its answer, its channels, what it has said, and how it was lost. */
async function answered(t) {
    globalThis.RTCPeerConnection = Peer;
    mock.timers.enable({ apis: ['setTimeout'] });
    t.after(() => mock.timers.reset());
    const lost = [];
    const connection = new Connection({}, { track() {}, open() {}, message() {}, lost: (error) => lost.push(error.message) });
    await connection.open(async () => ({ viewer: '1', answer: '' }));
    return { connection, channels: Peer.last.channels, lost };
}

test('no way through is lost after 20 seconds', async (t) => {
    const { lost } = await answered(t);
    mock.timers.tick(19_999);
    assert.deepEqual(lost, []);
    mock.timers.tick(1);
    assert.deepEqual(lost, ['no connection came about: a firewall may keep UDP away']);
});

test('a streamer that talks and does not greet is lost', async (t) => {
    const { channels, lost } = await answered(t);
    Object.values(channels).forEach((channel) => channel.open());
    for (let second = 0; second < 20; second += 1) {
        channels.control.say({ type: 'stats' });
        mock.timers.tick(1000);
    }
    assert.deepEqual(lost, ['the streamer has not greeted']);
});

test('a streamer that has greeted is kept for as long as it talks', async (t) => {
    const { channels, lost } = await answered(t);
    Object.values(channels).forEach((channel) => channel.open());
    channels.control.say({ type: 'hello' });
    for (let second = 0; second < 60; second += 1) {
        channels.control.say({ type: 'stats' });
        mock.timers.tick(1000);
    }
    assert.deepEqual(lost, []);
    mock.timers.tick(8000);
    assert.deepEqual(lost, ['nothing has come from the streamer for a while']);
});
