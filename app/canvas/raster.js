// @ts-check
// Exact pixels: discs, strokes, fills, lassos and outlines on typed arrays. No canvas here, so nothing is anti-aliased.

/** @import { ObjectInView, Point, Segment } from './types' */

/** Half widths of the rows of a disc of `diameter` px around a pixel: row dy covers x - half .. x + half.
 * @param {number} diameter
 * @returns {Point[]} [dy, half] */
function discRows(diameter) {
  const radius = Math.max(1, diameter) / 2;
  const reach = Math.floor(radius);
  /** @type {Point[]} */
  const rows = [];
  for (let dy = -reach; dy <= reach; dy++) rows.push([dy, Math.floor(Math.sqrt(radius * radius - dy * dy))]);
  return rows;
}

/** Set a disc at pixel (x, y). Parts outside the picture are cut off.
 * @param {Uint8Array} mask
 * @param {number} width
 * @param {number} height
 * @param {number} x
 * @param {number} y
 * @param {Point[]} rows */
function stampDisc(mask, width, height, x, y, rows) {
  for (const [dy, half] of rows) {
    const row = y + dy;
    if (row < 0 || row >= height) continue;
    const from = Math.max(0, x - half),
      to = Math.min(width, x + half + 1);
    if (from < to) mask.fill(1, row * width + from, row * width + to);
  }
}

/** The pixels from (x0, y0) to (x1, y1), both included (Bresenham).
 * @param {number} x0
 * @param {number} y0
 * @param {number} x1
 * @param {number} y1
 * @returns {Point[]} */
export function linePixels(x0, y0, x1, y1) {
  /** @type {Point[]} */
  const pixels = [];
  const dx = Math.abs(x1 - x0),
    dy = -Math.abs(y1 - y0);
  const stepX = x0 < x1 ? 1 : -1,
    stepY = y0 < y1 ? 1 : -1;
  for (let x = x0, y = y0, error = dx + dy; ; ) {
    pixels.push([x, y]);
    if (x === x1 && y === y1) return pixels;
    const twice = 2 * error;
    if (twice >= dy) {
      error += dy;
      x += stepX;
    }
    if (twice <= dx) {
      error += dx;
      y += stepY;
    }
  }
}

/** Set a stroke of discs along a segment.
 * @param {Uint8Array} mask
 * @param {number} width
 * @param {number} height
 * @param {Point} from
 * @param {Point} to
 * @param {number} diameter */
export function stampLine(mask, width, height, from, to, diameter) {
  const rows = discRows(diameter);
  for (const [x, y] of linePixels(from[0], from[1], to[0], to[1])) stampDisc(mask, width, height, x, y, rows);
}

/** Mask of the 4-connected pixels that are alike in every one of `maps` as (x, y) is: labels, or labels and objects.
 * @param {(Uint8Array | Int32Array)[]} maps
 * @param {number} width
 * @param {number} height
 * @param {number} x
 * @param {number} y */
export function floodFill(maps, width, height, x, y) {
  const mask = new Uint8Array(width * height);
  if (x < 0 || y < 0 || x >= width || y >= height) return mask;
  const start = y * width + x;
  const same = (/** @type {number} */ at) => !mask[at] && maps.every((map) => map[at] === map[start]);
  const stack = [start];
  for (let seed = stack.pop(); seed !== undefined; seed = stack.pop()) {
    if (!same(seed)) continue;
    const row = Math.floor(seed / width) * width;
    let left = seed,
      right = seed;
    while (left > row && same(left - 1)) left--;
    while (right < row + width - 1 && same(right + 1)) right++;
    mask.fill(1, left, right + 1);
    for (let at = left; at <= right; at++) {
      if (row > 0 && same(at - width)) stack.push(at - width);
      if (row + width < mask.length && same(at + width)) stack.push(at + width);
    }
  }
  return mask;
}

/** Mask of a closed polygon, even-odd, sampled at pixel centres; points are in pixels of the picture.
 * @param {Point[]} points
 * @param {number} width
 * @param {number} height */
export function lassoMask(points, width, height) {
  const mask = new Uint8Array(width * height);
  if (points.length < 3) return mask;
  for (let y = 0; y < height; y++) {
    const crossings = rowCrossings(points, y + 0.5);
    for (const [index, enter] of crossings.entries()) {
      const leave = crossings[index + 1];
      if (index % 2 || leave === undefined) continue;
      const from = Math.max(0, Math.ceil(enter - 0.5));
      const to = Math.min(width, Math.ceil(leave - 0.5));
      if (from < to) mask.fill(1, y * width + from, y * width + to);
    }
  }
  return mask;
}

/** @param {Point[]} points
 * @param {number} y */
function rowCrossings(points, y) {
  /** @type {number[]} */
  const crossings = [];
  let before = points.at(-1);
  for (const point of points) {
    const [xi, yi] = point;
    const [xj, yj] = before ?? point;
    if (yi > y !== yj > y) crossings.push(xi + ((y - yi) / (yj - yi)) * (xj - xi));
    before = point;
  }
  return crossings.sort((a, b) => a - b);
}

/** Keep only pixels whose class is in `over` (a Set), when it is given.
 * @param {Uint8Array} mask
 * @param {Uint8Array} labels
 * @param {Set<number> | null} over */
export function protect(mask, labels, over) {
  if (!over) return mask;
  return mask.map((set, at) => (set && over.has(labels[at] ?? 0) ? 1 : 0));
}

/** Mask of everything that belongs to one object.
 * @param {Int32Array} objects
 * @param {number} id */
export function objectMask(objects, id) {
  const mask = new Uint8Array(objects.length);
  for (let i = 0; i < objects.length; i++) if (objects[i] === id) mask[i] = 1;
  return mask;
}

/** Border of a mask as segments [x0, y0, x1, y1] along pixel edges, joined while they go straight on.
 * @param {Uint8Array} mask
 * @param {number} width
 * @param {number} height
 * @returns {Segment[]} */
export function outline(mask, width, height) {
  /** @type {Segment[]} */
  const segments = [];
  const at = (/** @type {number} */ x, /** @type {number} */ y) =>
    x >= 0 && y >= 0 && x < width && y < height ? mask[y * width + x] : 0;
  for (let y = 0; y <= height; y++) {
    for (let x = 0, from = -1; x <= width; x++) {
      const edge = x < width && at(x, y) !== at(x, y - 1);
      if (edge && from < 0) from = x;
      if (!edge && from >= 0) {
        segments.push([from, y, x, y]);
        from = -1;
      }
    }
  }
  for (let x = 0; x <= width; x++) {
    for (let y = 0, from = -1; y <= height; y++) {
      const edge = y < height && at(x, y) !== at(x - 1, y);
      if (edge && from < 0) from = y;
      if (!edge && from >= 0) {
        segments.push([x, from, x, y]);
        from = -1;
      }
    }
  }
  return segments;
}

/** Objects of a frame, largest first: [{object, label, area, box}].
 * @param {Uint8Array} labels
 * @param {Int32Array} objects
 * @param {number} width
 * @returns {ObjectInView[]} */
export function objectsIn(labels, objects, width) {
  const found = new Map();
  for (let i = 0; i < objects.length; i++) {
    const x = i % width,
      y = (i - x) / width;
    const entry = found.get(objects[i]);
    if (!entry) {
      found.set(objects[i], { object: objects[i], label: labels[i], area: 1, box: [y, x, y + 1, x + 1] });
      continue;
    }
    entry.area++;
    const box = entry.box;
    if (y >= box[2]) box[2] = y + 1;
    if (x < box[1]) box[1] = x;
    if (x >= box[3]) box[3] = x + 1;
  }
  return [...found.values()].sort((a, b) => b.area - a.area);
}
