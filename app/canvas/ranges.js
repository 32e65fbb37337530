// @ts-check
// Two number fields for a range of frames, counted from 1, both ends included.

import { h } from './dom.js';
import { typedRange } from './edits.js';

/** @import { Frames } from './types' */

/** The fields; at rest they show the range that counts. change(range) is called with what is typed, put in order and
 * inside the clip; what is no frame is taken back.
 * @param {(range: Frames) => void} change
 * @returns {{element: HTMLElement, put: (range: Frames, count: number) => void}} put: shows another range, of a clip of
 *   so many frames */
export function rangeFields(change) {
  /** @type {Frames} */
  let now = [0, 1];
  let frames = 1;
  /** @param {'start' | 'stop'} end */
  const take = (end) => {
    const typed = typedRange(now, end, (end === 'start' ? from : to).value, frames);
    now = typed ?? now;
    write();
    if (typed) change(typed);
  };
  /** @param {string} label
   * @param {'start' | 'stop'} end */
  const field = (label, end) =>
    h('input.sb-number', { type: 'number', min: 1, ariaLabel: label, onchange: () => take(end) });
  const from = field('First frame', 'start');
  const to = field('Last frame', 'stop');
  const write = () => {
    from.value = String(now[0] + 1);
    to.value = String(now[1]);
    from.max = to.max = String(frames);
  };
  const all = () => {
    now = [0, frames];
    write();
    change(now);
  };
  const whole = h('button.sb-button', { type: 'button', onclick: all }, 'Whole clip');
  return {
    element: h('div.sb-range', {}, h('span', {}, 'frames'), from, '–', to, whole),
    put(range, count) {
      // What is being typed is left alone until something else becomes the range.
      if (count === frames && String(range) === String(now)) return;
      now = range;
      frames = count;
      write();
    },
  };
}
