/** Gamepads: read once per frame while there are any, sent when they change; rumble comes back. */

import * as messages from './messages.js';

/** Where the standard mapping has its triggers. */
const TRIGGERS = [6, 7];
/** No game needs to rumble longer without saying so again. Milliseconds. */
const RUMBLE_MAX = 5000;

/** The whole state of a pad as a message. */
export function encode(pad, slot) {
    let buttons = 0;
    pad.buttons.slice(0, 32).forEach((button, bit) => {
        buttons |= button.pressed ? 1 << bit : 0;
    });
    return messages.pad(slot, buttons, pad.axes, TRIGGERS.map((index) => pad.buttons[index]?.value ?? 0));
}

function same(a, b) {
    return a !== undefined && a.every((byte, index) => byte === b[index]);
}

/** Which of the game's pads each of the browser's is, and what was last said about it. */
export class Slots {
    #slots = [];

    /** @param {number} count how many the game has */
    resize(count) {
        this.#slots = Array.from({ length: count }, (_, slot) => this.#slots[slot] ?? {});
    }

    /** The messages that tell what has changed. @param {Array<Gamepad|null>} pads */
    changes(pads) {
        const packets = [];
        const there = pads.filter((pad) => pad?.connected);
        this.#slots.forEach((slot, number) => {
            if (slot.index !== undefined && !there.some((pad) => pad.index === slot.index)) {
                slot.index = undefined;
                packets.push(...this.#rest(slot, number));
            }
        });
        for (const pad of there) {
            const number = this.#number(pad.index);
            if (number >= 0) {
                const slot = this.#slots[number], state = encode(pad, number);
                if (!same(slot.sent, state)) {
                    slot.sent = state;
                    packets.push(state);
                }
            }
        }
        return packets;
    }

    /** The messages that let go of everything. */
    release() {
        return this.#slots.flatMap((slot, number) => this.#rest(slot, number));
    }

    /** The browser's number of a pad of the game. */
    index(number) {
        return this.#slots[number]?.index;
    }

    #rest(slot, number) {
        const state = messages.pad(number, 0, [], []);
        const moved = slot.sent && !same(slot.sent, state);
        slot.sent = undefined;
        return moved ? [state] : [];
    }

    #number(index) {
        const known = this.#slots.findIndex((slot) => slot.index === index);
        const number = known >= 0 ? known : this.#slots.findIndex((slot) => slot.index === undefined);
        if (number >= 0) {
            this.#slots[number].index = index;
        }
        return number;
    }
}

/** The browser's gamepads, for as long as the game wants them. */
export class Gamepads {
    #slots = new Slots();
    #send;
    #changed;
    #frame;
    #listening = new AbortController();
    #wanted = false;

    /**
     * @param {object} options
     * @param {(packet: Uint8Array) => void} options.send
     * @param {(names: string[]) => void} options.changed which pads there are
     */
    constructor({ send, changed }) {
        this.#send = send;
        this.#changed = changed;
    }

    /** True where the browser lets pages read gamepads: in secure contexts. */
    static get supported() {
        return typeof navigator.getGamepads === 'function' && window.isSecureContext;
    }

    /** @param {number} count how many pads the game has; 0 reads none */
    start(count) {
        this.#slots.resize(count);
        this.#wanted = count > 0;
        if (!Gamepads.supported || !this.#wanted) {
            return;
        }
        this.#listening.abort();
        this.#listening = new AbortController();
        const { signal } = this.#listening;
        window.addEventListener('gamepadconnected', () => this.#look(), { signal });
        window.addEventListener('gamepaddisconnected', () => this.#look(), { signal });
        this.#look();
    }

    /** Lets go of everything and reads no more. */
    stop() {
        this.#wanted = false;
        this.#listening.abort();
        cancelAnimationFrame(this.#frame);
        this.#frame = undefined;
        this.release();
    }

    /** Lets go of everything; the next frame tells what is held then. */
    release() {
        this.#slots.release().forEach((packet) => this.#send(packet));
    }

    /** @param {{pad: number, strong: number, weak: number, durationMs: number}} effect */
    async rumble({ pad: number, strong, weak, durationMs }) {
        const pad = navigator.getGamepads?.()[this.#slots.index(number)];
        const duration = Math.max(0, Math.min(RUMBLE_MAX, Number(durationMs) || 0));
        const [strongMagnitude, weakMagnitude] = [strong, weak].map((part) => Math.max(0, Math.min(1, Number(part) || 0)));
        try {
            const actuator = pad?.vibrationActuator;
            if (actuator?.playEffect) {
                await actuator.playEffect('dual-rumble', { startDelay: 0, duration, strongMagnitude, weakMagnitude });
            } else {
                await pad?.hapticActuators?.[0]?.pulse(Math.max(strongMagnitude, weakMagnitude), duration);
            }
        } catch {
            // A pad that cannot rumble plays as well.
        }
    }

    #look() {
        const pads = this.#pads();
        this.#changed(pads.map((pad) => pad.id));
        this.#poll();
    }

    #pads() {
        return Array.from(navigator.getGamepads()).filter((pad) => pad?.connected);
    }

    #poll() {
        cancelAnimationFrame(this.#frame);
        this.#frame = undefined;
        if (!this.#wanted) {
            return;
        }
        const pads = this.#pads();
        this.#slots.changes(pads).forEach((packet) => this.#send(packet));
        if (pads.length) {
            this.#frame = requestAnimationFrame(() => this.#poll());
        }
    }
}
