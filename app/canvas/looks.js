// Looks of the selected object: samples of its class's mixture as rendered crops; a click puts one on.

import { ApiError } from './api.js';
import { h, setText, show } from './dom.js';
import { styleEdit } from './edits.js';
import { Kept } from './frames.js';
import { icon } from './icons.js';
import { rendered } from './store.js';

// With the look that it wears now there are nine crops.
const SAMPLES = 8;
const WAIT_MS = 250;
const sameCode = (a, b) => a.every((part, index) => Math.abs(part - b[index]) < 1e-6);

export class LookPanel {
  constructor(api, session, store, objects) {
    Object.assign(this, { api, session, store, objects, seed: null, asked: '', queue: [], loading: 0 });
    this.urls = new Kept(4 * 2 ** 20);
    this.seedText = h('span.sb-seed');
    this.cells = Array.from({ length: SAMPLES + 1 }, (_, index) => this.cell(index));
    this.grid = h('div.sb-looks', {}, ...this.cells);
    this.shuffle = h('button.sb-button', { type: 'button', title: 'Nine others: a new seed', onclick: () => this.newSeed() },
      icon('shuffle'), 'Shuffle');
    this.empty = h('p.sb-empty', {}, 'Looks appear here once something is selected.');
    this.footer = h('div.sb-look-buttons', {}, this.shuffle);
    this.element = h('section.sb-section.sb-look', { ariaLabel: 'Look' }, h('div.sb-head', {}, h('h2', {}, 'Look'),
      this.seedText), this.grid, this.footer, this.empty);
    store.subscribe((names, state) => this.update(state));
  }

  cell(index) {
    const image = h('img', { alt: '' });
    return h('button.sb-look-cell', { type: 'button', ariaLabel: index ? `Look ${index}` : 'The look it wears now',
      onclick: () => this.apply(index) }, image, index ? null : h('small', {}, 'now'));
  }

  update(state) {
    const picked = this.objects.picked(state);
    for (const part of [this.grid, this.footer, this.seedText]) show(part, Boolean(picked));
    show(this.empty, !picked);
    if (!picked) { this.asked = ''; this.reply = null; return; }
    const seed = this.seed ?? state.server.seed;
    setText(this.seedText, `seed ${seed}`);
    const wish = [state.server.project, picked.object, picked.label, seed, state.server.revision].join(' ');
    // The preview of the frame on the screen goes first; what an undo took away is not asked for.
    if (wish === this.asked || state.objectsRevision !== state.server.revision || (state.rendering === 'running' && !rendered(state))) return;
    this.asked = wish;
    this.queue = [];
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.ask(wish, picked, seed), WAIT_MS);
  }

  async ask(wish, { object, label, known }, seed) {
    const frame = known?.nearest ?? this.store.state.t;
    const query = new URLSearchParams({ object, label, frame, seed, count: SAMPLES });
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
    this.queue = [];
    const entries = [reply.now, ...reply.looks];
    this.cells.forEach((cell, index) => {
      const entry = entries[index];
      show(cell, Boolean(entry));
      if (!entry) return;
      const on = index === 0 || sameCode(entry.code, reply.now.code);
      cell.setAttribute('aria-pressed', String(on && !(index === 0 && entries.slice(1).some((other) => sameCode(other.code, reply.now.code)))));
      cell.setAttribute('aria-label', index ? `Look ${index} of seed ${reply.seed}` : 'The look it wears now');
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
    if (key) { this.queue.push({ image, key }); this.pump(); }
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
    this.update(this.store.state);
  }

  apply(index) {
    const look = this.reply?.looks[index - 1];
    if (!look) return;
    const { object, label } = this.reply;
    this.session.edit(styleEdit({ object, label, code: look.code, provenance: look.provenance, frames: this.objects.frames() }));
  }
}
