/** The player's elements: made here, filled here, and nothing known of connections. */

import { LAYOUTS } from './keys.js';
import { ICONS, STYLE } from './style.js';
import { SHORTCUTS, TEXT } from './strings.js';

const SVG = 'http://www.w3.org/2000/svg';
/** Milliseconds that a short message stays. */
const TOAST = 4000;

/** Bits per second that a viewer may ask for, and frames per second; 0 is automatic. */
const BITRATES = [0, 1e6, 2e6, 5e6, 10e6, 20e6, 40e6], FRAME_RATES = [0, 15, 30, 60, 120];

/** An element with attributes (`true` is an empty one, false and undefined none) and children. */
export function make(tag, attributes = {}, ...children) {
    const element = document.createElement(tag);
    for (const [name, value] of Object.entries(attributes)) {
        if (value !== false && value !== undefined) {
            element.setAttribute(name, value === true ? '' : value);
        }
    }
    element.append(...children);
    return element;
}

function icon(name) {
    const svg = document.createElementNS(SVG, 'svg'), path = document.createElementNS(SVG, 'path');
    svg.setAttribute('viewBox', '0 0 24 24');
    svg.setAttribute('aria-hidden', 'true');
    path.setAttribute('d', ICONS[name]);
    svg.append(path);
    return svg;
}

/** A button of the bar: an icon, and a label where there is room. */
function tool(part, shape, label, attributes = {}) {
    const text = make('span', { class: 'label' }, label);
    return make('button', { type: 'button', part, 'aria-label': label, title: label, ...attributes }, icon(shape), text);
}

function choice(label, options) {
    const select = make('select', {}, ...options.map(([value, text]) => make('option', { value }, text)));
    return [make('label', {}, label, select), select];
}

function terms(pairs) {
    return make('dl', {}, ...pairs.flatMap(([term, text]) => [make('dt', {}, make('kbd', {}, term)), make('dd', {}, text)]));
}

export class View {
    #toastTimer;

    /** @param {ShadowRoot} shadow */
    constructor(shadow) {
        const sheet = new CSSStyleSheet();
        sheet.replaceSync(STYLE);
        shadow.adoptedStyleSheets = [sheet];
        this.#screen();
        this.#bar();
        this.#panel();
        this.live = make('div', { class: 'live', role: 'status', 'aria-live': 'polite' });
        this.screen.append(this.panel, this.live);
        this.root = make('div', { class: 'root', role: 'group', 'aria-label': TEXT.player }, this.screen, this.bar);
        shadow.append(this.root, this.audio);
    }

    #screen() {
        this.video = make('video', { autoplay: true, playsinline: true, disablepictureinpicture: true, tabindex: '-1' });
        // A muted picture starts without a click; the sound has an element of its own.
        this.video.muted = true;
        this.audio = make('audio', { autoplay: true });
        this.stage = make('div', { class: 'stage', part: 'stage', tabindex: '0', role: 'application', 'aria-label': TEXT.stage }, this.video);
        this.statistics = make('div', { class: 'statistics', part: 'statistics', hidden: true });
        this.toastBox = make('div', { class: 'toast', 'aria-hidden': 'true' });
        this.handle = make('button', { type: 'button', class: 'handle', 'aria-label': TEXT.showControls, hidden: true }, icon('more'));
        this.spinner = make('div', { class: 'spinner' });
        this.title = make('h2');
        this.text = make('p');
        this.action = make('button', { type: 'button', class: 'primary' });
        this.cardBox = make('div', { class: 'card', part: 'card', hidden: true }, this.spinner, this.title, this.text, this.action);
        this.screen = make('div', { class: 'screen' }, this.stage, this.statistics, this.toastBox, this.cardBox, this.handle);
    }

    #bar() {
        this.who = make('span');
        this.play = tool('play', 'play', TEXT.play);
        this.lock = tool('lock', 'lock', TEXT.lock, { 'aria-pressed': 'false' });
        this.mute = tool('mute', 'sound', TEXT.mute, { 'aria-pressed': 'false' });
        this.volume = make('input', { type: 'range', min: '0', max: '1', step: '0.05', 'aria-label': TEXT.volume });
        this.settings = tool('settings', 'settings', TEXT.settings, { 'aria-expanded': 'false' });
        this.figures = tool('figures', 'statistics', TEXT.statistics, { 'aria-pressed': 'false' });
        this.fullscreen = tool('fullscreen', 'fullscreen', TEXT.fullscreen, { 'aria-pressed': 'false' });
        const who = make('div', { class: 'who' }, make('span', { class: 'dot' }), this.who);
        this.bar = make('div', { class: 'bar', part: 'bar', role: 'toolbar', 'aria-label': TEXT.controls }, who, this.play,
            this.lock, this.mute, this.volume, this.settings, this.figures, this.fullscreen);
    }

    #panel() {
        const rate = (bits) => [String(bits), bits ? `${bits / 1e6} Mbit/s` : TEXT.automatic];
        const frames = (rate) => [String(rate), rate ? String(rate) : TEXT.automatic];
        let bitrate, frameRate, layout;
        [bitrate, this.bitrate] = choice(TEXT.bitrate, BITRATES.map(rate));
        [frameRate, this.frameRate] = choice(TEXT.frameRate, FRAME_RATES.map(frames));
        [layout, this.layout] = choice(TEXT.layout, LAYOUTS);
        this.paste = make('button', { type: 'button', class: 'wide', hidden: true }, TEXT.paste);
        this.pads = make('p');
        this.panel = make('div', { class: 'panel', part: 'panel', role: 'group', 'aria-label': TEXT.settings, hidden: true },
            bitrate, frameRate, layout, this.paste, this.pads, make('h2', {}, TEXT.shortcuts), terms(SHORTCUTS));
        this.forPlayers = [this.play, this.lock, layout, this.pads];
    }

    /** Shows what only a player needs, or hides it. */
    role(role) {
        this.root.dataset.role = role;
        const player = role === 'player';
        this.forPlayers.forEach((element) => { element.hidden = !player; });
        this.stage.setAttribute('role', player ? 'application' : 'img');
        this.stage.setAttribute('aria-label', player ? TEXT.stage : TEXT.stageSpectator);
        this.who.dataset.role = player ? TEXT.player_ : TEXT.spectator;
        this.phase(this.root.dataset.phase);
    }

    /** Shows whether there is a connection, and what for. */
    phase(phase) {
        this.root.dataset.phase = phase ?? 'idle';
        this.who.textContent = phase === 'playing' ? this.who.dataset.role ?? '' : TEXT.phases[phase] ?? '';
    }

    /** Labels a button that is on or off. */
    toggle(button, on, label, shape) {
        button.setAttribute('aria-pressed', String(on));
        this.#label(button, label);
        if (shape) {
            button.querySelector('path').setAttribute('d', ICONS[shape]);
        }
    }

    #label(button, label) {
        button.setAttribute('aria-label', label);
        button.title = label;
        button.querySelector('.label').textContent = label;
    }

    /** The card over the picture; none hides it. */
    card(card) {
        const said = card ? `${card.title}. ${card.text}` : '';
        const titleChanged = card && this.title.textContent !== card.title;
        this.cardBox.hidden = !card;
        if (!card) {
            this.title.textContent = '';
            return;
        }
        this.title.textContent = card.title;
        this.text.textContent = card.text;
        this.spinner.hidden = !card.busy;
        this.action.hidden = !card.action;
        this.action.textContent = card.action ?? '';
        if (titleChanged) {
            this.announce(said);
        }
    }

    /** A short message, seen and heard. */
    toast(text) {
        this.toastBox.textContent = text;
        this.toastBox.classList.add('shown');
        clearTimeout(this.#toastTimer);
        this.#toastTimer = setTimeout(() => this.toastBox.classList.remove('shown'), TOAST);
        this.announce(text);
    }

    /** Tells a screen reader. */
    announce(text) {
        this.live.textContent = text;
    }

    /** Takes a value into a list of choices that may not have it. */
    choose(select, value, text = value) {
        if (![...select.options].some((option) => option.value === value)) {
            select.append(make('option', { value }, text));
        }
        select.value = value;
    }
}
