/**
 * Keys by their place on the keyboard: `KeyboardEvent.code` (W3C UI Events code values) to the key codes of
 * linux/input-event-codes.h. The layout, which is what a key types, is the display server's business.
 */

/** Codes that follow each other, from the number of the first. */
function row(first, names) {
    return names.split(' ').map((name, index) => [name, first + index]);
}

/** @type {ReadonlyMap<string, number>} */
export const EVDEV = new Map([
    ...row(1, 'Escape Digit1 Digit2 Digit3 Digit4 Digit5 Digit6 Digit7 Digit8 Digit9 Digit0 Minus Equal Backspace'),
    ...row(15, 'Tab KeyQ KeyW KeyE KeyR KeyT KeyY KeyU KeyI KeyO KeyP BracketLeft BracketRight Enter ControlLeft'),
    ...row(30, 'KeyA KeyS KeyD KeyF KeyG KeyH KeyJ KeyK KeyL Semicolon Quote Backquote ShiftLeft Backslash'),
    ...row(44, 'KeyZ KeyX KeyC KeyV KeyB KeyN KeyM Comma Period Slash ShiftRight NumpadMultiply AltLeft Space'),
    ...row(58, 'CapsLock F1 F2 F3 F4 F5 F6 F7 F8 F9 F10 NumLock ScrollLock'),
    ...row(71, 'Numpad7 Numpad8 Numpad9 NumpadSubtract Numpad4 Numpad5 Numpad6 NumpadAdd Numpad1 Numpad2 Numpad3'),
    ...row(82, 'Numpad0 NumpadDecimal'),
    // Lang5 is Zenkaku/Hankaku, Lang3 Katakana, Lang4 Hiragana, KanaMode the key with both.
    ...row(85, 'Lang5 IntlBackslash F11 F12 IntlRo Lang3 Lang4 Convert KanaMode NonConvert'),
    ...row(96, 'NumpadEnter ControlRight NumpadDivide PrintScreen AltRight'),
    ...row(102, 'Home ArrowUp PageUp ArrowLeft ArrowRight End ArrowDown PageDown Insert Delete'),
    ...row(113, 'AudioVolumeMute AudioVolumeDown AudioVolumeUp Power NumpadEqual NumpadChangeSign Pause'),
    // Lang1 is Hangul/English, Lang2 Hanja.
    ...row(121, 'NumpadComma Lang1 Lang2 IntlYen MetaLeft MetaRight ContextMenu BrowserStop Again Props Undo'),
    ...row(133, 'Copy Open Paste Find Cut Help'),
    ['LaunchApp2', 140], ['Sleep', 142], ['WakeUp', 143], ['LaunchApp1', 144],
    ['LaunchMail', 155], ['BrowserFavorites', 156], ['BrowserBack', 158], ['BrowserForward', 159], ['Eject', 161],
    ...row(163, 'MediaTrackNext MediaPlayPause MediaTrackPrevious MediaStop MediaRecord MediaRewind'),
    ...row(171, 'MediaSelect BrowserHome BrowserRefresh'),
    ...row(179, 'NumpadParenLeft NumpadParenRight'),
    ...row(183, 'F13 F14 F15 F16 F17 F18 F19 F20 F21 F22 F23 F24'),
    ['MediaPause', 201], ['MediaPlay', 207], ['MediaFastForward', 208], ['BrowserSearch', 217],
    ['BrightnessDown', 224], ['BrightnessUp', 225], ['MicrophoneMuteToggle', 248],
    // What older browsers call some of them.
    ['OSLeft', 125], ['OSRight', 126], ['VolumeMute', 113], ['VolumeDown', 114], ['VolumeUp', 115],
]);

/** What keyboard layouts a viewer may choose, as xkb names them, with their names for people. */
export const LAYOUTS = [
    ['us', 'English (US)'], ['us(intl)', 'English (US, international)'], ['gb', 'English (UK)'], ['be', 'Belgian'],
    ['br', 'Portuguese (Brazil)'], ['ca', 'French (Canada)'], ['ch', 'German (Switzerland)'],
    ['ch(fr)', 'French (Switzerland)'], ['cz', 'Czech'], ['de', 'German'], ['dk', 'Danish'], ['es', 'Spanish'],
    ['fi', 'Finnish'], ['fr', 'French'], ['hu', 'Hungarian'], ['it', 'Italian'], ['jp', 'Japanese'], ['kr', 'Korean'],
    ['latam', 'Spanish (Latin America)'], ['no', 'Norwegian'], ['pl', 'Polish'], ['pt', 'Portuguese'],
    ['ru', 'Russian'], ['se', 'Swedish'], ['tr', 'Turkish'], ['ua', 'Ukrainian'], ['us(dvorak)', 'Dvorak'],
    ['us(colemak)', 'Colemak'],
];
