import assert from 'node:assert/strict';
import { test } from 'node:test';
import { BORN, backOff, farewell, step } from '../../agent/stream/web/retry.js';

/** What becomes of a life after these events, and what was done at the last. */
function live(...events) {
    let life = BORN, actions = [];
    for (const event of events) {
        [life, actions] = step(life, typeof event === 'string' ? { type: event } : event);
    }
    return { ...life, actions };
}

test('a start connects, a picture plays', () => {
    assert.deepEqual(live('start').actions, ['close', 'disarm', 'open']);
    assert.equal(live('start').phase, 'connecting');
    assert.equal(live('start', 'playing').phase, 'playing');
    assert.equal(live('playing').phase, 'idle');
});

test('a break is tried again, later each time, until a picture comes', () => {
    const lost = live('start', 'playing', { type: 'lost', reason: 'Broken', chance: 0.5 });
    assert.deepEqual([lost.phase, lost.attempt, lost.delay, lost.reason], ['waiting', 1, 500, 'Broken']);
    assert.deepEqual(lost.actions, ['close', 'arm']);
    const again = live('start', 'playing', 'lost', 'due', 'lost');
    assert.deepEqual([again.attempt, again.delay], [2, 1000]);
    assert.deepEqual(live('start', 'lost', 'due').actions, ['close', 'disarm', 'open']);
    assert.equal(live('start', 'lost', 'due', 'playing').attempt, 0);
});

test('waiting times double up to ten seconds', () => {
    assert.deepEqual([0, 1, 2, 3, 4, 5, 6, 99].map((attempt) => backOff(attempt, 0.5)),
        [500, 1000, 2000, 4000, 8000, 10000, 10000, 10000]);
    assert.deepEqual([backOff(0, 0), backOff(0, 1)], [450, 550]);
});

test('a refusal is final, a new start is not', () => {
    const over = live('start', { type: 'over', reason: 'ended' });
    assert.deepEqual([over.phase, over.reason, over.actions], ['over', 'ended', ['close', 'disarm']]);
    assert.equal(live('start', 'over', 'lost').phase, 'over');
    assert.equal(live('start', 'over', 'due').phase, 'over');
    assert.equal(live('start', 'lost', 'over').phase, 'over');
    assert.equal(live('start', 'over', 'start').phase, 'connecting');
});

test('nothing is tried while it is vain', () => {
    const held = live('start', 'playing', 'hold', 'lost');
    assert.deepEqual([held.phase, held.actions], ['waiting', ['close']]);
    assert.deepEqual(live('start', 'lost', 'hold').actions, ['disarm']);
    assert.equal(live('start', 'lost', 'hold', 'due').phase, 'waiting');
    assert.deepEqual(live('start', 'lost', 'hold', 'resume').actions, ['close', 'disarm', 'open']);
    // A pause during play breaks nothing by itself.
    assert.deepEqual(live('start', 'playing', 'hold').actions, []);
    assert.equal(live('start', 'playing', 'hold', 'resume').phase, 'playing');
});

test('late events change nothing', () => {
    for (const event of ['lost', 'due', 'playing']) {
        assert.deepEqual(step(BORN, { type: event }), [BORN, []], event);
    }
    assert.equal(live('start', 'lost', 'playing').phase, 'waiting');
    assert.equal(live('start', 'playing', 'due').phase, 'playing');
});

test('some farewells are final', () => {
    assert.equal(farewell('disconnected'), 'disconnected');
    assert.equal(farewell('ended'), 'ended');
    assert.equal(farewell('timeout'), '');
    assert.equal(farewell('failed: of something'), '');
});
