import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as messages from '../../agent/stream/web/messages.js';
import { hex } from './hex.js';

const cases = {
    'a key': [messages.key(true, 17), '01011100'],
    'a key let go': [messages.key(false, 0x1d2), '0100d201'],
    'a button': [messages.button(1, 273), '02011101'],
    'a place': [messages.position(0, 65535), '03000000ffff'],
    'a place outside': [messages.position(-5, 1e9), '03000000ffff'],
    'a movement': [messages.motion(-1, 300), '0400ffff2c01'],
    'a movement beyond': [messages.motion(1e6, -1e6), '0400ff7f0180'],
    'the wheel': [messages.wheel(false, 120), '05007800'],
    'the wheel to the left': [messages.wheel(true, -120), '050188ff'],
    'all let go': [messages.release(), '0600'],
    'a pad': [messages.pad(1, 0b101, [-1, 1, 0.5, 0], [0, 1]), '0701050000000180ff7f0040000000ff'],
    'a pad with its highest button': [messages.pad(0, 1 << 31, [], []), '070000000080' + '00'.repeat(10)],
    'no number': [messages.pad(0, 0, [NaN, undefined], [NaN]), '0700' + '00'.repeat(14)],
    'several': [messages.join(messages.position(1, 2), messages.button(1, 272)), '03000100020002011001'],
    'none': [messages.join(), ''],
};

for (const [name, [bytes, text]] of Object.entries(cases)) {
    test(name, () => assert.equal(hex(bytes), text));
}
