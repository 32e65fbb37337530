// @ts-check
// What can be downloaded. It is fetched by the page, so that it can say why there is no file when there is none.

import { ApiError, fileName } from './api.js';
import { h } from './dom.js';
import { lines, toggleMenu } from './menu.js';

/** @import { Actions } from './actions.js' */
/** @import { Api } from './api.js' */
/** @import { Session } from './session.js' */
/** @import { Store } from './store.js' */
/** @import { Action, DownloadForm, Notice } from './types' */

export class Downloads {
  /** @param {Api} api
   * @param {Session} session
   * @param {Store} store
   * @param {DownloadForm[]} forms what the server can make */
  constructor(api, session, store, forms) {
    this.api = api;
    this.session = session;
    this.store = store;
    this.forms = forms;
    /** Set by the page, once there are actions.
     * @type {Actions | null} */
    this.list = null;
  }

  /** An action for every file.
   * @returns {Action[]} */
  actions() {
    return this.forms.map(({ file, title }) => ({
      id: file,
      title,
      enabled: ({ downloading }) => !downloading.has(file),
      run: () => this.take(file, title),
    }));
  }

  /** @param {HTMLElement} anchor */
  openMenu(anchor) {
    const { downloading } = this.store.state;
    const choices = this.forms.map(({ file, note }) =>
      this.list?.line(file, downloading.has(file) ? 'being made' : note),
    );
    toggleMenu(anchor, [lines('Download', ...choices)], { label: 'Download' });
  }

  /** The file as it is when it is asked for: what is missing is rendered first.
   * @param {string} file
   * @param {string} title */
  async take(file, title) {
    const { downloading } = this.store.state;
    downloading.add(file);
    /** @type {Notice} */
    const waiting = { text: `${title}: being made, what is missing is rendered first`, kind: 'busy' };
    this.store.set({ message: waiting });
    try {
      const reply = await this.api.request(`projects/${this.session.server.project}/${file}`);
      const data = await reply.blob().catch(() => {
        throw new ApiError(0);
      });
      save(data, fileName(reply.headers.get('Content-Disposition')) ?? file);
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      this.session.say(`${title}: no file was made. ${error.message}`, 'error');
    } finally {
      downloading.delete(file);
      if (this.store.state.message === waiting) this.store.set({ message: null });
    }
  }
}

/** @param {Blob} data
 * @param {string} name */
function save(data, name) {
  const href = URL.createObjectURL(data);
  h('a', { href, download: name }).click();
  setTimeout(() => URL.revokeObjectURL(href), 60_000);
}
