import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Slots, encode } from '../../agent/stream/web/gamepads.js';
import { hex } from './hex.js';

function pad(index, pressed = [], axes = [0, 0, 0, 0]) {
    const buttons = Array.from({ length: 17 }, (_, bit) => ({ pressed: pressed.includes(bit), value: pressed.includes(bit) ? 1 : 0 }));
    return { index, connected: true, buttons, axes };
}

const REST = (slot) => `07${slot.toString(16).padStart(2, '0')}${'00'.repeat(14)}`;

test('buttons are bits, triggers are bytes', () => {
    assert.equal(hex(encode(pad(0, [0, 7, 16], [0, -1, 0, 1]), 0)), '0700' + '81000100' + '0000' + '0180' + '0000' + 'ff7f' + '00ff');
});

test('a pad with few buttons and axes is one too', () => {
    assert.equal(hex(encode({ buttons: [{ pressed: true, value: 1 }], axes: [1] }, 3)), '0703' + '01000000' + 'ff7f' + '00'.repeat(8));
});

test('only changes are sent', () => {
    const slots = new Slots();
    slots.resize(2);
    assert.equal(slots.changes([null, pad(1)]).length, 1);
    assert.equal(slots.changes([null, pad(1)]).length, 0);
    assert.deepEqual(slots.changes([null, pad(1, [0])]).map(hex), ['0700' + '01' + '00'.repeat(13)]);
});

test('pads keep their place, and what has gone lets go', () => {
    const slots = new Slots();
    slots.resize(2);
    slots.changes([pad(0, [1]), pad(1, [2])]);
    assert.deepEqual(slots.changes([null, pad(1, [2])]).map(hex), [REST(0)]);
    assert.equal(slots.index(1), 1);
    assert.deepEqual(slots.changes([null, pad(1, [2]), pad(2, [3])]).map(hex), ['0700' + '08' + '00'.repeat(13)]);
    assert.equal(slots.index(0), 2);
});

test('there are no more pads than the game has', () => {
    const slots = new Slots();
    slots.resize(1);
    assert.equal(slots.changes([pad(0), pad(1, [0])]).length, 1);
    slots.resize(0);
    assert.deepEqual(slots.changes([pad(0, [1])]), []);
});

test('all let go, and the next frame tells what is still held', () => {
    const slots = new Slots();
    slots.resize(1);
    slots.changes([pad(0, [5])]);
    assert.deepEqual(slots.release().map(hex), [REST(0)]);
    assert.deepEqual(slots.release(), []);
    assert.equal(slots.changes([pad(0, [5])]).length, 1);
});
