/** When keyboard and mouse are the game's, and how they come back. */

import { Keyboard } from './keyboard.js';
import { Pointer } from './pointer.js';

const MAC = /mac|iphone|ipad/i.test(navigator.userAgentData?.platform ?? navigator.platform ?? '');
/** Milliseconds that a pasted text is ahead of the key that pastes it in the game: they go by different channels. */
const PASTE_LEAD = 30;

function pastes(event) {
    const command = MAC ? event.metaKey : event.ctrlKey;
    return (event.code === 'KeyV' && command && !event.altKey) || (event.code === 'Insert' && event.shiftKey);
}

export class Capture {
    #stage;
    #on;
    #keyboard;
    #pointer;
    #captured = false;
    #wantsLock = false;
    #wasLocked = false;
    #unlocking = false;
    #pasting;
    #parting = false;

    /**
     * @param {HTMLElement} stage
     * @param {object} on
     * @param {() => boolean} on.allowed a player is connected
     * @param {() => {send: Function, sendMotion: Function, backlog: number}|undefined} on.connection
     * @param {() => {width: number, height: number}} on.picture
     * @param {(captured: boolean) => void} on.captured
     * @param {(locked: boolean) => void} on.locked
     * @param {() => void} on.lockFailed
     * @param {(name: string) => void} on.shortcut `fullscreen` or `statistics`
     * @param {() => void} on.gesture the user has done something
     * @param {import('./clipboard.js').Clipboard} on.clipboard
     */
    constructor(stage, on) {
        this.#stage = stage;
        this.#on = on;
        this.#keyboard = new Keyboard({
            send: (packet) => this.#on.connection()?.send(packet),
            shortcut: (name) => this.#shortcut(name),
            mac: MAC,
        });
        this.#pointer = new Pointer(stage, {
            picture: on.picture,
            send: (packet) => this.#on.connection()?.send(packet),
            sendMotion: (packet) => this.#on.connection()?.sendMotion(packet),
            backlog: () => this.#on.connection()?.backlog ?? 0,
            active: (event) => this.#wants(event),
        });
        stage.addEventListener('keydown', (event) => this.#keyDown(event));
        stage.addEventListener('keyup', (event) => this.#keyUp(event));
        stage.addEventListener('paste', (event) => this.#pasted(event));
        stage.addEventListener('blur', () => this.#leave());
    }

    /** Watches the page; `signal` ends that. */
    watch(signal) {
        const root = this.#stage.getRootNode();
        document.addEventListener('visibilitychange', () => document.hidden && this.#leave(), { signal });
        window.addEventListener('blur', () => this.#leave(), { signal });
        window.addEventListener('pagehide', () => this.#leave(), { signal });
        window.addEventListener('beforeunload', (event) => this.#stay(event), { signal });
        document.addEventListener('pointerlockchange', () => this.#lockChanged(), { signal });
        document.addEventListener('fullscreenchange', () => this.#lockKeys(root), { signal });
    }

    get captured() {
        return this.#captured;
    }

    /** True while the mouse is locked. */
    get locked() {
        return this.#pointer.locked;
    }

    /** Gives keyboard and mouse to the game. */
    take() {
        if (this.#on.allowed()) {
            this.#stage.focus({ preventScroll: true });
            this.#set(true);
        }
    }

    /** Takes them back. */
    leave() {
        this.#leave();
        this.#unlock();
    }

    /** Locks the mouse, or frees it. */
    async toggleLock() {
        if (this.locked) {
            this.#wantsLock = false;
            this.#unlock();
            return;
        }
        if (this.#on.allowed()) {
            this.#wantsLock = true;
            this.take();
            await this.#lock();
        }
    }

    async #lock() {
        this.#unlocking = false;
        try {
            // As the mouse moves, not as a desktop accelerates it; where the system cannot, as it can.
            await this.#stage.requestPointerLock({ unadjustedMovement: true });
        } catch (error) {
            if (error?.name !== 'NotSupportedError') {
                this.#lockFailed();
                return;
            }
            try {
                await this.#stage.requestPointerLock();
            } catch {
                this.#lockFailed();
            }
        }
    }

    #lockFailed() {
        this.#wantsLock = false;
        this.#on.lockFailed();
    }

    #unlock() {
        if (this.locked) {
            this.#unlocking = true;
            document.exitPointerLock();
        }
    }

    /** Told with the browser's next frame: the lock may have gone again by then, or be told twice. */
    #lockChanged() {
        const locked = this.locked;
        if (locked === this.#wasLocked) {
            return;
        }
        this.#wasLocked = locked;
        if (!locked && !this.#unlocking && this.#captured && document.hasFocus()) {
            // The browser took Escape for itself, which the player has meant for the game.
            this.#keyboard.tap('Escape');
        }
        this.#on.locked(locked);
    }

    /** In full screen the game gets the system's keys too, where the browser can. */
    #lockKeys(root) {
        const full = root.host && root.host.getRootNode().fullscreenElement === root.host;
        if (full) {
            navigator.keyboard?.lock?.().catch(() => {});
        } else {
            navigator.keyboard?.unlock?.();
        }
    }

    #set(captured) {
        if (captured !== this.#captured) {
            this.#captured = captured;
            this.#on.captured(captured);
        }
    }

    /** @param {boolean} released the keyboard has let go of everything itself */
    #leave(released = false) {
        if (this.#captured) {
            clearTimeout(this.#pasting?.timer);
            this.#pasting = undefined;
            if (!released) {
                this.#keyboard.release();
            }
            this.#pointer.forget();
            this.#set(false);
        }
    }

    #shortcut(name) {
        this.#pointer.forget();
        if (name === 'leave') {
            this.#wantsLock = false;
            this.#parting = true;
            this.#leave(true);
            this.#unlock();
        } else if (name === 'lock') {
            this.toggleLock();
        } else {
            this.#on.shortcut(name);
        }
    }

    /** A click plays; only movements need no click, as over a window without focus. */
    #wants(event) {
        if (!this.#on.allowed()) {
            return false;
        }
        if (event.type === 'pointerdown') {
            this.#on.gesture();
            const first = !this.#captured;
            this.take();
            if (this.#wantsLock && !this.locked && event.pointerType === 'mouse') {
                this.#lock();
                return !first;
            }
        }
        return this.#captured || event.type === 'pointermove' || event.type === 'pointerrawupdate';
    }

    #keyDown(event) {
        if (!this.#on.allowed()) {
            return;
        }
        this.#parting = false;
        if (!this.#captured) {
            if (event.code === 'Enter' || event.code === 'NumpadEnter') {
                event.preventDefault();
                this.#on.gesture();
                this.take();
            }
            return;
        }
        this.#on.gesture();
        event.stopPropagation();
        if (this.#on.clipboard.enabled && pastes(event) && !event.repeat) {
            // Left to the browser, which then hands out the text without asking for permission.
            this.#flush();
            this.#pasting = { event, timer: setTimeout(() => this.#flush(), PASTE_LEAD) };
            return;
        }
        if (this.#keyboard.down(event)) {
            event.preventDefault();
        }
    }

    #keyUp(event) {
        if (this.#captured) {
            this.#flush();
            event.stopPropagation();
            if (this.#keyboard.up(event)) {
                event.preventDefault();
            }
        } else if (this.#parting) {
            // The rest of the chord that has left the game: Alt alone would open the browser's menu.
            event.preventDefault();
            this.#parting = event.ctrlKey || event.altKey || event.shiftKey;
        }
    }

    #flush() {
        const pasting = this.#pasting;
        this.#pasting = undefined;
        if (pasting) {
            clearTimeout(pasting.timer);
            this.#keyboard.down(pasting.event);
        }
    }

    #pasted(event) {
        if (this.#captured) {
            event.preventDefault();
            this.#on.clipboard.paste(event.clipboardData?.getData('text/plain') ?? '');
        }
    }

    /** Control+W closes a page and makes many a hero crouch and walk. */
    #stay(event) {
        if (this.#captured && this.#keyboard.control) {
            event.preventDefault();
        }
    }
}
