// @ts-check
// Your own clip: a film is dropped or chosen, sent, inspected, and made a clip of, in a dialog that can be left meanwhile.

import { ApiError } from './api.js';
import { h, show } from './dom.js';
import { ImportDialog } from './import_dialog.js';
import { closeMenu } from './menu.js';
import { chosenFiles, droppedFiles, Upload } from './upload.js';

/** @import { Api } from './api.js' */
/** @import { Session } from './session.js' */
/** @import { Store } from './store.js' */
/** @import { Action, ChosenFile, Commands, ImportChoices, ImportState } from './types' */

const POLL_MS = 400;
const VIDEOS = 'video/*,.mkv,.avi,.mov,.ts,.mxf,.zip,application/zip,image/*';
/** Stages in which a process works. */
export const BUSY = new Set(['inspecting', 'running']);

export class Imports {
  /** @param {Api} api
   * @param {Session} session
   * @param {Commands} commands
   * @param {Store} store */
  constructor(api, session, commands, store) {
    this.api = api;
    this.session = session;
    this.commands = commands;
    this.store = store;
    /** @type {ImportChoices | null} */
    this.choices = null;
    /** What is sent by this tab.
     * @type {Upload | null} */
    this.upload = null;
    /** @type {ReturnType<typeof setTimeout> | undefined} */
    this.timer = undefined;
    this.error = '';
    /** Files that are here in part, chosen in this tab.
     * @type {ChosenFile[]} */
    this.stopped = [];
    /** Whether what the form asks for can be made. */
    this.possible = false;
    this.dialog = new ImportDialog(this);
    this.element = this.dialog.element;
    this.element.addEventListener('close', () => this.closed());
    this.curtain = h('div.sb-drop', { hidden: true, ariaHidden: 'true' }, h('b', {}, 'Drop it: a clip is made of it'));
    store.subscribe((_, names) => names.has('importing') && this.update());
  }

  get state() {
    return this.store.state.importing;
  }

  /** Drops are taken anywhere on the page.
   * @param {HTMLElement} page */
  takeDrops(page) {
    const files = (/** @type {DragEvent} */ event) => event.dataTransfer?.types.includes('Files') ?? false;
    page.addEventListener('dragover', (event) => {
      if (!files(event)) return;
      event.preventDefault();
      show(this.curtain, !this.element.open);
      this.dialog.drop.dataset.over = 'true';
    });
    page.addEventListener('dragleave', (event) => {
      if (!event.relatedTarget) this.dropOver();
    });
    page.addEventListener('drop', async (event) => {
      if (!files(event) || !event.dataTransfer) return;
      event.preventDefault();
      this.dropOver();
      this.take(await droppedFiles(event.dataTransfer));
    });
  }

  dropOver() {
    show(this.curtain, false);
    delete this.dialog.drop.dataset.over;
  }

  /** What is not finished, from before: it is offered to go on.
   * @param {boolean} adopt whether one of them is shown where none is */
  async load(adopt = true) {
    /** @type {ImportChoices | null} */
    const choices = await this.api.json('imports').catch(() => null);
    if (!choices) return;
    this.choices = choices;
    const now = this.state && choices.imports.find((one) => one.id === this.state?.id);
    // At first: what is under way is shown in the header.
    const other = choices.imports.find(({ stage }) => BUSY.has(stage)) ?? choices.imports[0] ?? null;
    if (!this.upload) this.put(now ?? (adopt ? other : null));
  }

  /** @param {boolean} adopt as of `load` */
  async open(adopt = true) {
    closeMenu();
    if (this.state?.stage === 'done') return this.takeClip();
    if (!this.element.open) this.element.showModal();
    this.update();
    this.dialog.focusFirst();
    await this.load(adopt);
  }

  closed() {
    this.error = '';
    if (this.state?.stage === 'done') this.takeClip();
  }

  /** @param {boolean} folder
   * @param {(files: ChosenFile[]) => void} [take] */
  choose(folder, take = (files) => this.take(files)) {
    const field = h('input', { type: 'file', multiple: true, accept: folder ? null : VIDEOS });
    if (folder) field.webkitdirectory = true;
    // A file of labels may be called anything.
    if (!folder && this.state?.film) field.removeAttribute('accept');
    field.addEventListener('change', () => take(chosenFiles(field.files)));
    field.click();
  }

  /** Send files of a film.
   * @param {ChosenFile[]} files */
  async take(files) {
    if (!files.length) return;
    if (this.upload || (this.state && BUSY.has(this.state.stage))) {
      await this.open();
      return this.say('One film at a time: cancel this one first, or wait for it.');
    }
    this.store.set({ importing: null });
    await this.open(false);
    const named = files.map(({ path, file }) => ({ path, size: file.size }));
    await this.send(files, () => this.api.send('POST', 'imports', { files: named }), 0);
  }

  /** Send files of labels for the film that is here.
   * @param {ChosenFile[]} files */
  async sendLabels(files) {
    const { state } = this;
    if (!files.length || !state) return;
    const named = files.map(({ path, file }) => ({ path, size: file.size }));
    await this.send(
      files,
      () => this.api.send('POST', `imports/${state.id}/labels`, { files: named }),
      state.files.length,
    );
  }

  /** @param {ChosenFile[]} files
   * @param {() => Promise<ImportState>} announce
   * @param {number} first number of the first of them */
  async send(files, announce, first) {
    const piece = this.choices?.piece ?? 1 << 20;
    const upload = new Upload(this.api, files, first, piece);
    this.upload = upload;
    this.say('');
    try {
      const state = await announce();
      this.store.set({ importing: state });
      await upload.send(state, (now) => this.store.set({ importing: now }));
      if (this.upload === upload) this.upload = null;
      this.stopped = [];
      this.poll();
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      if (this.upload !== upload) return; // it was given up
      this.stopped = upload.files;
      this.upload = null;
      this.say(error.message);
    }
    this.update();
  }

  /** A change of the import that is shown.
   * @param {string} method
   * @param {string} path
   * @param {object} [body] */
  async ask(method, path, body) {
    const { state } = this;
    if (!state) return;
    this.say('');
    try {
      this.put(await this.api.send(method, `imports/${state.id}/${path}`, body));
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      this.say(error.message);
    }
  }

  /** Whatever is next where it stopped. */
  async again() {
    const { state, stopped } = this;
    if (state?.stage === 'uploading' && stopped.length) {
      const { files } = state;
      const first = files.length - stopped.length;
      return this.send(stopped, () => this.api.json(`imports/${state.id}`), Math.max(0, first));
    }
    await this.ask('POST', 'inspection', { form: state?.form ?? null });
  }

  async discard() {
    const { state, upload } = this;
    if (upload) upload.cancelled = true;
    this.upload = null;
    this.say('');
    this.put(null);
    if (state) await this.api.send('DELETE', `imports/${state.id}`).catch(() => {});
    await this.load(false);
  }

  /** The clip is there: it is opened, and the note of it is taken. */
  async takeClip() {
    const { state } = this;
    if (!state?.clip) return;
    this.store.set({ importing: null });
    await this.api.send('DELETE', `imports/${state.id}`).catch(() => {});
    this.store.set({ message: { text: `Opening ${state.wish?.name ?? state.name}`, kind: 'busy' } });
    await this.commands.openClip(state.clip);
    this.session.say([`${state.wish?.name ?? state.name} is imported.`, ...state.told.slice(-1)].join(' '));
  }

  /** @param {ImportState | null} state */
  put(state) {
    this.store.set({ importing: state });
    this.poll();
  }

  /** Ask again while something is done. */
  poll() {
    clearTimeout(this.timer);
    const { state } = this;
    if (!state || !BUSY.has(state.stage)) return;
    this.timer = setTimeout(async () => {
      try {
        const now = await this.api.json(`imports/${state.id}`);
        if (this.state?.id === state.id) this.store.set({ importing: now });
      } catch (error) {
        if (!(error instanceof ApiError)) throw error;
        if (error.status && this.state?.id === state.id) this.put(null);
      }
      this.poll();
    }, POLL_MS);
  }

  /** @param {string} text */
  say(text) {
    this.error = text;
    this.update();
  }

  update() {
    const { state, dialog } = this;
    if (!dialog.element.open) return;
    if (state?.stage === 'done') dialog.element.close();
    else dialog.update(this);
  }

  /** @returns {Action[]} */
  actions() {
    return [
      {
        id: 'import',
        title: 'Your own clip',
        hint: 'Your own clip: import a video, or a folder or zip of frames',
        group: 'Project',
        help: 'import a film of your own',
        keys: ['o'],
        run: () => this.open(),
      },
    ];
  }
}

/** What the header's button says, "" where nothing is imported.
 * @param {ImportState | null} state */
export function importWords(state) {
  if (!state) return '';
  if (state.stage === 'done') return 'Open it';
  const share = state.stage === 'uploading' ? state.received / (state.size || 1) : state.done / (state.of || 1);
  if (state.stage === 'uploading' || BUSY.has(state.stage)) return `${Math.floor(100 * share)} %`;
  if (state.licence) return 'Licence';
  return state.stage === 'failed' ? 'Failed' : 'Not finished';
}
