// Looks of the selected object: samples of its class's mixture as rendered crops; a click puts one on.
// "More like this" draws near the look that it wears, "Shuffle" from all of its class again.

import { ApiError } from './api.js';
import { h, setText, show } from './dom.js';
import { styleEdit } from './edits.js';
import { Kept } from './frames.js';
import { FromFrame } from './from_frame.js';
import { rendered } from './store.js';

// With the look that it wears now there are nine crops.
const SAMPLES = 8;
const WAIT_MS = 250;
const sameCode = (a, b) => a.every((part, index) => Math.abs(part - b[index]) < 1e-6);

export class LookPanel {
  constructor(api, session, store, objects) {
    Object.assign(this, { api, session, store, objects, seed: null, near: null, asked: '', queue: [], loading: 0 });
    this.urls = new Kept(4 * 2 ** 20);
    this.seedText = h('span.sb-seed');
    this.cells = Array.from({ length: SAMPLES + 1 }, (_, index) => this.cell(index));
    this.grid = h('div.sb-looks', {}, ...this.cells);
    this.more = h(
      'button.sb-button',
      { type: 'button', title: 'Looks close to the one that it wears now', onclick: () => this.moreLikeThis() },
      'More like this',
    );
    this.shuffle = h(
      'button.sb-button',
      { type: 'button', title: 'Others of its class: a new seed', onclick: () => this.newSeed() },
      'Shuffle',
    );
    this.fromFrame = new FromFrame(api, session, store, objects);
    this.empty = h('p.sb-empty', {}, 'Looks appear here once something is selected.');
    this.footer = h('div.sb-look-buttons', {}, this.more, this.shuffle, this.fromFrame.button);
    this.element = h(
      'section.sb-section.sb-look',
      { ariaLabel: 'Look' },
      h('div.sb-head', {}, h('h2', {}, 'Look'), this.seedText),
      this.grid,
      this.footer,
      this.empty,
    );
    store.subscribe((state) => this.update(state));
  }

  cell(index) {
    const image = h('img', { alt: '' });
    return h(
      'button.sb-look-cell',
      {
        type: 'button',
        ariaLabel: index ? `Look ${index}` : 'The look it wears now',
        onclick: () => this.apply(index),
      },
      image,
      index ? null : h('small', {}, 'now'),
    );
  }

  update(state) {
    const picked = this.objects.picked(state);
    for (const part of [this.grid, this.footer, this.seedText]) show(part, Boolean(picked));
    show(this.empty, !picked);
    if (!picked) return this.begin('');
    const of = `${state.server.project} ${picked.object} ${picked.label}`;
    if (this.of !== of) this.begin(of);
    const seed = this.seed ?? state.server.seed;
    setText(this.seedText, this.near ? `near one look · seed ${seed}` : `seed ${seed}`);
    this.more.setAttribute('aria-pressed', String(Boolean(this.near)));
    const wish = [of, seed, this.near, state.server.revision].join(' ');
    // The preview of the frame on the screen goes first; what an undo took away is not asked for.
    if (
      wish === this.asked ||
      state.objectsRevision !== state.server.revision ||
      (state.rendering === 'running' && !rendered(state))
    )
      return;
    this.asked = wish;
    this.queue = [];
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.ask(wish, picked, seed), WAIT_MS);
  }

  /** Another object, or none: what is shown of the one before is no choice for this one. */
  begin(of) {
    if (this.of === of) return;
    Object.assign(this, { of, near: null, chosen: null, reply: null, asked: '' });
    for (const cell of this.cells) {
      cell.disabled = true;
      this.showImage(cell.firstChild, null);
    }
  }

  async ask(wish, { object, label, known }, seed) {
    const frame = known?.nearest ?? this.store.state.t;
    const query = new URLSearchParams({ object, label, frame, seed, count: SAMPLES });
    for (const part of this.near ?? []) query.append('near', part);
    try {
      const reply = await this.api.json(`projects/${this.session.server.project}/looks?${query}`);
      if (wish !== this.asked) return;
      this.showReply({ ...reply, object, label });
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      this.asked = '';
    }
  }

  showReply(reply) {
    this.reply = reply;
    this.chosen = null;
    this.queue = [];
    const entries = [reply.now, ...reply.looks];
    this.cells.forEach((cell, index) => {
      const entry = entries[index];
      show(cell, Boolean(entry));
      if (!entry) return;
      cell.disabled = false;
      const on = index === 0 || sameCode(entry.code, reply.now.code);
      cell.setAttribute(
        'aria-pressed',
        String(on && !(index === 0 && entries.slice(1).some((other) => sameCode(other.code, reply.now.code)))),
      );
      cell.setAttribute(
        'aria-label',
        index ? `Look ${index} of seed ${reply.seed}${reply.near ? ', near one look' : ''}` : 'The look it wears now',
      );
      this.showImage(cell.firstChild, entry.key);
    });
  }

  /** Crops are made on demand and one after the other, so that frames never wait for them. */
  showImage(image, key) {
    const url = key && this.urls.get(key);
    if (image.dataset.key === key && (url || image.dataset.busy)) return;
    image.dataset.key = key ?? '';
    if (url) return this.put(image, url.href);
    image.removeAttribute('src');
    if (key) {
      this.queue.push({ image, key });
      this.pump();
    }
  }

  async pump() {
    if (this.loading >= 2 || !this.queue.length) return;
    const { image, key } = this.queue.shift();
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

  put(image, href) {
    image.src = href;
    if (image === this.cells[0].firstChild) this.objects.crop.src = href;
  }

  newSeed() {
    this.seed = Math.floor(Math.random() * 10000);
    this.near = null;
    this.update(this.store.state);
  }

  /** Around what it wears now; pressed again around what was chosen since. The seed stays, so it is the same each time. */
  moreLikeThis() {
    if (!this.reply) return;
    this.near = this.chosen ?? this.reply.now.code;
    this.update(this.store.state);
  }

  apply(index) {
    const look = this.reply?.looks[index - 1];
    if (!look || !this.session.mayEdit()) return;
    const { object, label } = this.reply;
    this.chosen = look.code; // until the server says what is worn
    this.session.edit(
      styleEdit({
        target: this.objects.target({ object, label }),
        label,
        code: look.code,
        provenance: look.provenance,
        frames: this.objects.frames(),
      }),
    );
  }
}
