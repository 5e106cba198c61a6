/**
 * What goes to the game, in bytes: little endian, several messages may follow each other in one packet. The streamer's
 * side is `agent/stream/src/input`.
 */

const KEY = 1, BUTTON = 2, POSITION = 3, MOTION = 4, WHEEL = 5, RELEASE = 6, PAD = 7;

/** The buttons of a mouse in the order of the bits of `MouseEvent.buttons`, as Linux numbers them. */
export const BUTTONS = [272, 273, 274, 275, 276];

const I16_MAX = 32767;

function whole(value, low, high) {
    return Math.max(low, Math.min(high, Math.round(value))) || 0;
}

function message(length, fill) {
    const bytes = new Uint8Array(length);
    fill(new DataView(bytes.buffer));
    return bytes;
}

function pressable(type, pressed, code) {
    return message(4, (view) => {
        view.setUint8(0, type);
        view.setUint8(1, pressed ? 1 : 0);
        view.setUint16(2, code, true);
    });
}

/** A key by its Linux code. */
export function key(pressed, code) {
    return pressable(KEY, pressed, code);
}

/** A mouse button by its Linux code. */
export function button(pressed, code) {
    return pressable(BUTTON, pressed, code);
}

function pair(type, low, high, first, second) {
    return message(6, (view) => {
        view.setUint8(0, type);
        // Two's complement of a negative one, as setInt16 would write it.
        view.setUint16(2, whole(first, low, high) & 0xffff, true);
        view.setUint16(4, whole(second, low, high) & 0xffff, true);
    });
}

/** The pointer's place in the picture, 0 to 65535 both ways. */
export function position(x, y) {
    return pair(POSITION, 0, 0xffff, x, y);
}

/** A movement of the pointer in whole pixels. */
export function motion(dx, dy) {
    return pair(MOTION, -I16_MAX, I16_MAX, dx, dy);
}

/** The wheel in 1/120 of a notch; positive is down, or right with `horizontal`. */
export function wheel(horizontal, value) {
    return message(4, (view) => {
        view.setUint8(0, WHEEL);
        view.setUint8(1, horizontal ? 1 : 0);
        view.setInt16(2, whole(value, -I16_MAX, I16_MAX), true);
    });
}

/** Lets go of all keys and buttons. */
export function release() {
    return Uint8Array.of(RELEASE, 0);
}

/**
 * The whole state of a gamepad.
 * @param {number} slot which of the game's pads
 * @param {number} buttons bit i for button i of the standard mapping
 * @param {number[]} axes left x and y, right x and y, -1 to 1
 * @param {number[]} triggers left and right, 0 to 1
 */
export function pad(slot, buttons, axes, triggers) {
    return message(16, (view) => {
        view.setUint8(0, PAD);
        view.setUint8(1, slot);
        view.setUint32(2, buttons >>> 0, true);
        for (let i = 0; i < 4; i += 1) {
            view.setInt16(6 + 2 * i, whole((axes[i] ?? 0) * I16_MAX, -I16_MAX, I16_MAX), true);
        }
        for (let i = 0; i < 2; i += 1) {
            view.setUint8(14 + i, whole((triggers[i] ?? 0) * 255, 0, 255));
        }
    });
}

/** Several messages as one packet, which keeps their order. */
export function join(...messages) {
    const packet = new Uint8Array(messages.reduce((sum, part) => sum + part.length, 0));
    let at = 0;
    for (const part of messages) {
        packet.set(part, at);
        at += part.length;
    }
    return packet;
}
