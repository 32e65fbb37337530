// What can be taken home. It is fetched by the page, so that it can say why there is no file when there is none.

import { ApiError, fileName } from './api.js';
import { h } from './dom.js';
import { closeMenu, toggleMenu } from './menu.js';

const FILES = [
  ['video.mp4', 'Video', 'mp4, H.264, plays in browsers'],
  ['frames.zip', 'Frames', 'a PNG for every frame'],
  ['labels.zip', 'Label maps', '16-bit PNG, opens again as a clip'],
  ['edits.json', 'Edits', 'for the command line: core render --edits'],
];

export class Downloads {
  constructor(api, session, store) {
    Object.assign(this, { api, session, store, busy: new Set() });
  }

  openMenu(anchor) {
    toggleMenu(
      anchor,
      FILES.map(([file, text, note]) =>
        h(
          'button.sb-item',
          {
            type: 'button',
            role: 'menuitem',
            disabled: this.busy.has(file),
            onclick: () => {
              closeMenu();
              this.take(file, text);
            },
          },
          h('span', {}, text),
          h('small', {}, this.busy.has(file) ? 'being made' : note),
        ),
      ),
      { label: 'Download' },
    );
  }

  /** The file as it is when it is asked for: what is missing is rendered first. */
  async take(file, text) {
    this.busy.add(file);
    const waiting = { text: `${text}: being made, what is missing is rendered first`, kind: 'busy' };
    this.store.set({ message: waiting });
    try {
      const reply = await this.api.request(`projects/${this.session.server.project}/${file}`);
      const data = await reply.blob().catch(() => {
        throw new ApiError(0);
      });
      save(data, fileName(reply.headers.get('Content-Disposition')) ?? file);
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      this.session.say(`${text}: no file was made. ${error.message}`, 'error');
    } finally {
      this.busy.delete(file);
      if (this.store.state.message === waiting) this.store.set({ message: null });
    }
  }
}

function save(data, name) {
  const href = URL.createObjectURL(data);
  h('a', { href, download: name }).click();
  setTimeout(() => URL.revokeObjectURL(href), 60_000);
}
