// The two ends of a lane: dragged with the pointer or moved with the arrows. Live while it lasts, one edit at its end.

import { h, setText, show } from './dom.js';
import { movedEnd } from './edits.js';
import { toggleMenu } from './menu.js';
import { frameSpan } from './names.js';
import { rangeFields } from './ranges.js';

// After the last arrow key the range is saved; until then Escape takes all of them back.
const KEYS_REST_MS = 700;

export class LaneRange {
  constructor(actions, store, title, edit, colour) {
    Object.assign(this, { actions, store, title, edit, ids: [edit.id], count: store.state.server.clip.frames });
    this.rail = h('button.sb-rail', {
      type: 'button',
      tabindex: -1,
      ariaHaspopup: 'dialog',
      ariaExpanded: 'false',
      ariaLabel: `Frames of ${this.title}`,
      title: 'Drag the ends, or click to type the frames',
      style: { '--colour': colour },
      onclick: () => this.openFields(),
    });
    this.ends = { start: this.end('start', 'First'), stop: this.end('stop', 'Last') };
    this.readout = h('output.sb-readout', { hidden: true });
    this.parts = [this.ends.start, this.ends.stop, this.readout];
  }

  attach(line, track) {
    Object.assign(this, { line, track });
  }

  end(name, word) {
    return h(`span.sb-end-${name}.sb-lane-end`, {
      role: 'slider',
      tabindex: 0,
      ariaLabel: `${word} frame of ${this.title}`,
      'aria-valuemin': 1,
      'aria-valuemax': this.count,
      style: { touchAction: 'none' },
      onpointerdown: (event) => this.grab(event, name),
      onpointermove: (event) => this.drag(event, name),
      onpointerup: () => {
        if (this.grip) this.commit();
      },
      onpointercancel: () => this.abandon(),
      onkeydown: (event) => this.key(event, name),
      onblur: () => {
        if (this.timer) this.commit();
      },
    });
  }

  /** Frames of now: those of the drag, else those that are saved. */
  get frames() {
    return this.moved?.frames ?? this.edit.frames;
  }

  grab(event, name) {
    if (event.button !== 0 || !this.actions.mayEdit()) return;
    event.preventDefault();
    event.currentTarget.focus({ preventScroll: true });
    event.currentTarget.setPointerCapture(event.pointerId);
    const at = this.frames[name === 'start' ? 0 : 1];
    this.grip = { id: event.pointerId, offset: event.clientX - this.screenX(at) };
  }

  drag(event, name) {
    if (event.pointerId !== this.grip?.id) return;
    const box = this.track.getBoundingClientRect();
    this.move(name, Math.round(((event.clientX - this.grip.offset - box.left) / box.width) * this.count));
  }

  screenX(frame) {
    const box = this.track.getBoundingClientRect();
    return box.left + (box.width * frame) / this.count;
  }

  key(event, name) {
    if (event.key === 'Escape' && (this.moved || this.grip)) this.abandon();
    else if (event.key === 'Enter') this.moved ? this.commit() : this.openFields();
    else if (!this.arrow(event, name)) return;
    event.preventDefault();
    event.stopPropagation();
  }

  arrow(event, name) {
    const now = this.frames[name === 'start' ? 0 : 1];
    const stride = event.shiftKey ? 10 : 1;
    const to = {
      ArrowLeft: now - stride,
      ArrowDown: now - stride,
      ArrowRight: now + stride,
      ArrowUp: now + stride,
      PageDown: now - 10,
      PageUp: now + 10,
      Home: 0,
      End: this.count,
    }[event.key];
    if (to === undefined || event.ctrlKey || event.altKey || event.metaKey) return false;
    if (!this.actions.mayEdit()) return true;
    this.move(name, to);
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.commit(), KEYS_REST_MS);
    return true;
  }

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
    await this.actions.reframe(this.ids, frames);
    if (this.store.state.reframing === shown) this.store.set({ reframing: null });
  }

  rest() {
    clearTimeout(this.timer);
    this.timer = this.grip = this.moved = null;
    show(this.readout, false);
  }

  place(frames, held) {
    const [start, stop] = frames;
    const at = (frame) => `${(100 * frame) / this.count}%`;
    this.rail.style.left = at(start);
    this.rail.style.width = at(stop - start);
    this.ends.start.style.left = at(start);
    this.ends.stop.style.left = at(stop);
    for (const [end, value] of [
      [this.ends.start, start + 1],
      [this.ends.stop, stop],
    ]) {
      end.setAttribute('aria-valuenow', String(value));
      end.setAttribute(
        'aria-valuetext',
        `frame ${value}${held === null ? '' : `, held by the stroke painted on frame ${held + 1}`}`,
      );
    }
    this.fields?.put(frames);
    this.tell(frames, held);
  }

  /** A word beside the end while it moves: the frames, and what holds it. */
  tell(frames, held) {
    show(this.readout, Boolean(this.moved));
    if (!this.moved) return;
    const middle = (frames[0] + frames[1]) / 2 / this.count;
    this.readout.style.left = `${Math.min(88, Math.max(12, 100 * middle))}%`;
    setText(this.readout, held === null ? frameSpan(frames) : `${frameSpan(frames)} · painted on frame ${held + 1}`);
  }

  /** The same range as numbers; they follow the ends while they are open. */
  openFields() {
    const change = ([start, stop]) => {
      const first = movedEnd(this.edit, [0, stop], 'start', start, this.count);
      this.moved = movedEnd(this.edit, first.frames, 'stop', stop, this.count);
      this.fields.put(this.moved.frames);
      this.commit();
    };
    this.fields = rangeFields(this.frames, this.count, change);
    toggleMenu(this.rail, [h('p.sb-menu-title', {}, this.title), this.fields.element], {
      label: `Frames of ${this.title}`,
      side: 'above',
      keep: this.line,
      onClose: () => {
        this.fields = null;
      },
    });
  }
}
