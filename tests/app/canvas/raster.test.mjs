import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  floodFill,
  lassoMask,
  linePixels,
  objectMask,
  objectsIn,
  outline,
  protect,
  stampLine,
} from '../../../app/canvas/raster.js';
import { draw, maps, mask, seeded } from './pictures.mjs';

const stroke = (width, height, from, to, size) => {
  const pixels = new Uint8Array(width * height);
  stampLine(pixels, width, height, from, to, size);
  return draw(pixels, width);
};

test('a brush of one pixel is one pixel, of three a square, of five a disc', () => {
  assert.deepEqual(stroke(3, 3, [1, 1], [1, 1], 1), ['...', '.#.', '...']);
  assert.deepEqual(stroke(5, 5, [2, 2], [2, 2], 3), ['.....', '.###.', '.###.', '.###.', '.....']);
  assert.deepEqual(stroke(7, 7, [3, 3], [3, 3], 5), [
    '.......',
    '..###..',
    '.#####.',
    '.#####.',
    '.#####.',
    '..###..',
    '.......',
  ]);
});

test('a stroke is cut at the border of the picture', () => {
  assert.deepEqual(stroke(4, 3, [-1, 1], [-1, 1], 3), ['#...', '#...', '#...']);
  assert.deepEqual(stroke(4, 3, [90, 90], [90, 90], 9), ['....', '....', '....']);
});

test('a stroke is the union of discs on every pixel of its segment, whichever way it goes', () => {
  const random = seeded(3);
  for (let round = 0; round < 40; round++) {
    const [x0, y0, x1, y1] = Array.from({ length: 4 }, () => Math.floor(random() * 30) - 3);
    const size = 1 + Math.floor(random() * 12);
    const expected = new Uint8Array(24 * 20);
    for (const [cx, cy] of linePixels(x0, y0, x1, y1)) {
      for (let y = 0; y < 20; y++)
        for (let x = 0; x < 24; x++) if ((x - cx) ** 2 + (y - cy) ** 2 <= (size / 2) ** 2) expected[y * 24 + x] = 1;
    }
    assert.deepEqual(stroke(24, 20, [x0, y0], [x1, y1], size), draw(expected, 24));
  }
});

test('a line has both ends and no gaps', () => {
  const pixels = linePixels(2, 9, 13, 4);
  assert.deepEqual(pixels[0], [2, 9]);
  assert.deepEqual(pixels.at(-1), [13, 4]);
  for (const [index, [x, y]] of pixels.slice(1).entries()) {
    assert.ok(Math.abs(x - pixels[index][0]) <= 1 && Math.abs(y - pixels[index][1]) <= 1);
  }
});

test('fill goes by class, or by object where that is asked, and does not cross corners', () => {
  const { labels, objects, width, height } = maps('aab', 'aba', 'baa');
  assert.deepEqual(draw(floodFill([labels, objects], width, height, 0, 0), width), ['##.', '#..', '...']);
  objects[1] = 5; // the same class, another object
  assert.deepEqual(draw(floodFill([labels, objects], width, height, 0, 0), width), ['#..', '#..', '...']);
  assert.deepEqual(draw(floodFill([labels], width, height, 0, 0), width), ['##.', '#..', '...']);
  assert.ok(floodFill([labels], width, height, 7, 0).every((set) => !set));
});

test('fill equals a slow search', () => {
  const random = seeded(11);
  for (let round = 0; round < 30; round++) {
    const width = 17,
      height = 12;
    const labels = Uint8Array.from({ length: width * height }, () => Math.floor(random() * 2));
    const objects = Int32Array.from(labels);
    const x = Math.floor(random() * width),
      y = Math.floor(random() * height);
    const slow = new Uint8Array(labels.length);
    const visit = (cx, cy) => {
      const at = cy * width + cx;
      if (cx < 0 || cy < 0 || cx >= width || cy >= height || slow[at] || labels[at] !== labels[y * width + x]) return;
      slow[at] = 1;
      for (const [dx, dy] of [
        [1, 0],
        [-1, 0],
        [0, 1],
        [0, -1],
      ])
        visit(cx + dx, cy + dy);
    };
    visit(x, y);
    assert.deepEqual(floodFill([labels, objects], width, height, x, y), slow);
  }
});

test('a lasso takes the pixels whose centres are inside, even-odd', () => {
  assert.deepEqual(
    draw(
      lassoMask(
        [
          [1, 1],
          [4, 1],
          [4, 3],
          [1, 3],
        ],
        5,
        4,
      ),
      5,
    ),
    ['.....', '.###.', '.###.', '.....'],
  );
  assert.deepEqual(
    draw(
      lassoMask(
        [
          [1.4, 0.4],
          [3.6, 0.4],
          [3.6, 2.6],
          [1.4, 2.6],
        ],
        5,
        4,
      ),
      5,
    ),
    ['.###.', '.###.', '.###.', '.....'].map((row, y) => (y < 3 ? row : '.....')),
  );
  assert.ok(
    lassoMask(
      [
        [0, 0],
        [5, 5],
      ],
      5,
      5,
    ).every((set) => !set),
  );
});

test('protection keeps what is not named', () => {
  const { labels } = maps('abc');
  assert.deepEqual([...protect(Uint8Array.from([1, 1, 0]), labels, new Set([98, 99]))], [0, 1, 0]);
  assert.deepEqual([...protect(Uint8Array.from([1, 1, 0]), labels, null)], [1, 1, 0]);
});

test('an outline runs along pixel edges', () => {
  const { pixels, width, height } = mask('....', '.##.', '....');
  const edges = outline(pixels, width, height).map(String).sort();
  assert.deepEqual(edges, ['1,1,1,2', '1,1,3,1', '1,2,3,2', '3,1,3,2'].sort());
});

test('objects of a frame, largest first, with area and box', () => {
  const { labels, objects, width } = maps('aab', 'aab', 'aaa');
  const [first, second] = objectsIn(labels, objects, width);
  assert.deepEqual(first, { object: 970, label: 97, area: 7, box: [0, 0, 3, 3] });
  assert.deepEqual(second, { object: 980, label: 98, area: 2, box: [0, 2, 2, 3] });
  assert.equal(
    objectMask(objects, 980).reduce((a, b) => a + b),
    2,
  );
});
