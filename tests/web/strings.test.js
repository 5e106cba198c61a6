import assert from 'node:assert/strict';
import { test } from 'node:test';
import { BORN } from '../../agent/stream/web/retry.js';
import { card, sentence } from '../../agent/stream/web/strings.js';

const now = { detail: '', sessionState: '', seconds: 0 };

test('a game that is shown has nothing over it', () => {
    assert.equal(card({ ...BORN, phase: 'playing' }, now), undefined);
    assert.equal(card(BORN, now), undefined);
});

test('everything else is said', () => {
    const title = (life, more) => card({ ...BORN, ...life }, { ...now, ...more }).title;
    assert.equal(title({ phase: 'playing' }, { sessionState: 'paused' }), 'Paused');
    assert.equal(title({ phase: 'connecting' }), 'Connecting…');
    assert.equal(title({ phase: 'connecting', attempt: 2 }), 'Connecting again…');
    assert.equal(title({ phase: 'waiting' }), 'The connection is lost');
    assert.equal(title({ phase: 'waiting', held: true }), 'No network');
    assert.equal(title({ phase: 'over', reason: 'ended' }), 'The session has ended');
    assert.equal(title({ phase: 'over', reason: 'NoWebRtc' }), 'This browser cannot show the game');
    assert.equal(title({ phase: 'over', reason: 'NoCodec' }), 'This browser cannot show the game');
    assert.equal(title({ phase: 'over', reason: 'whatever' }), 'The connection was refused');
});

test('why and when are said too', () => {
    const { text, action } = card({ ...BORN, phase: 'waiting' }, { ...now, detail: 'too many viewers', seconds: 4 });
    assert.equal(text, 'Too many viewers. The game goes on. Next attempt in 4 s.');
    assert.equal(action, 'Try now');
});

test('messages become sentences', () => {
    assert.equal(sentence('no route'), 'No route.');
    assert.equal(sentence('Done. '), 'Done.');
    assert.equal(sentence(''), '');
});
