// Two number fields for a range of frames, counted from 1, both ends included.

import { h } from './dom.js';
import { typedRange } from './edits.js';

/** Fields for [start, stop) of a clip of `count` frames; change(range) is called with what is typed. `put` shows another range. */
export function rangeFields(range, count, change) {
  const field = (label) =>
    h('input.sb-number', { type: 'number', min: 1, max: count, ariaLabel: label, onchange: () => take() });
  const from = field('First frame'),
    to = field('Last frame');
  const put = ([start, stop]) => {
    from.value = start + 1;
    to.value = stop;
  };
  const take = () => {
    const typed = typedRange(Number(from.value), Number(to.value), count);
    if (typed) change(typed);
  };
  const whole = h(
    'button.sb-button',
    {
      type: 'button',
      onclick: () => {
        put([0, count]);
        change([0, count]);
      },
    },
    'Whole clip',
  );
  put(range);
  return { put, element: h('div.sb-range', {}, h('span', {}, 'frames'), from, '–', to, whole) };
}

/** The fields for what is done next: the store's `range`, null for the whole clip. */
export function rangeForm(store) {
  const { range, server } = store.state;
  const count = server.clip.frames;
  const change = ([start, stop]) => store.set({ range: start === 0 && stop === count ? null : [start, stop] });
  return rangeFields(range ?? [0, count], count, change).element;
}
