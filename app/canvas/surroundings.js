// @ts-check
// How much around an edit is redone with it, and how much of its shadow what is taken away takes along.

import { h, setText, show } from './dom.js';
import { isRemoval } from './edits.js';

/** @import { Session } from './session.js' */
/** @import { Store } from './store.js' */
/** @import { Edit, Shadow } from './types' */

const MOST = 40;

/** Fields for the edits of a lane; where everything is rendered, and for looks, there are none. */
export class Surroundings {
  /** @param {Session} session
   * @param {Store} store
   * @param {string} title of the lane */
  constructor(session, store, title) {
    this.session = session;
    this.store = store;
    /** @type {string[]} */
    this.ids = [];
    this.pixels = h('output', {});
    this.slider = h('input', {
      type: 'range',
      min: 0,
      max: MOST,
      ariaLabel: `Surroundings of ${title}, in pixels`,
      oninput: () => this.say(),
      onchange: () => this.save({ margin: Number(this.slider.value) }),
    });
    const saveShadow = () => this.save({ shadow: this.shadow.checked && (this.whole.checked ? 'whole' : true) });
    this.shadow = h('input', { type: 'checkbox', onchange: saveShadow });
    this.whole = h('input', { type: 'checkbox', onchange: saveShadow });
    this.shadowRow = h(
      'label.sb-extend',
      { title: 'Dark ground around its foot is lit again' },
      this.shadow,
      'take its shadow too',
    );
    this.wholeRow = h(
      'label.sb-extend',
      { title: 'Dark ground far from its foot too, where another frame shows it in the light' },
      this.whole,
      'its whole shadow, where it is long',
    );
    const hint = 'So far around what it changes the film is not kept';
    const row = h('label.sb-around', { title: hint }, h('span', {}, 'its surroundings too'), this.slider, this.pixels);
    this.element = h('div.sb-range.sb-surroundings', {}, row, this.shadowRow, this.wholeRow);
  }

  /** Show what is saved.
   * @param {Edit} edit
   * @param {string[]} ids the edits of the lane */
  put(edit, ids) {
    const kept = this.store.open.server.mode === 'footage';
    const corrects = 'corrects' in edit && edit.corrects;
    show(this.element, kept && 'margin' in edit && !corrects);
    this.ids = ids;
    if (!('margin' in edit)) return;
    this.slider.value = String(edit.margin ?? 0);
    this.say();
    const shadow = isRemoval(edit) ? edit.shadow : undefined;
    for (const one of [this.shadowRow, this.wholeRow]) show(one, isRemoval(edit));
    this.shadow.checked = Boolean(shadow);
    this.whole.checked = shadow === 'whole';
    this.whole.disabled = !this.shadow.checked;
  }

  say() {
    setText(this.pixels, `${this.slider.value} px`);
    this.slider.setAttribute('aria-valuetext', `${this.slider.value} pixels`);
  }

  /** @param {{margin?: number, shadow?: Shadow}} wish */
  async save(wish) {
    if (this.session.mayEdit()) await this.session.surround(this.ids, wish);
  }
}
