// A calm line below the header while nothing can be saved: why, what to do, and a button to try again.

import { h, setText, show } from './dom.js';

export class Banner {
  constructor(actions, store) {
    this.words = h('span');
    this.again = h('button.sb-button', { type: 'button', onclick: () => this.claim(actions) }, 'Try again');
    this.element = h('div.sb-banner', { role: 'status', hidden: true }, this.words, this.again);
    store.subscribe((state) => this.update(state));
  }

  update({ server }) {
    const refusal = server?.read_only;
    show(this.element, Boolean(refusal));
    if (refusal)
      setText(this.words, `Read only: ${refusal.error} ${refusal.fix} Until then you can look, play and download.`);
  }

  async claim(actions) {
    this.again.disabled = true;
    await actions.claim();
    this.again.disabled = false;
  }
}
