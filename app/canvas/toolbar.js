// @ts-check
// The tools at the left with their keys, and the size of the brush.

import { h, setText } from './dom.js';
import { icon } from './icons.js';
import { fromSlider, toSlider } from './size.js';
import { TOOLS } from './tools.js';

/** @import { Actions } from './actions.js' */
/** @import { Store } from './store.js' */
/** @import { State } from './types' */

export class Toolbar {
  /** @param {Actions} actions
   * @param {Store} store */
  constructor(actions, store) {
    const buttons = TOOLS.map((tool) => {
      const attributes = { 'data-tool': tool.name, ariaLabel: tool.hint };
      const key = h('kbd', { ariaHidden: 'true' }, tool.key.toUpperCase());
      return actions.button(tool.name, { look: 'sb-tool', attributes }, icon(tool.name), key);
    });
    const correct = actions.button(
      'correct',
      { look: 'sb-tool.sb-correct', attributes: { ariaLabel: 'Correct labels' } },
      icon('correct'),
      h('kbd', { ariaHidden: 'true' }, 'K'),
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
    const keys = h('kbd', { ariaHidden: 'true' }, '[ ]');
    const sizes = h('div.sb-sizes', {}, this.size, this.slider, keys);
    this.element = h('nav.sb-tools', { ariaLabel: 'Tools' }, ...buttons, correct, sizes);
    store.subscribe((state) => this.update(state));
  }

  /** @param {State} state */
  update(state) {
    setText(this.size, `${state.size} px`);
    const at = String(toSlider(state.size));
    if (this.slider.value !== at) this.slider.value = at;
    this.slider.setAttribute('aria-valuetext', `${state.size} pixels`);
  }
}
