// @ts-check
// One object cut in two: by a line across it, or by one around a part; or into its connected parts.

import { lassoMask, linePixels } from './raster.js';

/** @import { Point } from './types' */

// Pieces of a smaller share of what a line cuts are crumbs of the line: they stay.
const CRUMB = 0.01;

/** The 4-connected parts of a mask, largest first.
 * @param {Uint8Array} mask
 * @param {number} width
 * @returns {number[][]} the pixels of each */
export function connectedParts(mask, width) {
  const left = mask.slice();
  /** @type {number[][]} */
  const parts = [];
  for (let start = 0; start < left.length; start++) {
    if (!left[start]) continue;
    left[start] = 0;
    const part = [start];
    for (let index = 0; index < part.length; index++) {
      const at = part[index] ?? 0;
      const x = at % width;
      for (const next of [at - width, at + width, x > 0 ? at - 1 : -1, x < width - 1 ? at + 1 : -1]) {
        if (!left[next]) continue;
        left[next] = 0;
        part.push(next);
      }
    }
    parts.push(part);
  }
  return parts.sort((a, b) => b.length - a.length);
}

/** What a drawn line takes off an object: the smaller side where it cuts through, else what it goes around.
 * @param {Uint8Array} whole mask of the object
 * @param {Point[]} points of the line, in pixels of the picture
 * @param {number} width
 * @param {number} height
 * @returns {Uint8Array | null} null: it takes nothing, or all */
export function cutMask(whole, points, width, height) {
  const cut = cutThrough(whole, points, width, height);
  if (cut) return cut;
  const around = lassoMask(points, width, height).map((set, at) => set & (whole[at] ?? 0));
  const taken = count(around);
  return taken && taken < count(whole) ? around : null;
}

/** @param {Uint8Array} whole
 * @param {Point[]} points
 * @param {number} width
 * @param {number} height */
function cutThrough(whole, points, width, height) {
  const rest = whole.slice();
  const line = lineMask(points, width, height);
  for (let at = 0; at < rest.length; at++) if (line[at]) rest[at] = 0;
  const part = new Uint8Array(whole.length);
  const owner = new Int32Array(whole.length).fill(-1);
  const parts = connectedParts(whole, width);
  for (const [index, pixels] of parts.entries()) for (const at of pixels) owner[at] = index;
  /** @type {Set<number>} those of which the largest piece was seen: it stays */
  const seen = new Set();
  for (const pixels of connectedParts(rest, width)) {
    const from = owner[pixels[0] ?? 0] ?? -1;
    const crumb = pixels.length < CRUMB * (parts[from]?.length ?? 0);
    if (seen.has(from) && !crumb) for (const at of pixels) part[at] = 1;
    seen.add(from);
  }
  if (!count(part)) return null;
  // The line itself goes with the side that it touches.
  const touched = part.slice();
  for (let at = 0; at < part.length; at++) {
    const near = part[at - 1] || part[at + 1] || part[at - width] || part[at + width];
    if (line[at] && whole[at] && near) touched[at] = 1;
  }
  return touched;
}

/** @param {Point[]} points
 * @param {number} width
 * @param {number} height */
function lineMask(points, width, height) {
  const mask = new Uint8Array(width * height);
  let before = points[0];
  for (const point of points) {
    const [x0, y0] = before ?? point;
    for (const [x, y] of linePixels(Math.floor(x0), Math.floor(y0), Math.floor(point[0]), Math.floor(point[1]))) {
      if (x >= 0 && y >= 0 && x < width && y < height) mask[y * width + x] = 1;
    }
    before = point;
  }
  return mask;
}

/** @param {Uint8Array} mask */
function count(mask) {
  let sum = 0;
  for (const set of mask) sum += set;
  return sum;
}
