// @ts-check
// Looks of the selected object: samples of its class's mixture as rendered crops; a click puts one on.
// "More like this" draws near the look that it has now, "Shuffle" from all of its class again.

import { ApiError } from './api.js';
import { h, setText, show } from './dom.js';
import { styleEdit } from './edits.js';
import { Kept } from './frames.js';
import { FromFrame } from './from_frame.js';
import { rendered } from './store.js';

/** @import { Api } from './api.js' */
/** @import { ObjectPanel, Picked } from './object.js' */
/** @import { Session } from './session.js' */
/** @import { Store } from './store.js' */
/** @import { LookSheet, OpenState } from './types' */

// With the look that it has now there are nine crops.
const SAMPLES = 8;
const WAIT_MS = 250;

/** @param {number[]} a
 * @param {number[]} b */
const sameCode = (a, b) => a.every((part, index) => Math.abs(part - (b[index] ?? NaN)) < 1e-6);

export class LookPanel {
  /** @param {Api} api
   * @param {Session} session
   * @param {Store} store
   * @param {ObjectPanel} objects */
  constructor(api, session, store, objects) {
    this.api = api;
    this.session = session;
    this.store = store;
    this.objects = objects;
    this.project = '';
    /** @type {number | null} null: the project's */
    this.seed = null;
    /** @type {number[] | null} the look that the samples are drawn near */
    this.near = null;
    /** @type {number[] | null} what was clicked, until the server says what it looks like */
    this.chosen = null;
    /** @type {(LookSheet & {object: number, label: number}) | null} */
    this.reply = null;
    this.of = '';
    this.asked = '';
    /** @type {{image: HTMLImageElement, key: string}[]} */
    this.queue = [];
    this.loading = 0;
    /** @type {ReturnType<typeof setTimeout> | undefined} */
    this.timer = undefined;
    /** @type {Kept<{href: string, close: () => void}>} */
    this.urls = new Kept(4 * 2 ** 20);
    this.seedText = h('span.sb-seed');
    this.images = Array.from({ length: SAMPLES + 1 }, () => h('img', { alt: '' }));
    this.cells = this.images.map((image, index) => this.cell(image, index));
    this.grid = h('div.sb-looks', {}, ...this.cells);
    this.more = this.moreButton();
    this.fromFrame = new FromFrame(api, session, store, objects);
    this.empty = h('p.sb-empty', {}, 'Looks appear here once something is selected.');
    this.footer = h('div.sb-look-buttons', {}, this.more, this.shuffleButton(), this.fromFrame.button);
    const head = h('div.sb-head', {}, h('h2', {}, 'Look'), this.seedText);
    this.element = h('section.sb-section.sb-look', { ariaLabel: 'Look' }, head, this.grid, this.footer, this.empty);
    store.subscribeOpen((state) => this.update(state));
  }

  /** @returns {HTMLButtonElement} */
  moreButton() {
    return h(
      'button.sb-button',
      { type: 'button', title: 'Looks close to the one that it has now', onclick: () => this.moreLikeThis() },
      'More like this',
    );
  }

  /** @returns {HTMLButtonElement} */
  shuffleButton() {
    return h(
      'button.sb-button',
      { type: 'button', title: 'Others of its class: a new seed', onclick: () => this.newSeed() },
      'Shuffle',
    );
  }

  /** @param {HTMLImageElement} image
   * @param {number} index */
  cell(image, index) {
    const name = index ? `Look ${index}` : 'The look it has now';
    const attributes = { type: 'button', ariaLabel: name, onclick: () => this.apply(index) };
    return h('button.sb-look-cell', attributes, image, index ? null : h('small', {}, 'now'));
  }

  /** @param {OpenState} state */
  update(state) {
    const picked = this.objects.picked(state);
    for (const part of [this.grid, this.footer, this.seedText]) show(part, Boolean(picked));
    show(this.empty, !picked);
    if (this.project !== state.server.project) Object.assign(this, { project: state.server.project, seed: null });
    this.begin(picked ? `${state.server.project} ${picked.object} ${picked.label}` : '');
    if (!picked) return;
    const seed = this.seed ?? state.server.seed;
    setText(this.seedText, this.near ? `near one look · seed ${seed}` : `seed ${seed}`);
    this.more.setAttribute('aria-pressed', String(Boolean(this.near)));
    const wish = [this.of, seed, this.near, state.server.revision].join(' ');
    // The preview of the frame on the screen goes first; what an undo took away is not asked for.
    const early =
      state.objectsRevision !== state.server.revision || (state.rendering === 'running' && !rendered(state));
    if (wish === this.asked || early) return;
    this.asked = wish;
    this.queue = [];
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.ask(wish, picked, seed), WAIT_MS);
  }

  /** Another object, or none: what is shown of the one before is no choice for this one.
   * @param {string} of */
  begin(of) {
    if (this.of === of) return;
    Object.assign(this, { of, near: null, chosen: null, reply: null, asked: '' });
    clearTimeout(this.timer);
    for (const cell of this.cells) cell.disabled = true;
    for (const image of this.images) this.showImage(image, null);
  }

  /** @param {string} wish
   * @param {Picked} picked
   * @param {number} seed */
  async ask(wish, { object, label, known }, seed) {
    const frame = known?.nearest ?? this.store.state.t;
    const numbers = Object.entries({ object, label, frame, seed, count: SAMPLES });
    const query = new URLSearchParams(numbers.map(([name, value]) => [name, String(value)]));
    for (const part of this.near ?? []) query.append('near', String(part));
    try {
      const reply = await this.api.json(`projects/${this.session.server.project}/looks?${query}`);
      if (wish === this.asked) this.showReply({ ...reply, object, label });
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      if (wish === this.asked) this.asked = '';
    }
  }

  /** @param {LookSheet & {object: number, label: number}} reply */
  showReply(reply) {
    this.reply = reply;
    this.chosen = null;
    this.queue = [];
    const entries = [reply.now, ...reply.looks];
    const drawn = reply.looks.some(({ code }) => sameCode(code, reply.now.code));
    for (const [index, cell] of this.cells.entries()) {
      const entry = entries[index];
      const image = this.images[index];
      show(cell, Boolean(entry));
      if (!entry || !image) continue;
      cell.disabled = false;
      const on = index === 0 ? !drawn : sameCode(entry.code, reply.now.code);
      cell.setAttribute('aria-pressed', String(on));
      const sample = `Look ${index} of seed ${reply.seed}${reply.near ? ', near one look' : ''}`;
      cell.setAttribute('aria-label', index ? sample : 'The look it has now');
      this.showImage(image, entry.key);
    }
  }

  /** Crops are made on demand and one after the other, so that frames never wait for them.
   * @param {HTMLImageElement} image
   * @param {string | null} key */
  showImage(image, key) {
    const url = key === null ? null : this.urls.get(key);
    if (image.dataset.key === key && url) return;
    image.dataset.key = key ?? '';
    if (url) return this.put(image, url.href);
    image.removeAttribute('src');
    if (key) {
      this.queue.push({ image, key });
      this.pump();
    }
  }

  async pump() {
    const next = this.loading < 2 ? this.queue.shift() : undefined;
    if (!next) return;
    const { image, key } = next;
    this.loading++;
    try {
      const blob = await (await this.api.request(`projects/${this.session.server.project}/looks/${key}`)).blob();
      const href = URL.createObjectURL(blob);
      this.urls.put(key, { href, close: () => URL.revokeObjectURL(href) }, blob.size);
      if (image.dataset.key === key) this.put(image, href);
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
    } finally {
      this.loading--;
      this.pump();
    }
  }

  /** @param {HTMLImageElement} image
   * @param {string} href */
  put(image, href) {
    image.src = href;
    if (image === this.images[0]) this.objects.crop.src = href;
  }

  newSeed() {
    this.seed = Math.floor(Math.random() * 10000);
    this.near = null;
    this.update(this.store.open);
  }

  /** Around what it has now; pressed again around what was chosen since. The seed stays, so it is the same each time. */
  moreLikeThis() {
    if (!this.reply) return;
    this.near = this.chosen ?? this.reply.now.code;
    this.update(this.store.open);
  }

  /** @param {number} index */
  apply(index) {
    const look = this.reply?.looks[index - 1];
    if (!look || !this.reply || !this.session.mayEdit()) return;
    const { object, label } = this.reply;
    this.chosen = look.code;
    const { code, provenance } = look;
    const target = this.objects.target({ object, label });
    this.session.edit(styleEdit({ target, label, code, provenance, frames: this.objects.frames() }));
  }
}
