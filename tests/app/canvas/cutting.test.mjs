import assert from 'node:assert/strict';
import { test } from 'node:test';
import { connectedParts, cutMask } from '../../../app/canvas/cutting.js';
import { draw, mask } from './pictures.mjs';

const WHOLE = ['..........', '.########.', '.########.', '.########.', '..........'];

const cut = (rows, points) => {
  const found = cutMask(mask(...rows).pixels, points, rows[0].length, rows.length);
  return found && draw(found, rows[0].length);
};

test('connected parts are found, the largest first', () => {
  const parts = connectedParts(mask('##..#', '....#', '..#.#').pixels, 5);
  assert.deepEqual(
    parts.map((part) => part.length),
    [3, 2, 1],
  );
  assert.deepEqual(connectedParts(mask('#.', '.#').pixels, 2).length, 2);
});

test('a line across takes the smaller side off, and itself', () => {
  assert.deepEqual(
    cut(WHOLE, [
      [3.5, 0.5],
      [3.5, 4.5],
    ]),
    ['..........', '.###......', '.###......', '.###......', '..........'],
  );
  // Slanted, with the pointer seen only here and there.
  assert.deepEqual(
    cut(WHOLE, [
      [6.5, -3],
      [9.5, 6],
    ]),
    ['..........', '.......##.', '........#.', '..........', '..........'],
  );
});

test('a line around a part takes that', () => {
  const around = [
    [5.2, 0.2],
    [9.9, 0.2],
    [9.9, 4.8],
    [5.2, 4.8],
  ];
  assert.deepEqual(cut(WHOLE, around), ['..........', '.....####.', '.....####.', '.....####.', '..........']);
  const two = ['##.##', '##.##'];
  assert.deepEqual(
    cut(two, [
      [2.5, -1],
      [6, -1],
      [6, 3],
      [2.5, 3],
    ]),
    ['...##', '...##'],
  );
});

test('a line beside it, into it or around all of it takes nothing', () => {
  assert.equal(
    cut(WHOLE, [
      [0.5, 0.5],
      [0.5, 4.5],
    ]),
    null,
  );
  assert.equal(
    cut(WHOLE, [
      [3.5, 0.5],
      [3.5, 2.5],
    ]),
    null,
  );
  assert.equal(
    cut(WHOLE, [
      [0, 0],
      [10, 0],
      [10, 5],
      [0, 5],
    ]),
    null,
  );
  assert.equal(cut(WHOLE, [[3.5, 2.5]]), null);
});
