/** Every text that people see or hear. */

export const SHORTCUTS = [
    ['Ctrl+Alt+Shift', 'leave the game: the keyboard is yours again'],
    ['Ctrl+Alt+Shift+M', 'lock or free the mouse'],
    ['Ctrl+Alt+Shift+F', 'full screen'],
    ['Ctrl+Alt+Shift+S', 'statistics'],
];

export const TEXT = {
    player: 'Game player',
    stage: 'Game. Enter or a click plays, Control+Alt+Shift leaves.',
    stageSpectator: 'Game, watched only.',
    controls: 'Player controls',
    showControls: 'Show the controls',
    play: 'Play', playing: 'Keyboard and mouse go to the game. Ctrl+Alt+Shift leaves it.',
    left: 'Left the game. The keyboard is yours again.',
    lock: 'Lock mouse', unlock: 'Free mouse',
    locked: 'The mouse is locked. Ctrl+Alt+Shift frees it.', unlocked: 'The mouse is free.',
    lockFailed: 'The browser does not lock the mouse now. Click the picture, then try again.',
    sound: 'Sound', mute: 'Mute', unmute: 'Unmute', volume: 'Volume',
    soundBlocked: 'The browser keeps the sound off until you click or press a key.',
    settings: 'Settings', statistics: 'Statistics',
    fullscreen: 'Full screen', windowed: 'Leave full screen',
    fullscreenFailed: 'The browser does not allow full screen here.',
    bitrate: 'Bit rate', frameRate: 'Frame rate', automatic: 'Automatic', layout: 'Keyboard layout',
    paste: 'Paste text into the game', copied: 'The game has copied a text.',
    pasted: 'The text is in the game\u2019s clipboard.', tooLong: 'The text is longer than 64 KiB.',
    denied: 'The browser does not let this page read the clipboard.',
    gamepads: 'Gamepads', gamepadsNone: 'none yet: press a button of one',
    gamepadsInsecure: 'need a page by HTTPS or from localhost', gamepadsOff: 'this session has none',
    shortcuts: 'Shortcuts',
    spectator: 'Watching', player_: 'Playing',
    phases: { connecting: 'Connecting', waiting: 'Reconnecting', over: 'Disconnected' },
    tryNow: 'Try now', again: 'Connect again', enableSound: 'Turn on sound',
};

const over = (title, text, action) => ({ title, text, action });

/** What is said when no connection is tried any more, by the name of the reason. */
const OVER = {
    ended: over('The session has ended', ''),
    left: over('Disconnected', '', TEXT.again),
    disconnected: over('You were disconnected', 'The session has ended this connection, or is over itself.', TEXT.again),
    NoWebRtc: over('This browser cannot show the game', 'It has no WebRTC, or it is turned off. A current Firefox, '
        + 'Chromium, Chrome, Edge or Safari can.'),
    NoCodec: over('This browser cannot show the game', 'It decodes neither H.264 nor VP8. Install its codec package, '
        + 'or take another browser.'),
    NoTransport: over('Nothing to connect to', 'The page has given the player neither an address nor a connection.'),
    NotAllowed: over('Not allowed', 'You are not allowed to join this session, or this page is out of date.'),
    Ended: over('The session has ended', 'There is no such session any more.'),
};

/**
 * What the card over the picture says.
 * @param {import('./retry.js').Life} life
 * @param {{detail: string, sessionState: string, seconds: number}} now
 */
export function card(life, { detail, sessionState, seconds }) {
    if (life.phase === 'over') {
        const { title, text, action } = OVER[life.reason] ?? over('The connection was refused', '', TEXT.again);
        return { title, text: [text, detail].filter(Boolean).join(' '), action };
    }
    if (sessionState === 'paused') {
        return { title: 'Paused', text: 'The session is paused. The game goes on when it is resumed.' };
    }
    if (life.phase === 'waiting' && life.held) {
        return { title: 'No network', text: 'Waiting for it to come back. The game goes on.', busy: true };
    }
    if (life.phase === 'waiting') {
        const when = seconds > 0 ? ` Next attempt in ${seconds} s.` : '';
        return { title: 'The connection is lost', text: `${sentence(detail)} The game goes on.${when}`, action: TEXT.tryNow };
    }
    if (life.phase === 'connecting') {
        return { title: life.attempt ? 'Connecting again…' : 'Connecting…', text: '', busy: true };
    }
    return undefined;
}

/** A message of a program as a sentence. */
export function sentence(text) {
    const trimmed = text.trim().replace(/[.\s]+$/, '');
    return trimmed ? `${trimmed.charAt(0).toUpperCase()}${trimmed.slice(1)}.` : '';
}
