/**
 * `<dillinger-player>`: a streamed session of Dillinger Runner in a web page. README.md tells how to embed it.
 */

import { Capture } from './capture.js';
import { Clipboard } from './clipboard.js';
import { Controls } from './controls.js';
import { Gamepads } from './gamepads.js';
import { Link } from './link.js';
import { Overlay } from './overlay.js';
import { figures } from './statistics.js';
import { TEXT, card } from './strings.js';
import { leave, post } from './transport.js';
import { View } from './view.js';

const SECOND = 1000;
const CLIPBOARD = { copied: TEXT.copied, pasted: TEXT.pasted, 'too-long': TEXT.tooLong, denied: TEXT.denied };

/** Public names of what the link goes through. */
const STATES = { idle: 'idle', connecting: 'connecting', playing: 'playing', waiting: 'reconnecting', over: 'ended' };

export class DillingerPlayer extends HTMLElement {
    static observedAttributes = ['src', 'session-state', 'viewer-role', 'role', 'keyboard-layout'];

    #view = new View(this.attachShadow({ mode: 'open' }));
    #overlay = new Overlay(this.#view.statistics);
    #exchange;
    #listening = new AbortController();
    #ticker;
    #raw;
    #hello = {};
    #pictured = false;
    #streamer = {};
    #padNames = [];
    #wake;

    #link = new Link({
        wanted: () => this.#wanted(),
        changed: () => this.#changed(),
        track: (track) => this.#track(track),
        open: () => {
            this.#sendQuality();
            this.#ready();
        },
        message: (message) => this.#message(message),
        closed: (...what) => this.#closed(...what),
    });

    #clipboard = new Clipboard({
        send: (text) => this.#link.connection?.control({ type: 'clipboard', text }),
        tell: (what) => this.#view.toast(CLIPBOARD[what]),
    });

    #gamepads = new Gamepads({
        send: (packet) => this.#link.connection?.send(packet),
        changed: (names) => {
            this.#padNames = names;
            this.#showPads();
        },
    });

    #capture = new Capture(this.#view.stage, {
        allowed: () => this.#link.playing && this.#role === 'player',
        connection: () => this.#link.connection,
        picture: () => ({ width: this.#view.video.videoWidth, height: this.#view.video.videoHeight }),
        captured: (captured) => this.#controls.captured(captured),
        locked: (locked) => this.#controls.locked(locked),
        lockFailed: () => this.#view.toast(TEXT.lockFailed),
        shortcut: (name) => this.#controls.shortcut(name),
        gesture: () => this.#gesture(),
        clipboard: this.#clipboard,
    });

    #controls = new Controls(this, this.#view, this.#overlay, this.#capture, {
        again: () => this.reconnect(),
        quality: () => this.#sendQuality(),
        paste: () => this.#clipboard.read(),
    });

    /** Configuration of the connections, such as `iceServers`: RTCConfiguration. */
    rtcConfiguration = {};

    constructor() {
        super();
        for (const type of ['resize', 'loadeddata']) {
            this.#view.video.addEventListener(type, () => {
                this.#pictured ||= this.#view.video.videoWidth > 0;
                this.#ready();
            });
        }
        // Set before the element was known.
        if (Object.hasOwn(this, 'connect')) {
            const { connect } = this;
            delete this.connect;
            this.connect = connect;
        }
    }

    connectedCallback() {
        this.#listening = new AbortController();
        const { signal } = this.#listening;
        this.#capture.watch(signal);
        this.#controls.watch(signal);
        window.addEventListener('pagehide', () => this.disconnect(), { signal });
        window.addEventListener('pageshow', (event) => event.persisted && this.reconnect(), { signal });
        document.addEventListener('visibilitychange', () => this.#visible(), { signal });
        this.#view.role(this.#role);
        this.#begin();
    }

    disconnectedCallback() {
        this.disconnect();
        this.#listening.abort();
    }

    attributeChangedCallback(name, before, now) {
        if (name === 'session-state') {
            this.#link.sessionState = now ?? '';
            this.#changed();
        } else if (before !== now && this.isConnected) {
            this.#view.role(this.#role);
            if (this.#link.life.phase === 'idle') {
                this.#begin();
            } else if (name !== 'role' || !this.hasAttribute('viewer-role')) {
                this.reconnect();
            }
        }
    }

    /**
     * How an offer gets its answer, instead of `src`:
     * `async (offer, {role, name, keyboardLayout}) => ({viewer, answer})`. An error with `retry: false` is final.
     */
    get connect() {
        return this.#exchange;
    }

    set connect(exchange) {
        this.#exchange = exchange;
        this.#begin();
    }

    /** `idle`, `connecting`, `playing`, `reconnecting` or `ended`. */
    get state() {
        return STATES[this.#link.life.phase];
    }

    /** The streamer's id of this viewer, or an empty text. */
    get viewer() {
        return this.#link.connection?.viewer ?? '';
    }

    /** True while keyboard and mouse are the game's. */
    get captured() {
        return this.#capture.captured;
    }

    /** Gives keyboard and mouse to the game. */
    focus() {
        this.#view.stage.focus();
        this.#capture.take();
    }

    /** Connects anew, at once. */
    reconnect() {
        this.#link.detail = '';
        this.#link.start();
    }

    /** Leaves the session. */
    disconnect() {
        this.#link.stop('left');
    }

    get #role() {
        const role = this.getAttribute('viewer-role') ?? this.getAttribute('role');
        return this.#hello.role ?? (role === 'spectator' ? 'spectator' : 'player');
    }

    #begin() {
        if (this.isConnected && this.#link.life.phase === 'idle' && (this.#exchange || this.hasAttribute('src'))) {
            this.reconnect();
        }
    }

    #wanted() {
        this.#hello = {};
        this.#pictured = false;
        const exchange = this.#exchange ?? (this.hasAttribute('src') ? post(this.getAttribute('src')) : undefined);
        const options = {
            role: this.#role,
            name: this.getAttribute('name') ?? '',
            keyboardLayout: this.getAttribute('keyboard-layout') ?? '',
        };
        return { configuration: this.rtcConfiguration, exchange: exchange && ((offer) => exchange(offer, options)) };
    }

    #tell(type, detail) {
        this.dispatchEvent(new CustomEvent(type, { detail }));
    }

    #changed() {
        const { life } = this.#link;
        this.#view.phase(life.phase);
        const { detail, sessionState, seconds } = this.#link;
        this.#view.card(card(life, { detail, sessionState, seconds }));
        if (!this.#link.playing) {
            this.#capture.leave();
        }
    }

    #track(track) {
        const element = track.kind === 'video' ? this.#view.video : this.#view.audio;
        element.srcObject = new MediaStream([track]);
        element.play().catch(() => {
            if (track.kind === 'audio' && !element.muted) {
                this.#controls.soundBlocked(true);
            }
        });
    }

    /** A picture is there, or the way back, which may take longer: it is played when both are, so that no key is lost. */
    #ready() {
        const { video } = this.#view;
        const { life, connection } = this.#link;
        if (life.phase !== 'connecting' || !this.#pictured || !connection?.writable || !this.#hello.type) {
            return;
        }
        this.#link.shown();
        this.#view.announce(this.#role === 'player' ? TEXT.player_ : TEXT.spectator);
        this.#tick();
        this.#visible();
        const { width = video.videoWidth, height = video.videoHeight, encoder, codec } = this.#hello;
        this.#tell('playing', { viewer: this.viewer, role: this.#role, width, height, encoder, codec });
        if (this.hasAttribute('autofocus') && document.hasFocus()) {
            this.#capture.take();
        }
    }

    #message(message) {
        if (message.type === 'hello') {
            this.#hello = message;
            this.#view.role(this.#role);
            this.#clipboard.enabled = message.clipboard === true && this.#role === 'player';
            this.#view.paste.hidden = !this.#clipboard.enabled || !navigator.clipboard?.readText;
            this.#gamepads.start(this.#role === 'player' ? Number(message.gamepads) || 0 : 0);
            this.#showPads();
            this.#ready();
        } else if (message.type === 'stats') {
            this.#streamer = message;
        } else if (message.type === 'clipboard') {
            this.#clipboard.copied(message.text);
        } else if (message.type === 'rumble') {
            this.#gamepads.rumble(message);
        }
    }

    #closed(viewer, { name, message }, willRetry) {
        clearTimeout(this.#ticker);
        this.#raw = undefined;
        this.#streamer = {};
        this.#overlay.clear();
        this.#gamepads.stop();
        this.#clipboard.enabled = false;
        this.#wake?.release().catch(() => {});
        this.#wake = undefined;
        if (viewer && !this.#exchange && this.hasAttribute('src')) {
            leave(this.getAttribute('src'), viewer);
        }
        if (name && !['left', 'ended', 'disconnected'].includes(name)) {
            this.#tell('error', { name, message });
        }
        this.#tell('disconnected', { viewer, reason: name || 'left', message, willRetry });
    }

    /** Once a second: what the browser and the streamer know, for the page and for the overlay. */
    async #tick() {
        clearTimeout(this.#ticker);
        const { connection } = this.#link;
        if (!connection || !this.#link.playing) {
            return;
        }
        this.#ticker = setTimeout(() => this.#tick(), SECOND);
        const report = await connection.statistics().catch(() => undefined);
        if (!report || connection !== this.#link.connection) {
            return;
        }
        const { raw, ...now } = figures(report, this.#raw);
        this.#raw = raw;
        const { encodeLatencyUsec, viewers, droppedFrames, captured } = this.#streamer;
        const all = {
            ...now, encodeLatencyUsec, viewers, streamerDroppedFrames: droppedFrames, captured,
            codec: now.codec || this.#hello.codec || '', encoder: this.#hello.encoder ?? '',
        };
        this.#overlay.push(all);
        this.#tell('stats', all);
    }

    #sendQuality() {
        const { maxBitrate, maxFrameRate } = this.#controls.quality;
        if (maxBitrate || maxFrameRate || this.#link.playing) {
            this.#link.connection?.control({ type: 'quality', maxBitrate, maxFrameRate });
        }
    }

    #gesture() {
        this.#clipboard.retry();
        this.#controls.gesture();
    }

    #showPads() {
        const names = this.#padNames.length ? this.#padNames.join(', ') : TEXT.gamepadsNone;
        const said = this.#hello.gamepads ? names : TEXT.gamepadsOff;
        this.#view.pads.textContent = `${TEXT.gamepads}: ${Gamepads.supported ? said : TEXT.gamepadsInsecure}`;
    }

    /** A screen that goes dark in the middle of a game helps nobody; a pad in a hidden page must not steer. */
    async #visible() {
        if (document.hidden) {
            this.#gamepads.release();
        } else if (this.#link.playing && this.#role === 'player') {
            this.#wake = await navigator.wakeLock?.request('screen').catch(() => undefined);
        }
    }
}

customElements.define('dillinger-player', DillingerPlayer);
