// @ts-check
// What can be downloaded. It is fetched by the page, so that it can say why there is no file when there is none.

import { ApiError, fileName, randomId } from './api.js';
import { h, setText, show } from './dom.js';
import { lines, toggleMenu } from './menu.js';
import { complete } from './replies.js';

/** @import { Actions } from './actions.js' */
/** @import { Api } from './api.js' */
/** @import { Session } from './session.js' */
/** @import { Store } from './store.js' */
/** @import { Action, DownloadForm, DownloadList, Job, Notice } from './types' */

export class Downloads {
  /** @param {Api} api
   * @param {Session} session
   * @param {Store} store
   * @param {DownloadList} offered what the server can make */
  constructor(api, session, store, { forms, qualities, crf }) {
    this.api = api;
    this.session = session;
    this.store = store;
    this.forms = forms;
    /** Set by the page, once there are actions.
     * @type {Actions | null} */
    this.list = null;
    /** What the open menu says beside a file.
     * @type {Map<string, HTMLElement>} */
    this.notes = new Map();
    this.quality = h(
      'select.sb-select',
      { ariaLabel: 'Quality of videos' },
      ...qualities.map(({ crf: value, title }) => h('option', { value, selected: value === crf }, title)),
    );
    this.sound = h('input', { type: 'checkbox', checked: true });
    this.soundRow = h('label.sb-extend', {}, this.sound, 'with its sound');
    this.predicted = h('input', { type: 'checkbox', checked: true });
    const predicted = h('label.sb-extend', {}, this.predicted, 'with predicted frames');
    this.predictedRow = h('div.sb-range.sb-video', {}, predicted);
    const video = h('div.sb-range.sb-video', {}, h('label', {}, 'Videos ', this.quality), this.soundRow);
    this.options = h('div', {}, video, this.predictedRow);
    store.subscribe((_, names) => {
      if (names.has('downloading')) this.sayNotes();
    });
  }

  /** An action for every file: it is made, and while it is, no longer.
   * @returns {Action[]} */
  actions() {
    return this.forms.map((form) => ({
      id: form.file,
      title: form.title,
      enabled: ({ server }) => form.mode === null || server?.mode === form.mode,
      run: () => this.takeOrCancel(form),
    }));
  }

  /** @param {HTMLElement} anchor */
  openMenu(anchor) {
    const choices = this.forms.map(({ file, note }) => this.list?.line(file, note));
    this.notes.clear();
    for (const [index, { file }] of this.forms.entries()) {
      const note = choices[index]?.querySelector('small');
      if (note) this.notes.set(file, note);
    }
    const { clip } = this.session.server;
    show(this.soundRow, clip.sound);
    show(this.predictedRow, clip.filmed < clip.frames);
    this.sayNotes();
    toggleMenu(anchor, [lines('Download', ...choices), this.options], { label: 'Download' });
  }

  sayNotes() {
    for (const { file, note } of this.forms) {
      const job = this.store.state.downloading.get(file);
      const line = this.notes.get(file);
      if (line) setText(line, job ? words(job) : note);
    }
  }

  /** @param {DownloadForm} form */
  async takeOrCancel(form) {
    const job = this.store.state.downloading.get(form.file);
    if (!job) return this.take(form);
    job.stop.abort();
  }

  /** The file as it is when it is asked for: what is missing is rendered first.
   * @param {DownloadForm} form */
  async take({ file, title, is_video }) {
    const { downloading } = this.store.state;
    /** @type {Job} */
    const job = { id: randomId(), stop: new AbortController(), done: 0, total: 0 };
    downloading.set(file, job);
    this.store.touch('downloading');
    const missing = complete(this.session.server) ? '' : ', what is missing is rendered first';
    /** @type {Notice} */
    const waiting = { text: `${title}: being made${missing}`, kind: 'busy' };
    this.store.set({ message: waiting });
    const asked = new URLSearchParams({ job: job.id, predicted: String(this.predicted.checked) });
    if (is_video) {
      asked.set('crf', this.quality.value);
      asked.set('sound', String(this.sound.checked));
    }
    try {
      const path = `projects/${this.session.server.project}/${file}?${asked}`;
      const reply = await this.api.request(path, { signal: job.stop.signal });
      const data = await reply.blob().catch(() => {
        throw new ApiError(0);
      });
      save(data, fileName(reply.headers.get('Content-Disposition')) ?? file);
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      if (job.stop.signal.aborted) this.session.say(`${title}: cancelled`);
      else this.session.say(`${title}: no file was made. ${error.message}`, 'error');
    } finally {
      downloading.delete(file);
      this.store.touch('downloading');
      if (this.store.state.message === waiting) this.store.set({ message: null });
    }
  }
}

/** How far a download is, and what a click does.
 * @param {Job} job */
function words({ done, total }) {
  return total ? `${done} of ${total} frames, click to cancel` : 'being made, click to cancel';
}

/** @param {Blob} data
 * @param {string} name */
function save(data, name) {
  const href = URL.createObjectURL(data);
  h('a', { href, download: name }).click();
  setTimeout(() => URL.revokeObjectURL(href), 60_000);
}
