import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Keyboard } from '../../agent/stream/web/keyboard.js';
import { EVDEV, LAYOUTS } from '../../agent/stream/web/keys.js';
import { hex } from './hex.js';

function keyboard(options = {}) {
    const sent = [], shortcuts = [];
    const made = new Keyboard({ send: (packet) => sent.push(hex(packet)), shortcut: (name) => shortcuts.push(name), ...options });
    const press = (...codes) => codes.forEach((code) => made.down({ code, key: code, repeat: false }));
    const lift = (...codes) => codes.forEach((code) => made.up({ code, key: code }));
    return { made, sent, shortcuts, press, lift };
}

test('codes are those of linux/input-event-codes.h', () => {
    const some = {
        Escape: 1, Digit1: 2, Digit0: 11, Backspace: 14, Tab: 15, KeyQ: 16, KeyP: 25, Enter: 28, ControlLeft: 29, KeyA: 30,
        KeyL: 38, Quote: 40, Backquote: 41, ShiftLeft: 42, Backslash: 43, KeyZ: 44, KeyM: 50, Slash: 53, ShiftRight: 54,
        NumpadMultiply: 55, AltLeft: 56, Space: 57, CapsLock: 58, F1: 59, F10: 68, NumLock: 69, ScrollLock: 70,
        Numpad7: 71, NumpadSubtract: 74, NumpadAdd: 78, Numpad3: 81, Numpad0: 82, NumpadDecimal: 83, Lang5: 85,
        IntlBackslash: 86, F11: 87, F12: 88, IntlRo: 89, Convert: 92, KanaMode: 93, NonConvert: 94, NumpadEnter: 96,
        ControlRight: 97, NumpadDivide: 98, PrintScreen: 99, AltRight: 100, Home: 102, ArrowUp: 103, PageUp: 104,
        ArrowLeft: 105, ArrowRight: 106, End: 107, ArrowDown: 108, PageDown: 109, Insert: 110, Delete: 111,
        AudioVolumeMute: 113, AudioVolumeUp: 115, NumpadEqual: 117, Pause: 119, NumpadComma: 121, Lang1: 122, IntlYen: 124,
        MetaLeft: 125, MetaRight: 126, ContextMenu: 127, BrowserStop: 128, Undo: 131, Copy: 133, Paste: 135, Help: 138,
        LaunchMail: 155, BrowserBack: 158, BrowserForward: 159, MediaTrackNext: 163, MediaPlayPause: 164,
        MediaTrackPrevious: 165, MediaStop: 166, BrowserHome: 172, BrowserRefresh: 173, F13: 183, F24: 194,
        BrowserSearch: 217,
    };
    for (const [code, number] of Object.entries(some)) {
        assert.equal(EVDEV.get(code), number, code);
    }
});

test('no number is given to two keys, but for their old names', () => {
    const old = new Set(['OSLeft', 'OSRight', 'VolumeMute', 'VolumeDown', 'VolumeUp']);
    const numbers = [...EVDEV].filter(([code]) => !old.has(code)).map(([, number]) => number);
    assert.equal(new Set(numbers).size, numbers.length);
    assert.ok(numbers.every((number) => Number.isInteger(number) && number > 0 && number < 249));
    assert.ok(EVDEV.size > 150);
});

test('layouts are names that xkb may have', () => {
    assert.ok(LAYOUTS.every(([layout, name]) => /^[a-z]+(\([a-z]+\))?$/.test(layout) && name));
});

test('keys are sent once, and what is no key is left alone', () => {
    const { made, sent, press, lift } = keyboard();
    press('KeyW');
    assert.equal(made.down({ code: 'KeyW', repeat: true }), true);
    press('KeyW');
    lift('KeyW', 'KeyW');
    assert.equal(made.down({ code: '' }), false);
    assert.equal(made.down({ code: 'Unidentified' }), false);
    assert.equal(made.up({ code: 'Unidentified' }), false);
    assert.deepEqual(sent, ['01011100', '01001100']);
});

test('Control, Alt and Shift alone leave the game', () => {
    const { sent, shortcuts, press, lift } = keyboard();
    press('ControlLeft', 'ShiftRight', 'AltLeft');
    assert.deepEqual(shortcuts, []);
    lift('AltLeft');
    assert.deepEqual(shortcuts, ['leave']);
    assert.equal(sent.at(-1), '0600');
    lift('ControlLeft', 'ShiftRight');
    assert.equal(sent.length, 4);
});

test('with another key the three are the game\'s', () => {
    const { sent, shortcuts, press, lift } = keyboard();
    press('ControlLeft', 'AltLeft', 'ShiftLeft', 'KeyX');
    lift('KeyX', 'ShiftLeft', 'AltLeft', 'ControlLeft');
    assert.deepEqual(shortcuts, []);
    assert.equal(sent.length, 8);
    press('KeyX', 'ControlLeft', 'AltLeft', 'ShiftLeft');
    lift('ShiftLeft');
    assert.deepEqual(shortcuts, []);
});

test('shortcuts let go of what is held and are not sent', () => {
    for (const [code, name] of [['KeyM', 'lock'], ['KeyF', 'fullscreen'], ['KeyS', 'statistics']]) {
        const { sent, shortcuts, press, lift } = keyboard();
        press('ControlRight', 'AltLeft', 'ShiftLeft', code);
        lift(code, 'ShiftLeft', 'AltLeft', 'ControlRight');
        assert.deepEqual(shortcuts, [name]);
        assert.deepEqual(sent.slice(3), ['0600']);
    }
});

test('AltGr of Windows brings no Control key, and is no Alt of the chord', () => {
    const { made, sent, shortcuts, press, lift } = keyboard();
    press('ControlLeft');
    made.down({ code: 'AltRight', key: 'AltGraph' });
    assert.deepEqual(sent, ['01011d00', '01001d00', '01016400']);
    press('ControlRight', 'ShiftLeft');
    lift('ShiftLeft');
    assert.deepEqual(shortcuts, []);
});

test('a Mac tells not all releases', () => {
    const { sent, press, lift } = keyboard({ mac: true });
    press('MetaLeft', 'KeyC');
    lift('MetaLeft');
    press('CapsLock');
    assert.deepEqual(sent, ['01017d00', '01012e00', '01007d00', '01002e00', '01013a0001003a00']);
});

test('keys that close pages are known to be held', () => {
    const { made, press, lift } = keyboard();
    press('ControlLeft');
    assert.equal(made.control, true);
    lift('ControlLeft');
    assert.equal(made.control, false);
});
