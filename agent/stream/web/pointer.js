/** The mouse, the wheel and fingers while they are on the picture. */

import { Remainder, fit, notches, place } from './geometry.js';
import * as messages from './messages.js';

/** Mice report up to a thousand times a second; the game draws at most a quarter as often. Milliseconds. */
const INTERVAL = 4;
/** Bytes waiting in the browser at which movements are added up instead of sent. */
const BACKLOG = 4096;

/** The newest place, or the sum of movements, not yet sent. */
class Pending {
    #place;
    #dx = new Remainder();
    #dy = new Remainder();
    #sum = [0, 0];

    place(x, y) {
        this.#place = [x, y];
    }

    move(dx, dy) {
        this.#sum[0] += dx;
        this.#sum[1] += dy;
    }

    /** The message for it, if anything has changed. */
    take() {
        const parts = [];
        if (this.#place) {
            parts.push(messages.position(...this.#place));
            this.#place = undefined;
        }
        const dx = this.#dx.take(this.#sum[0]), dy = this.#dy.take(this.#sum[1]);
        this.#sum = [0, 0];
        if (dx || dy) {
            parts.push(messages.motion(dx, dy));
        }
        return parts;
    }
}

/**
 * Sends movements, buttons and turns of the wheel. While the pointer is locked movements are relative.
 */
export class Pointer {
    #stage;
    #picture;
    #send;
    #sendMotion;
    #backlog;
    #active;
    #pending = new Pending();
    #buttons = 0;
    #sent = 0;
    #timer;
    #finger;
    #wheel = [new Remainder(), new Remainder()];

    /**
     * @param {HTMLElement} stage what the pointer is watched on
     * @param {object} options
     * @param {() => {width: number, height: number}} options.picture the size of the picture in its own pixels
     * @param {(packet: Uint8Array) => void} options.send in order
     * @param {(packet: Uint8Array) => void} options.sendMotion as fast as possible, may be lost
     * @param {() => number} options.backlog bytes of movements that wait
     * @param {(event: Event) => boolean} options.active the game wants the event
     */
    constructor(stage, { picture, send, sendMotion, backlog, active }) {
        this.#stage = stage;
        this.#picture = picture;
        this.#send = send;
        this.#sendMotion = sendMotion;
        this.#backlog = backlog;
        this.#active = active;
        const on = (types, handler) => {
            for (const type of types) {
                stage.addEventListener(type, (event) => active(event) && handler.call(this, event), { passive: false });
            }
        };
        // Without it the browser holds movements back until its next frame. Only in secure contexts.
        const move = 'onpointerrawupdate' in stage ? 'pointerrawupdate' : 'pointermove';
        on([move], this.#moved);
        // A second button while one is held is told as a movement.
        on(['pointerdown', 'pointerup', 'pointermove', 'pointercancel'], this.#pressed);
        on(['wheel'], this.#turned);
        on(['mousedown', 'mouseup', 'auxclick'], (event) => event.preventDefault());
        stage.addEventListener('contextmenu', (event) => event.preventDefault());
    }

    /** True while the pointer is the game's alone. */
    get locked() {
        const root = this.#stage.getRootNode();
        return root.pointerLockElement === this.#stage;
    }

    /** Forgets what is held; the streamer is told by the keyboard's release. */
    forget() {
        this.#buttons = 0;
        this.#finger = undefined;
        this.#wheel.forEach((rest) => rest.clear());
    }

    #at(event) {
        const box = this.#stage.getBoundingClientRect();
        return place(event.clientX - box.left, event.clientY - box.top, fit(box, this.#picture()));
    }

    #note(event) {
        if (!this.locked) {
            this.#pending.place(...this.#at(event));
        } else if (event.pointerType === 'mouse') {
            this.#pending.move(event.movementX, event.movementY);
        }
    }

    #moved(event) {
        if (this.#foreign(event)) {
            return;
        }
        this.#note(event);
        this.#flushSoon();
    }

    #flushSoon() {
        if (this.#timer !== undefined) {
            return;
        }
        const wait = this.#sent + INTERVAL - performance.now();
        if (wait > 0 || this.#backlog() > BACKLOG) {
            this.#timer = setTimeout(() => {
                this.#timer = undefined;
                this.#flushSoon();
            }, Math.max(wait, 1));
            return;
        }
        const parts = this.#pending.take();
        if (parts.length) {
            this.#sent = performance.now();
            this.#sendMotion(messages.join(...parts));
        }
    }

    /** A second finger, which steers nothing. */
    #foreign(event) {
        return event.pointerType === 'touch' && this.#finger !== undefined && event.pointerId !== this.#finger;
    }

    #pressed(event) {
        if (this.#foreign(event)) {
            return;
        }
        if (event.type === 'pointerdown') {
            this.#finger = event.pointerType === 'touch' ? event.pointerId : undefined;
            if (!this.locked) {
                this.#capture(event.pointerId);
            }
        }
        const held = event.type === 'pointercancel' ? 0 : event.buttons & 0b11111;
        if (held !== this.#buttons) {
            this.#change(event, held);
        }
        if (event.type === 'pointerup' || event.type === 'pointercancel') {
            this.#finger = undefined;
        }
    }

    /** Where the pointer is goes ahead in the same packet: a click hits what the player has aimed at. */
    #change(event, held) {
        if (!this.locked) {
            this.#note(event);
        }
        const parts = this.#pending.take();
        messages.BUTTONS.forEach((code, bit) => {
            if (((held ^ this.#buttons) >> bit) & 1) {
                parts.push(messages.button((held >> bit) & 1, code));
            }
        });
        this.#buttons = held;
        this.#send(messages.join(...parts));
    }

    #capture(id) {
        try {
            this.#stage.setPointerCapture(id);
        } catch {
            // The pointer has gone in between.
        }
    }

    #turned(event) {
        event.preventDefault();
        // Asked for first: Firefox then tells lines, as the system has them set, instead of pixels.
        const mode = event.deltaMode;
        const y = this.#wheel[0].take(notches(event.deltaY, mode, event.wheelDeltaY));
        const x = this.#wheel[1].take(notches(event.deltaX, mode, event.wheelDeltaX));
        const parts = [];
        if (y) {
            parts.push(messages.wheel(false, y));
        }
        if (x) {
            parts.push(messages.wheel(true, x));
        }
        if (parts.length) {
            this.#send(messages.join(...parts));
        }
    }
}
