// @ts-check
// The two ends of a lane: dragged with the pointer or moved with the arrows. Live while it lasts, one edit at its end.

import { h, setText, show } from './dom.js';
import { movedEnd } from './edits.js';
import { toggleMenu } from './menu.js';
import { frameSpan } from './names.js';
import { rangeFields } from './ranges.js';
import { Surroundings } from './surroundings.js';

/** @import { Session } from './session.js' */
/** @import { Store } from './store.js' */
/** @import { Edit, Frames } from './types' */
/** @typedef {'start' | 'stop'} End */

// After the last arrow key the range is saved; until then Escape takes all of them back.
const KEYS_REST_MS = 700;

export class LaneRange {
  /** @param {Session} session
   * @param {Store} store
   * @param {string} title
   * @param {Edit} edit
   * @param {string} colour */
  constructor(session, store, title, edit, colour) {
    this.session = session;
    this.store = store;
    this.title = title;
    this.edit = edit;
    /** The edits whose frames these are. */
    this.ids = [edit.id];
    this.count = store.open.server.clip.frames;
    /** The pointer that drags an end, and how far from the end it took it.
     * @type {{id: number, offset: number} | null} */
    this.grip = null;
    /** @type {{frames: Frames, held: number | null} | null} */
    this.moved = null;
    /** @type {ReturnType<typeof setTimeout> | undefined} */
    this.timer = undefined;
    this.rail = h('button.sb-rail', {
      type: 'button',
      tabindex: -1,
      ariaHaspopup: 'dialog',
      ariaExpanded: 'false',
      ariaLabel: `Frames of ${this.title}`,
      title: 'Drag the ends, or click for frames and surroundings',
      style: { '--colour': colour },
      onclick: () => this.openFields(),
    });
    this.ends = { start: this.end('start', 'First'), stop: this.end('stop', 'Last') };
    this.readout = h('output.sb-readout', { hidden: true });
    this.fields = rangeFields((frames) => this.type(frames));
    this.surroundings = new Surroundings(session, store, title);
    /** The lane and its track, once they are there. */
    this.line = /** @type {HTMLElement} */ (this.rail);
    this.track = /** @type {HTMLElement} */ (this.rail);
    this.parts = [this.ends.start, this.ends.stop, this.readout];
  }

  /** @param {HTMLElement} line
   * @param {HTMLElement} track */
  attach(line, track) {
    this.line = line;
    this.track = track;
  }

  /** @param {End} name
   * @param {string} word */
  end(name, word) {
    return h(`span.sb-end-${name}.sb-lane-end`, {
      role: 'slider',
      tabindex: 0,
      ariaLabel: `${word} frame of ${this.title}`,
      'aria-valuemin': 1,
      'aria-valuemax': this.count,
      onpointerdown: (/** @type {PointerEvent} */ event) => this.grab(event, name),
      onpointermove: (/** @type {PointerEvent} */ event) => this.drag(event, name),
      onpointerup: () => this.grip && this.commit(),
      onpointercancel: () => this.abandon(),
      onkeydown: (/** @type {KeyboardEvent} */ event) => this.key(event, name),
      onblur: () => this.timer && this.commit(),
    });
  }

  /** Frames of now: those of the drag, else those that are saved. */
  get frames() {
    return this.moved?.frames ?? this.edit.frames;
  }

  /** @param {PointerEvent} event
   * @param {End} name */
  grab(event, name) {
    if (event.button !== 0 || !this.session.mayEdit()) return;
    event.preventDefault();
    const end = this.ends[name];
    end.focus({ preventScroll: true });
    end.setPointerCapture(event.pointerId);
    const at = this.frames[name === 'start' ? 0 : 1];
    this.grip = { id: event.pointerId, offset: event.clientX - this.screenX(at) };
  }

  /** @param {PointerEvent} event
   * @param {End} name */
  drag(event, name) {
    if (!this.grip || event.pointerId !== this.grip.id) return;
    const box = this.track.getBoundingClientRect();
    this.move(name, Math.round(((event.clientX - this.grip.offset - box.left) / box.width) * this.count));
  }

  /** @param {number} frame */
  screenX(frame) {
    const box = this.track.getBoundingClientRect();
    return box.left + (box.width * frame) / this.count;
  }

  /** @param {KeyboardEvent} event
   * @param {End} name */
  key(event, name) {
    if (event.key === 'Escape' && (this.moved || this.grip)) this.abandon();
    else if (event.key === 'Enter' && this.moved) this.commit();
    else if (event.key === 'Enter') this.openFields();
    else if (!this.arrow(event, name)) return;
    event.preventDefault();
    event.stopPropagation();
  }

  /** Whether the key moved an end.
   * @param {KeyboardEvent} event
   * @param {End} name */
  arrow(event, name) {
    if (event.ctrlKey || event.altKey || event.metaKey) return false;
    const now = this.frames[name === 'start' ? 0 : 1];
    const stride = event.shiftKey ? 10 : 1;
    const places = new Map([
      ['ArrowLeft', now - stride],
      ['ArrowDown', now - stride],
      ['ArrowRight', now + stride],
      ['ArrowUp', now + stride],
      ['PageDown', now - 10],
      ['PageUp', now + 10],
      ['Home', 0],
      ['End', this.count],
    ]);
    const to = places.get(event.key);
    if (to === undefined) return false;
    if (!this.session.mayEdit()) return true;
    this.move(name, to);
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.commit(), KEYS_REST_MS);
    return true;
  }

  /** @param {End} name
   * @param {number} at */
  move(name, at) {
    this.moved = movedEnd(this.edit, this.frames, name, at, this.count);
    this.store.set({ reframing: { id: this.edit.id, ...this.moved } });
  }

  abandon() {
    this.rest();
    this.store.set({ reframing: null });
  }

  /** One change for the whole drag. What is shown stays until the answer is here. */
  async commit() {
    const frames = this.moved?.frames;
    this.rest();
    if (!frames || String(frames) === String(this.edit.frames)) return this.store.set({ reframing: null });
    const shown = { id: this.edit.id, frames, held: null };
    this.store.set({ reframing: shown });
    await this.session.reframe(this.ids, frames);
    if (this.store.state.reframing === shown) this.store.set({ reframing: null });
  }

  rest() {
    clearTimeout(this.timer);
    this.timer = undefined;
    this.grip = null;
    this.moved = null;
    show(this.readout, false);
  }

  /** @param {Frames} frames
   * @param {number | null} held the painted frame that an end could not pass */
  place(frames, held) {
    const [start, stop] = frames;
    const at = (/** @type {number} */ frame) => `${(100 * frame) / this.count}%`;
    this.rail.style.left = at(start);
    this.rail.style.width = at(stop - start);
    this.ends.start.style.left = at(start);
    this.ends.stop.style.left = at(stop);
    const holds = held === null ? '' : `, held by the stroke painted on frame ${held + 1}`;
    for (const [end, value] of /** @type {const} */ ([
      [this.ends.start, start + 1],
      [this.ends.stop, stop],
    ])) {
      end.setAttribute('aria-valuenow', String(value));
      end.setAttribute('aria-valuetext', `frame ${value}${holds}`);
    }
    this.fields.put(frames, this.count);
    this.tell(frames, held);
  }

  /** A word beside the end while it moves: the frames, and what holds it.
   * @param {Frames} frames
   * @param {number | null} held */
  tell(frames, held) {
    show(this.readout, Boolean(this.moved));
    if (!this.moved) return;
    const middle = (frames[0] + frames[1]) / 2 / this.count;
    this.readout.style.left = `${Math.min(88, Math.max(12, 100 * middle))}%`;
    setText(this.readout, held === null ? frameSpan(frames) : `${frameSpan(frames)} · painted on frame ${held + 1}`);
  }

  /** Frames as they were typed, as far as the stroke lets them.
   * @param {Frames} frames */
  type([start, stop]) {
    if (!this.session.mayEdit()) return;
    const first = movedEnd(this.edit, [0, stop], 'start', start, this.count);
    this.moved = movedEnd(this.edit, first.frames, 'stop', stop, this.count);
    this.fields.put(this.moved.frames, this.count);
    this.commit();
  }

  /** The same range as numbers; they follow the ends while they are open. */
  openFields() {
    this.fields.put(this.frames, this.count);
    const label = `Frames of ${this.title}`;
    const content = [h('p.sb-menu-title', {}, this.title), this.fields.element, this.surroundings.element];
    toggleMenu(this.rail, content, { label, side: 'above', keep: this.line });
  }
}
