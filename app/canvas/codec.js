// @ts-check
// Masks and label maps as they travel: run lengths over a box, and raw bytes.
// A mask is a Uint8Array of width * height with 0 or 1; a box is [top, left, bottom, right], half open.

/** @import { Box, Mask } from './types' */

/** The smallest box around the set pixels of `mask`, or null when there is none.
 * @param {Uint8Array} mask
 * @param {number} width
 * @param {number} height
 * @returns {Box | null} */
function boundsOf(mask, width, height) {
  let top = height,
    left = width,
    bottom = 0,
    right = 0;
  for (let y = 0; y < height; y++) {
    const row = y * width;
    for (let x = 0; x < width; x++) {
      if (!mask[row + x]) continue;
      if (y < top) top = y;
      if (y >= bottom) bottom = y + 1;
      if (x < left) left = x;
      if (x >= right) right = x + 1;
    }
  }
  return bottom ? [top, left, bottom, right] : null;
}

/** {box, runs} of a mask: row by row over its box, starting with the count of pixels outside; null when empty.
 * @param {Uint8Array} mask
 * @param {number} width
 * @param {number} height
 * @returns {Mask | null} */
export function encodeMask(mask, width, height) {
  const box = boundsOf(mask, width, height);
  if (!box) return null;
  const [top, left, bottom, right] = box;
  const runs = [];
  let inside = 0,
    run = 0;
  for (let y = top; y < bottom; y++) {
    for (let x = left; x < right; x++) {
      const here = mask[y * width + x] ? 1 : 0;
      if (here === inside) {
        run++;
        continue;
      }
      runs.push(run);
      inside = here;
      run = 1;
    }
  }
  runs.push(run);
  return { box, runs };
}

/** The mask of {box, runs}. Throws RangeError when it does not fit the picture.
 * @param {Mask} mask
 * @param {number} width
 * @param {number} height */
export function decodeMask({ box, runs }, width, height) {
  const [top, left, bottom, right] = box;
  if (!(top >= 0 && left >= 0 && top < bottom && left < right && bottom <= height && right <= width)) {
    throw new RangeError(`box ${box} does not fit ${width}x${height}`);
  }
  const across = right - left;
  const total = runs.reduce((sum, run) => sum + (run >= 0 ? run : NaN), 0);
  if (total !== across * (bottom - top)) throw new RangeError('runs do not fill the box');
  const mask = new Uint8Array(width * height);
  let at = 0;
  runs.forEach((run, index) => {
    for (const end = at + run; at < end; at++) {
      if (index % 2) mask[(top + Math.floor(at / across)) * width + left + (at % across)] = 1;
    }
  });
  return mask;
}

/** {labels, objects} of a label-map reply: u8 labels, then i32 little-endian objects.
 * @param {ArrayBuffer} buffer
 * @param {number} width
 * @param {number} height */
export function decodeLabels(buffer, width, height) {
  const count = width * height;
  if (buffer.byteLength !== count * 5) {
    throw new RangeError(`a label map of ${width}x${height} has ${count * 5} bytes, not ${buffer.byteLength}`);
  }
  const labels = new Uint8Array(buffer, 0, count);
  const bytes = new DataView(buffer, count);
  const objects = new Int32Array(count);
  for (let i = 0; i < count; i++) objects[i] = bytes.getInt32(i * 4, true);
  return { labels, objects };
}

/** '#rrggbb' -> [r, g, b].
 * @param {string} colour
 * @returns {[number, number, number]} */
export function rgb(colour) {
  const part = (/** @type {number} */ at) => Number.parseInt(colour.slice(at, at + 2), 16);
  return [part(1), part(3), part(5)];
}

/** RGBA bytes of a label map, every pixel opaque and of its class's colour; `palette` is a Map id -> [r, g, b].
 * @param {Uint8Array} labels
 * @param {Map<number, [number, number, number]>} palette
 * @param {Uint8ClampedArray} into */
export function paintLabels(labels, palette, into) {
  const table = new Uint32Array(256);
  for (const [id, [r, g, b]] of palette) table[id] = (255 << 24) | (b << 16) | (g << 8) | r;
  const pixels = new Uint32Array(into.buffer, into.byteOffset, labels.length);
  for (let i = 0; i < labels.length; i++) pixels[i] = table[labels[i] ?? 0] ?? 0;
  return into;
}
