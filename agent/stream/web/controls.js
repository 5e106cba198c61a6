/** What the buttons do. */

import { TEXT } from './strings.js';

export class Controls {
    #player;
    #view;
    #overlay;
    #capture;
    #on;
    #blocked = false;

    /**
     * @param {HTMLElement} player
     * @param {import('./view.js').View} view
     * @param {import('./overlay.js').Overlay} overlay
     * @param {import('./capture.js').Capture} capture
     * @param {{again: () => void, quality: () => void, paste: () => void}} on
     */
    constructor(player, view, overlay, capture, on) {
        [this.#player, this.#view, this.#overlay, this.#capture, this.#on] = [player, view, overlay, capture, on];
        const click = (button, handler) => button.addEventListener('click', handler);
        click(view.action, () => on.again());
        click(view.play, () => capture.take());
        click(view.lock, () => capture.toggleLock());
        click(view.mute, () => this.#toggleMute());
        click(view.settings, () => this.#toggleSettings());
        click(view.figures, () => this.#toggleStatistics());
        click(view.fullscreen, () => this.#toggleFullscreen());
        click(view.handle, () => this.#reveal());
        click(view.paste, () => on.paste());
        view.volume.addEventListener('input', () => this.#volume(view.volume.valueAsNumber));
        view.panel.addEventListener('keydown', (event) => event.key === 'Escape' && this.#toggleSettings());
        view.bitrate.addEventListener('change', () => on.quality());
        view.frameRate.addEventListener('change', () => on.quality());
        view.layout.addEventListener('change', () => player.setAttribute('keyboard-layout', view.layout.value));
        view.volume.value = '1';
    }

    /** Watches the page; `signal` ends that. */
    watch(signal) {
        const { view, player } = { view: this.#view, player: this.#player };
        view.choose(view.bitrate, player.getAttribute('max-bitrate') ?? '0');
        view.choose(view.frameRate, player.getAttribute('max-frame-rate') ?? '0');
        view.choose(view.layout, player.getAttribute('keyboard-layout') || 'us');
        this.#mute(player.hasAttribute('muted'));
        this.#statistics(player.hasAttribute('statistics'));
        document.addEventListener('fullscreenchange', () => this.#fullscreenChanged(), { signal });
        view.fullscreen.hidden = !document.fullscreenEnabled;
    }

    /** What the viewer allows, 0 for automatic. */
    get quality() {
        return {
            maxBitrate: Number(this.#view.bitrate.value) || 0,
            maxFrameRate: Number(this.#view.frameRate.value) || 0,
        };
    }

    /** Keyboard and mouse are the game's now, or no longer. */
    captured(captured) {
        this.#view.root.classList.toggle('captured', captured);
        this.#view.toggle(this.#view.play, captured, TEXT.play);
        this.#showHandle();
        if (captured) {
            this.#settings(false);
        }
        this.#view.toast(captured ? TEXT.playing : TEXT.left);
    }

    locked(locked) {
        this.#view.toggle(this.#view.lock, locked, locked ? TEXT.unlock : TEXT.lock);
        this.#showHandle();
        this.#view.toast(locked ? TEXT.locked : TEXT.unlocked);
    }

    /** A key chord that is not the game's. */
    shortcut(name) {
        if (name === 'fullscreen') {
            this.#toggleFullscreen();
        } else {
            this.#toggleStatistics();
        }
    }

    /** The browser keeps the sound off until the user does something. */
    soundBlocked(blocked) {
        this.#blocked = blocked;
        if (blocked) {
            this.#view.toggle(this.#view.mute, true, TEXT.enableSound, 'muted');
            this.#view.toast(TEXT.soundBlocked);
        }
    }

    /** The user has done something. */
    gesture() {
        if (this.#blocked) {
            this.#blocked = false;
            this.#view.audio.play().then(() => this.#mute(false), () => this.soundBlocked(true));
        }
    }

    #toggleMute() {
        if (this.#blocked) {
            this.gesture();
        } else {
            this.#mute(!this.#view.audio.muted);
        }
    }

    #mute(muted) {
        this.#view.audio.muted = muted;
        this.#view.toggle(this.#view.mute, muted, muted ? TEXT.unmute : TEXT.mute, muted ? 'muted' : 'sound');
    }

    #volume(volume) {
        this.#view.audio.volume = volume;
        this.#mute(volume === 0);
        this.gesture();
    }

    #toggleSettings() {
        this.#settings(this.#view.panel.hidden);
    }

    #settings(open) {
        const { panel, settings, bitrate } = this.#view;
        const had = panel.contains(panel.getRootNode().activeElement);
        panel.hidden = !open;
        settings.setAttribute('aria-expanded', String(open));
        if (open) {
            bitrate.focus();
        } else if (had) {
            settings.focus();
        }
    }

    #toggleStatistics() {
        this.#statistics(!this.#overlay.open);
    }

    #statistics(open) {
        this.#overlay.open = open;
        this.#view.figures.setAttribute('aria-pressed', String(open));
    }

    get #full() {
        return this.#player.getRootNode().fullscreenElement === this.#player;
    }

    async #toggleFullscreen() {
        try {
            if (this.#full) {
                await document.exitFullscreen();
            } else {
                await this.#player.requestFullscreen({ navigationUI: 'hide' });
            }
        } catch {
            this.#view.toast(TEXT.fullscreenFailed);
        }
    }

    #fullscreenChanged() {
        const full = this.#full;
        this.#view.root.classList.toggle('fullscreen', full);
        const label = full ? TEXT.windowed : TEXT.fullscreen;
        this.#view.toggle(this.#view.fullscreen, full, label, full ? 'windowed' : 'fullscreen');
        this.#showHandle();
    }

    /** In full screen nothing covers the game but a small handle that brings the controls back. */
    #showHandle() {
        this.#view.handle.hidden = !(this.#full && this.#capture.captured && !this.#capture.locked);
    }

    #reveal() {
        this.#capture.leave();
        this.#view.play.focus();
    }
}
