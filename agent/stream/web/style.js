/** How the player looks: dark and light as the user prefers, usable at every size. */

export const STYLE = `
:host {
    --surface: #ffffff; --raised: #eef1f6; --text: #14181f; --dim: #566072; --line: #d5dae3;
    --accent: #2458d3; --on-accent: #ffffff; --good: #12805c; --warn: #a15c00; --focus: #2458d3;
    color-scheme: light dark;
    display: block; position: relative; min-height: 12rem; overflow: hidden; background: #000; color: var(--text);
    font: 14px/1.4 system-ui, -apple-system, "Segoe UI", "Cantarell", sans-serif;
}
@media (prefers-color-scheme: dark) {
    :host {
        --surface: #171b22; --raised: #242a34; --text: #e9edf4; --dim: #9aa5b8; --line: #323a47;
        --accent: #7ba7ff; --on-accent: #0c1322; --good: #5fd3a8; --warn: #f2b866; --focus: #9dbdff;
    }
}
:host([hidden]) { display: none; }
*, *::before, *::after { box-sizing: border-box; }
.root { position: absolute; inset: 0; display: grid; grid-template-rows: minmax(0, 1fr) auto; container-type: inline-size; }
.screen { position: relative; overflow: hidden; background: #000; }
.stage { position: absolute; inset: 0; outline: none; touch-action: none; user-select: none; -webkit-user-select: none; }
.stage video { width: 100%; height: 100%; object-fit: contain; display: block; pointer-events: none; }
.root[data-phase="playing"][data-role="player"] .stage { cursor: none; }
.stage:focus-visible { box-shadow: inset 0 0 0 3px var(--focus); }
.root.captured .stage:focus-visible { box-shadow: none; }
.root:not([data-phase="playing"]) .stage video { opacity: 0.35; }
audio { display: none; }

.bar {
    position: relative; z-index: 3; display: flex; align-items: center; gap: 4px; padding: 6px 10px;
    background: var(--surface); border-top: 1px solid var(--line);
}
.who { display: flex; align-items: center; gap: 8px; margin-inline-end: auto; min-width: 0; padding-inline: 4px; }
.dot { width: 8px; height: 8px; border-radius: 50%; background: var(--dim); flex: none; }
.root[data-phase="playing"] .dot { background: var(--good); }
.root[data-phase="waiting"] .dot, .root[data-phase="connecting"] .dot { background: var(--warn); }
.who span:last-child { overflow: hidden; text-overflow: ellipsis; white-space: nowrap; color: var(--dim); }
button, select, input { font: inherit; color: inherit; }
button {
    display: inline-flex; align-items: center; gap: 6px; min-height: 36px; min-width: 36px; padding: 0 9px;
    justify-content: center; border: 1px solid transparent; border-radius: 8px; background: transparent; cursor: pointer;
}
button:hover { background: var(--raised); }
button[aria-pressed="true"], button[aria-expanded="true"] { background: var(--raised); color: var(--accent); }
button:disabled { opacity: 0.45; cursor: default; }
button:focus-visible, select:focus-visible, input:focus-visible { outline: 2px solid var(--focus); outline-offset: 2px; }
button.primary { background: var(--accent); color: var(--on-accent); padding: 0 18px; font-weight: 600; }
button.primary:hover { filter: brightness(1.08); }
svg { width: 20px; height: 20px; fill: none; stroke: currentColor; stroke-width: 1.8; stroke-linecap: round;
    stroke-linejoin: round; flex: none; }
input[type="range"] { width: 84px; accent-color: var(--accent); }
select { width: 100%; min-width: 0; min-height: 34px; padding: 0 8px; border: 1px solid var(--line); border-radius: 8px; background: var(--raised); }
@container (max-width: 760px) { .bar button .label { display: none; } }
@container (max-width: 460px) { .bar input[type="range"] { display: none; } }

.panel {
    position: absolute; z-index: 4; right: 10px; bottom: 10px; width: min(340px, calc(100% - 20px));
    max-height: calc(100% - 20px); overflow: auto; padding: 14px 16px; border: 1px solid var(--line); border-radius: 12px;
    background: var(--surface); box-shadow: 0 10px 30px rgb(0 0 0 / 35%);
}
[hidden] { display: none !important; }
.panel label { display: grid; grid-template-columns: 1fr 1.35fr; align-items: center; gap: 10px; margin-bottom: 8px; }
.panel p { margin: 8px 0; color: var(--dim); overflow-wrap: anywhere; }
.panel h2 { margin: 12px 0 4px; font-size: 13px; }
.panel dl { display: grid; grid-template-columns: auto 1fr; gap: 4px 12px; margin: 0; color: var(--dim); }
.panel dd { margin: 0; }
kbd { font: 12px ui-monospace, monospace; color: var(--text); white-space: nowrap; }
.panel button.wide { width: 100%; border-color: var(--line); }

.card {
    position: absolute; z-index: 2; left: 50%; top: 50%; transform: translate(-50%, -50%);
    width: min(440px, calc(100% - 32px)); padding: 24px; border-radius: 14px; text-align: center;
    background: var(--surface); border: 1px solid var(--line); box-shadow: 0 12px 40px rgb(0 0 0 / 45%);
}
.card h2 { margin: 0 0 6px; font-size: 19px; }
.card p { margin: 0 0 16px; color: var(--dim); overflow-wrap: anywhere; }
.card p:empty { display: none; }
.spinner {
    width: 28px; height: 28px; margin: 0 auto 12px; border-radius: 50%; border: 3px solid var(--line);
    border-top-color: var(--accent); animation: turn 0.9s linear infinite;
}
@keyframes turn { to { transform: rotate(1turn); } }
.toast {
    position: absolute; z-index: 2; left: 50%; bottom: 18px; transform: translateX(-50%); max-width: calc(100% - 32px);
    padding: 8px 14px; border-radius: 999px; background: rgb(12 15 20 / 86%); color: #f2f5fa; pointer-events: none;
    opacity: 0; transition: opacity 0.2s;
}
.toast.shown { opacity: 1; }
.live { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap; }
.handle {
    position: absolute; z-index: 3; top: 0; left: 50%; transform: translateX(-50%); min-height: 22px; width: 64px;
    border-radius: 0 0 10px 10px; background: rgb(12 15 20 / 55%); color: #fff; opacity: 0.45;
}
.handle:hover, .handle:focus-visible { opacity: 1; background: rgb(12 15 20 / 85%); }
.root.fullscreen .bar { position: absolute; inset: auto 0 0; }
.root.fullscreen .panel { bottom: 62px; }
.root.fullscreen.captured .bar, .root.fullscreen.captured .panel { display: none; }

.statistics {
    position: absolute; z-index: 1; left: 10px; top: 10px; width: 264px; max-width: calc(100% - 20px); padding: 10px 12px;
    border-radius: 10px; background: rgb(10 13 18 / 84%); color: #e9edf4; font-size: 12px; pointer-events: none;
    font-variant-numeric: tabular-nums; border: 1px solid rgb(255 255 255 / 12%);
}
.statistics dl { display: grid; grid-template-columns: auto 1fr; gap: 1px 10px; margin: 0; }
.statistics dt { color: #9aa5b8; }
.statistics dd { margin: 0; text-align: right; overflow-wrap: anywhere; }
.statistics figure { margin: 8px 0 0; }
.statistics figcaption { display: flex; justify-content: space-between; color: #9aa5b8; }
.statistics figcaption b { color: #e9edf4; font-weight: 600; }
.statistics canvas { display: block; width: 100%; height: 38px; }
@media (prefers-reduced-motion: reduce) {
    .spinner { animation: none; border-color: var(--accent); }
    .toast { transition: none; }
}
@media (prefers-contrast: more) {
    :host { --line: currentColor; --dim: var(--text); }
    .statistics { background: #000; }
}
`;

/** Shapes of the icons, drawn in 24 by 24 with a pen. */
export const ICONS = {
    play: 'M8 5v14l11-7z',
    lock: 'M12 3a6 6 0 0 1 6 6v6a6 6 0 0 1-12 0V9a6 6 0 0 1 6-6zM12 3v7M6 10h12',
    sound: 'M4 10v4h3l5 4V6l-5 4zM16 9a4 4 0 0 1 0 6M18.5 6.5a8 8 0 0 1 0 11',
    muted: 'M4 10v4h3l5 4V6l-5 4zM16.5 9.5l5 5M21.5 9.5l-5 5',
    settings: 'M4 7h9M17 7h3M4 17h3M11 17h9M15 5v4M9 15v4',
    statistics: 'M3 20h18M6 20v-7M12 20V5M18 20v-10',
    fullscreen: 'M4 9V4h5M15 4h5v5M20 15v5h-5M9 20H4v-5',
    windowed: 'M9 4v5H4M20 9h-5V4M15 20v-5h5M4 15h5v5',
    more: 'M6 10l6 5 6-5',
};
