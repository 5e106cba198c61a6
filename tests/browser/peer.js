/**
 * The other end of the player under test, in the same page: a WebRTC peer that answers with a drawn picture and a tone,
 * and writes down what arrives. `window.peer` is what tests look at.
 */

import { DillingerPlayer } from '/web/player.js';

window.violations = [];
document.addEventListener('securitypolicyviolation', ({ violatedDirective, blockedURI }) => {
    violations.push(`${violatedDirective} ${blockedURI}`);
});

const query = new URLSearchParams(location.search);

function hex(data) {
    return [...new Uint8Array(data)].map((byte) => byte.toString(16).padStart(2, '0')).join('');
}

/** A moving picture of a known size. */
function picture(width, height) {
    const canvas = Object.assign(document.createElement('canvas'), { width, height });
    const context = canvas.getContext('2d');
    let turn = 0;
    setInterval(() => {
        turn += 1;
        const sky = context.createLinearGradient(0, 0, 0, height);
        sky.addColorStop(0, '#20345c');
        sky.addColorStop(1, '#8a5a3c');
        context.fillStyle = sky;
        context.fillRect(0, 0, width, height);
        context.fillStyle = '#d9e6ff';
        context.fillRect((turn * 7) % width, height / 3, 60, 60);
    }, 16);
    return canvas.captureStream(60);
}

function tone() {
    const context = new AudioContext(), oscillator = context.createOscillator();
    const out = context.createMediaStreamDestination();
    oscillator.connect(out);
    oscillator.start();
    return out.stream.getAudioTracks()[0];
}

window.peer = {
    exchanges: [], errors: [], packets: { input: [], motion: [] }, control: [], events: [], refuse: undefined, current: undefined,
    hello: { type: 'hello', role: 'player', width: 640, height: 360, encoder: 'x264', codec: 'H264', clipboard: query.has('clipboard'), gamepads: 2 },
    tell(message) { this.channels.control.send(JSON.stringify(message)); },
    clear() { this.packets = { input: [], motion: [] }; this.control = []; },
    get bytes() { return this.packets.input.join(''); },
};

window.addEventListener('error', ({ message }) => peer.errors.push(message));
window.addEventListener('unhandledrejection', ({ reason }) => peer.errors.push(String(reason)));

const stream = picture(640, 360);

/** Greets until the page plays: Chromium calls a channel open before its transport takes anything, and loses what is sent. */
function greet() {
    if (!query.has('shy') && player.state === 'connecting') {
        peer.greet();
    }
}

async function answer(offer, options) {
    peer.exchanges.push(options);
    if (peer.refuse) {
        throw Object.assign(new Error(peer.refuse.message), peer.refuse);
    }
    const end = new RTCPeerConnection();
    peer.current = end;
    peer.channels = {};
    end.addEventListener('datachannel', ({ channel }) => {
        channel.binaryType = 'arraybuffer';
        peer.channels[channel.label] = channel;
        channel.addEventListener('message', ({ data }) => {
            if (channel.label === 'control') {
                peer.control.push(JSON.parse(data));
            } else {
                peer.packets[channel.label].push(hex(data));
            }
        });
        if (channel.label === 'control') {
            peer.greet = () => channel.send(JSON.stringify({ ...peer.hello, role: options.role }));
            greet();
        }
    });
    await end.setRemoteDescription({ type: 'offer', sdp: offer });
    end.addTrack(stream.getVideoTracks()[0]);
    if (query.has('sound')) {
        end.addTrack(tone());
    }
    await end.setLocalDescription();
    await new Promise((resolve) => {
        const look = () => end.iceGatheringState === 'complete' && resolve();
        end.addEventListener('icegatheringstatechange', look);
        look();
    });
    return { viewer: `viewer-${peer.exchanges.length}`, answer: end.localDescription.sdp };
}

setInterval(() => {
    if (peer.channels?.control?.readyState === 'open') {
        greet();
        peer.tell({ type: 'stats', frameRate: 60, bitrate: 4e6, encodeLatencyUsec: 4800, captured: 1, droppedFrames: 0, viewers: 1 });
    }
}, 1000);

const player = new DillingerPlayer();
for (const [name, value] of query) {
    if (name.startsWith('a-')) {
        player.setAttribute(name.slice(2), value);
    }
}
for (const type of ['playing', 'disconnected', 'error', 'stats']) {
    player.addEventListener(type, ({ detail }) => peer.events.push({ type, ...detail }));
}
if (!query.has('wait')) {
    player.connect = answer;
}
document.body.append(player);
Object.assign(window, { player, view: (selector) => player.shadowRoot.querySelector(selector) });
