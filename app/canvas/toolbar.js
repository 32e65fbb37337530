// The tools at the left with their keys, and the size of the brush.

import { h, setText } from './dom.js';
import { icon } from './icons.js';

export const TOOL_KEYS = { select: 'V', brush: 'B', eraser: 'E', fill: 'G', lasso: 'L', pick: 'I', hand: 'H' };
const HINTS = {
  select: 'Select an object',
  brush: 'Brush: paint the chosen class',
  eraser: 'Eraser: give back what the clip had',
  fill: 'Fill the area under the pointer',
  lasso: 'Lasso: draw around an area to fill it',
  pick: 'Eyedropper: take the class under the pointer',
  hand: 'Hand: move the picture',
};
export const SIZES = { least: 1, most: 128 };

/** The next brush size: about a sixth more or less, at least one pixel. */
export function nextSize(size, direction) {
  const step = Math.max(1, Math.round(size / 6));
  return Math.min(SIZES.most, Math.max(SIZES.least, size + direction * step));
}

export class Toolbar {
  constructor(store) {
    this.buttons = Object.keys(TOOL_KEYS).map((tool) =>
      h(
        'button.sb-tool',
        {
          type: 'button',
          'data-tool': tool,
          title: `${HINTS[tool]} (${TOOL_KEYS[tool]})`,
          ariaLabel: HINTS[tool],
          onclick: () => store.set({ tool }),
        },
        icon(tool),
        h('kbd', { ariaHidden: 'true' }, TOOL_KEYS[tool]),
      ),
    );
    this.size = h('span.sb-size', {});
    this.slider = h('input.sb-size-slider', {
      type: 'range',
      min: 0,
      max: 100,
      step: 1,
      ariaLabel: 'Brush size in pixels',
      oninput: () => store.set({ size: fromSlider(Number(this.slider.value)) }),
    });
    this.element = h(
      'nav.sb-tools',
      { ariaLabel: 'Tools' },
      ...this.buttons,
      h('div.sb-sizes', {}, this.size, this.slider, h('kbd', { ariaHidden: 'true' }, '[ ]')),
    );
    store.subscribe((state) => this.update(state));
  }

  update(state) {
    for (const button of this.buttons) button.setAttribute('aria-pressed', String(button.dataset.tool === state.tool));
    setText(this.size, `${state.size} px`);
    const at = String(toSlider(state.size));
    if (this.slider.value !== at) this.slider.value = at;
    this.slider.setAttribute('aria-valuetext', `${state.size} pixels`);
  }
}

/** Slider 0..100 to size, finer for small brushes. */
export function fromSlider(value) {
  return Math.round(SIZES.least + (SIZES.most - SIZES.least) * (value / 100) ** 2);
}

export function toSlider(size) {
  return Math.round(100 * Math.sqrt((size - SIZES.least) / (SIZES.most - SIZES.least)));
}
