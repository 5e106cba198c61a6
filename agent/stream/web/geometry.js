/** Where the picture is, and what a place of the page is in it. */

/**
 * Where a picture lies in a box that it fills as far as its shape allows (`object-fit: contain`).
 * @param {{width: number, height: number}} box
 * @param {{width: number, height: number}} picture
 */
export function fit(box, picture) {
    if (!(picture.width > 0 && picture.height > 0 && box.width > 0 && box.height > 0)) {
        return { left: 0, top: 0, width: box.width, height: box.height };
    }
    const scale = Math.min(box.width / picture.width, box.height / picture.height);
    const width = picture.width * scale, height = picture.height * scale;
    return { left: (box.width - width) / 2, top: (box.height - height) / 2, width, height };
}

/** A place of the box in the picture, 0 to 65535 both ways; what lies beside it is its nearest edge. */
export function place(x, y, rect) {
    const part = (at, start, length) => Math.max(0, Math.min(1, length > 0 ? (at - start) / length : 0));
    return [
        Math.round(part(x, rect.left, rect.width) * 0xffff),
        Math.round(part(y, rect.top, rect.height) * 0xffff),
    ];
}

/** `WheelEvent.deltaMode`, and what one of its units is in 1/120 of a notch. */
const UNITS = [1.2, 40, 120];

/**
 * A turn of the wheel in 1/120 of a notch, positive down or right.
 * @param {number} delta `deltaX` or `deltaY`
 * @param {number} mode `deltaMode`
 * @param {number} [legacy] `wheelDeltaX` or `wheelDeltaY`: whole notches of a mouse, where the browser knows them,
 *     while the pixels of a notch differ from system to system. Three times the pixels is what it says of a touchpad
 */
export function notches(delta, mode, legacy) {
    if (mode === 0 && legacy && legacy % 120 === 0 && legacy !== -3 * delta) {
        return -legacy;
    }
    return delta * (UNITS[mode] ?? 1);
}

/** Adds up fractions so that none is lost: gives whole numbers and keeps the rest. */
export class Remainder {
    #rest = 0;

    take(value) {
        const sum = this.#rest + value, whole = Math.trunc(sum);
        this.#rest = sum - whole;
        return whole;
    }

    clear() {
        this.#rest = 0;
    }
}
