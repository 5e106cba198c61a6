/** The statistics over the picture. */

import { draw } from './plot.js';
import { History, bits, latency } from './statistics.js';
import { make } from './view.js';

const LOOK = { grid: 'rgb(255 255 255 / 14%)', text: '#9aa5b8' };
const PLOTS = [
    { name: 'Frames a second', field: 'frameRate', least: 60, colour: '#7ba7ff', unit: (value) => String(Math.round(value)) },
    { name: 'Bit rate', field: 'bitrate', least: 1e6, colour: '#5fd3a8', unit: bits },
    { name: 'Round trip', field: 'roundTripMs', least: 20, colour: '#f2b866', unit: (value) => `${Math.round(value)} ms` },
];

const ms = (value) => (Number.isFinite(value) ? `${value.toFixed(1)} ms` : '–');
const percent = (part) => `${(part * 100).toFixed(part < 0.1 ? 1 : 0)} %`;

/** Names and values of the table. */
function rows(now) {
    const encoder = [now.encoder, ms(now.encodeLatencyUsec / 1000)].filter((text) => text && text !== '–').join(', ');
    return [
        ['Picture', now.width ? `${now.width}×${now.height}` : '–'],
        ['Encoder', encoder || '–'],
        ['Codec', [now.codec, now.decoder].filter(Boolean).join(', ') || '–'],
        ['Latency, about', ms(latency(now))],
        ['Jitter buffer', ms(now.jitterBufferMs)],
        ['Decoding', ms(now.decodeMs)],
        ['Lost', `${percent(now.loss)} (${now.packetsLost})`],
        ['Dropped here', String(now.framesDropped)],
        ['Sound', bits(now.audioBitrate)],
        ['Viewers', now.viewers === undefined ? '–' : String(now.viewers)],
        ['Route', now.relayed ? 'relayed' : 'direct'],
    ];
}

export class Overlay {
    #box;
    #histories = PLOTS.map(() => new History());
    #values = [];
    #figures = [];
    #last;

    /** @param {HTMLElement} box */
    constructor(box) {
        this.#box = box;
    }

    get open() {
        return !this.#box.hidden;
    }

    set open(open) {
        this.#box.hidden = !open;
        if (open && !this.#values.length) {
            this.#build();
        }
        this.#show();
    }

    /** Takes the figures of another second. */
    push(now) {
        this.#last = now;
        PLOTS.forEach(({ field }, index) => this.#histories[index].push(now[field]));
        this.#show();
    }

    /** Forgets the past: another connection. */
    clear() {
        this.#histories.forEach((history) => history.clear());
        this.#last = undefined;
        this.#show();
    }

    #build() {
        const list = make('dl');
        this.#values = rows({ loss: 0, packetsLost: 0 }).map(([term]) => {
            const value = make('dd');
            list.append(make('dt', {}, term), value);
            return value;
        });
        this.#figures = PLOTS.map(({ name }) => {
            const value = make('b'), canvas = make('canvas', { 'aria-hidden': 'true' });
            this.#box.append(make('figure', {}, make('figcaption', {}, make('span', {}, name), value), canvas));
            return { value, canvas };
        });
        this.#box.prepend(list);
    }

    #show() {
        if (!this.open) {
            return;
        }
        const texts = this.#last ? rows(this.#last).map(([, text]) => text) : [];
        this.#values.forEach((value, index) => { value.textContent = texts[index] ?? '–'; });
        PLOTS.forEach((plot, index) => {
            const { value, canvas } = this.#figures[index], now = this.#last?.[plot.field];
            value.textContent = Number.isFinite(now) ? plot.unit(now) : '–';
            draw(canvas, this.#histories[index].values, { ...LOOK, ...plot });
        });
    }
}
