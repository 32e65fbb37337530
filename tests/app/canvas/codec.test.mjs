import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { decodeLabels, decodeMask, encodeMask, paintLabels } from '../../../app/canvas/codec.js';
import { mask, seeded } from './pictures.mjs';

test('a mask is run lengths over its box, starting with the pixels outside', () => {
  const { pixels, width, height } = mask('.....', '.##..', '..#..');
  assert.deepEqual(encodeMask(pixels, width, height), { box: [1, 1, 3, 3], runs: [0, 2, 1, 1] });
});

test('an empty mask has no code', () => assert.equal(encodeMask(new Uint8Array(12), 4, 3), null));

test('decode is the inverse of encode, for noise and for full pictures', () => {
  const random = seeded(7);
  for (let round = 0; round < 60; round++) {
    const width = 1 + Math.floor(random() * 19),
      height = 1 + Math.floor(random() * 13);
    const pixels = Uint8Array.from({ length: width * height }, () => (random() < (round % 10) / 9 ? 1 : 0));
    const code = encodeMask(pixels, width, height);
    if (!code) {
      assert.ok(pixels.every((set) => !set));
      continue;
    }
    assert.equal(
      code.runs.reduce((a, b) => a + b),
      (code.box[2] - code.box[0]) * (code.box[3] - code.box[1]),
    );
    assert.deepEqual(decodeMask(code, width, height), pixels);
  }
});

test('masks that do not fit are refused', () => {
  assert.throws(() => decodeMask({ box: [0, 0, 2, 9], runs: [0, 18] }, 4, 4), RangeError);
  assert.throws(() => decodeMask({ box: [0, 0, 2, 2], runs: [0, 3] }, 4, 4), RangeError);
  assert.throws(() => decodeMask({ box: [0, 0, 2, 2], runs: [-1, 5] }, 4, 4), RangeError);
});

test('a label map is u8 labels, then i32 objects in little endian', () => {
  const bytes = new Uint8Array([3, 14, 0xb8, 0x0b, 0, 0, 0x40, 0x42, 0x0f, 0]);
  const { labels, objects } = decodeLabels(bytes.buffer, 2, 1);
  assert.deepEqual([...labels], [3, 14]);
  assert.deepEqual([...objects], [3000, 1_000_000]);
  assert.throws(() => decodeLabels(bytes.buffer, 2, 2), RangeError);
});

test('labels are drawn in exactly the colours of their classes', () => {
  const into = new Uint8ClampedArray(12);
  paintLabels(
    Uint8Array.from([1, 2, 1]),
    new Map([
      [1, [128, 64, 128]],
      [2, [255, 0, 7]],
    ]),
    into,
  );
  assert.deepEqual([...into], [128, 64, 128, 255, 255, 0, 7, 255, 128, 64, 128, 255]);
});

test('masks are written as the server writes them', () => {
  for (const { rows, box, runs } of JSON.parse(readFileSync(new URL('masks.json', import.meta.url)))) {
    const { pixels, width, height } = mask(...rows);
    assert.deepEqual(encodeMask(pixels, width, height), { box, runs });
    assert.deepEqual(decodeMask({ box, runs }, width, height), pixels);
  }
});
