import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Remainder, fit, notches, place } from '../../agent/stream/web/geometry.js';

test('a picture lies in the middle of what it does not fill', () => {
    assert.deepEqual(fit({ width: 1000, height: 500 }, { width: 100, height: 100 }), { left: 250, top: 0, width: 500, height: 500 });
    assert.deepEqual(fit({ width: 1280, height: 1000 }, { width: 1280, height: 720 }), { left: 0, top: 140, width: 1280, height: 720 });
    assert.deepEqual(fit({ width: 640, height: 360 }, { width: 1920, height: 1080 }), { left: 0, top: 0, width: 640, height: 360 });
});

test('what has no size yet fills the box', () => {
    const box = { width: 10, height: 20 };
    assert.deepEqual(fit(box, { width: 0, height: 0 }), { left: 0, top: 0, ...box });
    assert.deepEqual(fit({ width: 0, height: 0 }, { width: 1, height: 1 }), { left: 0, top: 0, width: 0, height: 0 });
});

test('places beside the picture are its edges', () => {
    const rect = { left: 100, top: 0, width: 200, height: 50 };
    assert.deepEqual(place(200, 25, rect), [32768, 32768]);
    assert.deepEqual(place(100, 0, rect), [0, 0]);
    assert.deepEqual(place(300, 50, rect), [65535, 65535]);
    assert.deepEqual(place(0, 99, rect), [0, 65535]);
    assert.deepEqual(place(5, 5, { left: 0, top: 0, width: 0, height: 0 }), [0, 0]);
});

test('every unit of the wheel is a part of a notch', () => {
    assert.equal(notches(100, 0), 120);
    assert.equal(notches(3, 1), 120);
    assert.equal(notches(-3, 1), -120);
    assert.equal(notches(1, 2), 120);
    // A mouse whose notch is 53 pixels here.
    assert.equal(notches(53, 0, -120), 120);
    assert.equal(notches(-106, 0, 240), -240);
    // A touchpad: no whole notches.
    assert.equal(notches(10, 0, -12), 12);
    assert.equal(notches(40, 0, -120), 48);
    assert.equal(notches(0, 0, 0), 0);
});

test('fractions are not lost', () => {
    const rest = new Remainder();
    const taken = Array.from({ length: 12 }, () => rest.take(0.25));
    assert.deepEqual(taken, [0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 1]);
    rest.take(0.9);
    rest.clear();
    assert.equal(rest.take(-1.5), -1);
    assert.equal(rest.take(-0.5), -1);
});
