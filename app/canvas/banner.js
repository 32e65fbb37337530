// @ts-check
// A calm line below the header while nothing can be saved: why, what to do, and a button to try again.

import { h, setText, show } from './dom.js';

/** @import { Actions } from './actions.js' */
/** @import { Store } from './store.js' */

export class Banner {
  /** @param {Actions} actions
   * @param {Store} store */
  constructor(actions, store) {
    const words = h('span');
    this.element = h('div.sb-banner', { role: 'status', hidden: true }, words, actions.button('claim'));
    store.subscribeOpen(({ server: { read_only: refusal } }) => {
      show(this.element, Boolean(refusal));
      if (!refusal) return;
      setText(words, `Read only: ${refusal.error} ${refusal.fix} Until then you can look, play and download.`);
    });
  }
}
