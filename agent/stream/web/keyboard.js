/** The keyboard while it belongs to the game. */

import { EVDEV } from './keys.js';
import * as messages from './messages.js';

const CONTROL = ['ControlLeft', 'ControlRight'], ALT = ['AltLeft', 'AltRight'], SHIFT = ['ShiftLeft', 'ShiftRight'];
const META = ['MetaLeft', 'MetaRight', 'OSLeft', 'OSRight'];
const CHORD = new Set([...CONTROL, ...ALT, ...SHIFT]);

/** Keys that mean something to the player when they are pressed with Control, Alt and Shift. */
const SHORTCUTS = new Map([['KeyM', 'lock'], ['KeyF', 'fullscreen'], ['KeyS', 'statistics']]);

/**
 * Sends keys, remembers which are held, and knows the ways out: Control+Alt+Shift pressed and let go alone leaves the
 * game (`shortcut('leave')`), with M, F or S they are the player's shortcuts.
 */
export class Keyboard {
    #held = new Map();
    #armed = false;
    #send;
    #shortcut;
    #mac;

    /**
     * @param {object} options
     * @param {(packet: Uint8Array) => void} options.send
     * @param {(name: 'leave'|'lock'|'fullscreen'|'statistics') => void} options.shortcut
     * @param {boolean} [options.mac] a Mac, whose browsers do not tell all releases
     */
    constructor({ send, shortcut, mac = false }) {
        this.#send = send;
        this.#shortcut = shortcut;
        this.#mac = mac;
    }

    /** True while a key that makes browsers close a page is held. */
    get control() {
        return [...CONTROL, ...META].some((code) => this.#held.has(code));
    }

    /** @param {KeyboardEvent} event @returns {boolean} the key is the game's */
    down(event) {
        const { code } = event;
        const number = EVDEV.get(code);
        if (number === undefined) {
            return false;
        }
        if (event.repeat || this.#held.has(code)) {
            return true;
        }
        const shortcut = this.#chord() ? SHORTCUTS.get(code) : undefined;
        if (shortcut) {
            this.release();
            this.#shortcut(shortcut);
            return true;
        }
        if (this.#mac && code === 'CapsLock') {
            // A Mac tells one edge for each press of this key.
            this.#send(messages.join(messages.key(true, number), messages.key(false, number)));
            return true;
        }
        if (event.key === 'AltGraph' && this.#held.has('ControlLeft')) {
            // Windows presses the left Control key with AltGr, which nobody has touched.
            this.#up('ControlLeft');
        }
        this.#held.set(code, { number, graph: event.key === 'AltGraph' });
        this.#armed = CHORD.has(code) && this.#chord() && [...this.#held.keys()].every((held) => CHORD.has(held));
        this.#send(messages.key(true, number));
        return true;
    }

    /** @param {KeyboardEvent} event @returns {boolean} the key is the game's */
    up(event) {
        const { code } = event;
        if (!EVDEV.has(code)) {
            return false;
        }
        if (this.#armed && CHORD.has(code)) {
            this.release();
            this.#shortcut('leave');
            return true;
        }
        this.#up(code);
        if (this.#mac && META.includes(code)) {
            // A Mac does not tell that other keys are let go while this one is held.
            [...this.#held.keys()].filter((held) => !CHORD.has(held)).forEach((held) => this.#up(held));
        }
        return true;
    }

    /** A key that is pressed and let go at once. */
    tap(code) {
        const number = EVDEV.get(code);
        this.#send(messages.join(messages.key(true, number), messages.key(false, number)));
    }

    /** Lets go of all keys. Mouse buttons go with them. */
    release() {
        this.#held.clear();
        this.#armed = false;
        this.#send(messages.release());
    }

    #up(code) {
        const held = this.#held.get(code);
        if (held) {
            this.#held.delete(code);
            this.#send(messages.key(false, held.number));
        }
    }

    #chord() {
        const down = (codes) => codes.some((code) => this.#held.has(code) && !this.#held.get(code).graph);
        return down(CONTROL) && down(ALT) && down(SHIFT);
    }
}
