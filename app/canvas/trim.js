// @ts-check
// Which part of a film is taken: a strip of small pictures with two ends, to be dragged or moved with the arrows.

import { h, mark, setText } from './dom.js';
import { timecode } from './names.js';

/** @typedef {'start' | 'stop'} End */

export class Trim {
  /** @param {(end: End) => void} change called while an end is moved */
  constructor(change) {
    this.change = change;
    this.seconds = 1;
    this.step = 0.04;
    this.start = 0;
    this.stop = 1;
    this.pictures = h('div.sb-trim-pictures', { ariaHidden: 'true' });
    this.before = h('i.sb-trim-out', { ariaHidden: 'true' });
    this.after = h('i.sb-trim-out', { ariaHidden: 'true' });
    this.ends = { start: this.end('start', 'Start'), stop: this.end('stop', 'Stop') };
    const parts = [this.pictures, this.before, this.after, this.ends.start, this.ends.stop];
    this.strip = h('div.sb-trim', {}, ...parts);
    this.fields = { start: this.field('start', 'Start, seconds'), stop: this.field('stop', 'Stop, seconds') };
    this.length = h('span');
    const row = ['from', this.fields.start, 'to', this.fields.stop, 'seconds', this.length];
    this.element = h('div', {}, this.strip, h('div.sb-range.sb-trim-fields', {}, ...row));
  }

  /** Another film, or another rate of it.
   * @param {{seconds: number, rate: number, start: number, stop: number | null, urls: string[]}} film */
  put({ seconds, rate, start, stop, urls }) {
    this.seconds = seconds;
    this.step = 1 / rate;
    this.start = Math.min(start, seconds);
    this.stop = Math.min(stop ?? seconds, seconds);
    const images = urls.map((src) => h('img', { src, alt: '', draggable: 'false' }));
    if (urls.join() !== this.shown) this.pictures.replaceChildren(...images);
    this.shown = urls.join();
    this.update();
  }

  /** Stop, null: the end of the film. */
  get whole() {
    return this.stop >= this.seconds - this.step / 2;
  }

  /** @param {End} end
   * @param {string} label */
  end(end, label) {
    const button = h('button.sb-trim-end', { type: 'button', role: 'slider', ariaLabel: label, 'data-end': end });
    button.addEventListener('pointerdown', (event) => {
      button.setPointerCapture(event.pointerId);
      button.focus({ preventScroll: true });
    });
    button.addEventListener('pointermove', (event) => {
      if (!button.hasPointerCapture(event.pointerId)) return;
      const box = this.pictures.getBoundingClientRect();
      this.move(end, ((event.clientX - box.left) / box.width) * this.seconds);
    });
    button.addEventListener('keydown', (event) => this.key(end, event));
    return button;
  }

  /** @param {End} end
   * @param {KeyboardEvent} event */
  key(end, event) {
    const far = event.shiftKey ? 10 : 1;
    /** @type {Record<string, number>} */
    const to = {
      ArrowLeft: this[end] - far * this.step,
      ArrowDown: this[end] - far * this.step,
      ArrowRight: this[end] + far * this.step,
      ArrowUp: this[end] + far * this.step,
      PageDown: this[end] - 1,
      PageUp: this[end] + 1,
      Home: 0,
      End: this.seconds,
    };
    const wanted = to[event.key];
    if (wanted === undefined) return;
    event.preventDefault();
    event.stopPropagation();
    this.move(end, wanted);
  }

  /** @param {End} end
   * @param {string} label */
  field(end, label) {
    const attributes = { type: 'number', min: 0, step: 'any', ariaLabel: label };
    const field = h('input.sb-number', { ...attributes, onchange: () => this.typed(end, field.value) });
    return field;
  }

  /** @param {End} end
   * @param {string} text */
  typed(end, text) {
    const wanted = Number(text);
    if (text !== '' && Number.isFinite(wanted)) this.move(end, wanted);
    this.update();
  }

  /** Move an end to a frame's time, a frame away from the other one at least.
   * @param {End} end
   * @param {number} to seconds */
  move(end, to) {
    const frame = Math.round(to / this.step) * this.step;
    if (end === 'start') this.start = Math.max(0, Math.min(frame, this.stop - this.step));
    else this.stop = Math.min(this.seconds, Math.max(frame, this.start + this.step));
    this.update();
    this.change(end);
  }

  update() {
    const share = (/** @type {number} */ seconds) => `${(100 * seconds) / this.seconds}%`;
    for (const end of /** @type {End[]} */ (['start', 'stop'])) {
      const button = this.ends[end];
      button.style.left = share(this[end]);
      mark(button, 'aria-valuemin', 0);
      mark(button, 'aria-valuemax', this.seconds.toFixed(2));
      mark(button, 'aria-valuenow', this[end].toFixed(2));
      mark(button, 'aria-valuetext', `${this[end].toFixed(2)} seconds`);
      this.fields[end].value = String(Math.round(this[end] * 1000) / 1000);
    }
    this.before.style.width = share(this.start);
    this.after.style.left = share(this.stop);
    setText(this.length, `of ${timecode(this.seconds)}`);
  }
}
