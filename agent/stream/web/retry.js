/** What the player does when a connection comes, breaks or is refused: states and steps, without a browser. */

/** Milliseconds before the first new attempt, and the longest. */
const FIRST = 500, LONGEST = 10_000;

/**
 * @typedef {object} Life
 * @property {'idle'|'connecting'|'playing'|'waiting'|'over'} phase
 * @property {number} attempt attempts since a picture was last seen
 * @property {number} delay milliseconds until the next attempt, while waiting
 * @property {boolean} held nothing is tried: the session is paused or the network is away
 * @property {string} reason why it waits or is over
 */

/** @type {Life} */
export const BORN = { phase: 'idle', attempt: 0, delay: 0, held: false, reason: '' };

/** Doubles from attempt to attempt; a fifth of it is chance, so that many players do not come back as one. */
export function backOff(attempt, chance) {
    const delay = Math.min(LONGEST, FIRST * 2 ** Math.min(attempt, 10));
    return Math.round(delay * (0.9 + 0.2 * chance));
}

function wait(life, { reason = '', chance = 0.5 }) {
    const waiting = { ...life, phase: 'waiting', attempt: life.attempt + 1, delay: backOff(life.attempt, chance), reason };
    return [waiting, life.held ? ['close'] : ['close', 'arm']];
}

function open(life) {
    return [{ ...life, phase: 'connecting', delay: 0 }, ['close', 'disarm', 'open']];
}

const STEPS = {
    /** Somebody wants to play. */
    start: (life) => open({ ...life, attempt: 0, reason: '' }),
    /** There is a picture. */
    playing: (life) => (life.phase === 'connecting' ? [{ ...life, phase: 'playing', attempt: 0, reason: '' }, []] : [life, []]),
    /** The connection did not come about, or has broken: worth another attempt. */
    lost: (life, event) => (life.phase === 'connecting' || life.phase === 'playing' ? wait(life, event) : [life, []]),
    /** The time to wait is over. */
    due: (life) => (life.phase === 'waiting' && !life.held ? open(life) : [life, []]),
    /** Nothing can be won by attempts for now. */
    hold: (life) => [{ ...life, held: true }, life.phase === 'waiting' ? ['disarm'] : []],
    /** Attempts make sense again. */
    resume: (life) => (life.held && life.phase === 'waiting' ? open({ ...life, held: false }) : [{ ...life, held: false }, []]),
    /** Refused, ended or left: no further attempt. */
    over: (life, { reason = '' }) => [{ ...life, phase: 'over', reason }, ['close', 'disarm']],
};

/**
 * @param {Life} life
 * @param {{type: keyof STEPS, reason?: string, chance?: number}} event `chance` is a random number from 0 to 1
 * @returns {[Life, Array<'open'|'close'|'arm'|'disarm'>]} what is now, and what is to be done, in this order
 */
export function step(life, event) {
    return STEPS[event.type](life, event);
}

/** `bye` messages after which nothing comes any more. */
const FINAL = new Map([['disconnected', 'disconnected'], ['ended', 'ended'], ['left', 'ended']]);

/** What the streamer's farewell means: the reason if it is final, else none. */
export function farewell(reason) {
    return FINAL.get(reason) ?? '';
}
