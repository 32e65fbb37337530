// @ts-check
// A calm line below the header: why nothing can be saved, what to do, and a button to try again; or that WebSockets
// are blocked.

import { h, setText, show } from './dom.js';

/** @import { Actions } from './actions.js' */
/** @import { Store } from './store.js' */

const BLOCKED =
  'Live updates are blocked, perhaps by a proxy: the page asks for what is new once a second, so it is slower. ' +
  'Let WebSockets through, or open the page without the proxy.';

/** @param {{error: string, fix: string}} refusal */
const readOnly = ({ error, fix }) => `Read only: ${error} ${fix} Until then you can look, play and download.`;

export class Banner {
  /** @param {Actions} actions
   * @param {Store} store */
  constructor(actions, store) {
    const words = h('span');
    const claim = actions.button('claim');
    const hide = h('button.sb-button', { type: 'button', onclick: () => this.hide() }, 'Hide');
    this.hidden = false;
    this.element = h('div.sb-banner', { role: 'status', hidden: true }, words, claim, hide);
    store.subscribeOpen(({ server: { read_only: refusal }, online, blocked }) => {
      const slow = blocked && online && !this.hidden;
      show(this.element, Boolean(refusal) || slow);
      show(claim, Boolean(refusal));
      show(hide, !refusal);
      if (slow || refusal) setText(words, refusal ? readOnly(refusal) : BLOCKED);
    });
  }

  /** It is known, until the page is loaded again. */
  hide() {
    this.hidden = true;
    show(this.element, false);
  }
}
