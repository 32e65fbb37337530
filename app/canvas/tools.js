// @ts-check
// The tools, and what the pointer does with them on the stage. A gesture becomes one mask; `commit` makes it an edit.

import { encodeMask } from './codec.js';
import { Joining, Splitting } from './object_gestures.js';
import { Drawing, Filling, Panning, Picking, Pinching, Selecting, Stroking, Wiping } from './pointer_states.js';
import { protect } from './raster.js';
import { effectiveView, showsEdits } from './store.js';

/** @import { Hover, Painted, Point, PointerState, State, ToolName } from './types' */
/** @import { Store } from './store.js' */
/** @import { View } from './view.js' */

/**
 * @typedef {object} Tool
 * @property {ToolName} name
 * @property {string} key
 * @property {string} title
 * @property {string} hint
 * @property {string} help
 * @property {boolean} paints
 * @property {(toolbox: Toolbox, at: Point, event: PointerEvent) => PointerState | null} press the state that a press of
 *   the pointer leads to; without one the tool rests
 */

/** @type {Tool[]} */
export const TOOLS = [
  {
    name: 'select',
    key: 'v',
    title: 'Select',
    hint: 'Select an object',
    help: 'select an object',
    paints: false,
    press: (toolbox, at) => new Selecting(toolbox, at),
  },
  {
    name: 'brush',
    key: 'b',
    title: 'Brush',
    hint: 'Brush: paint the chosen class',
    help: 'brush',
    paints: true,
    press: (toolbox, at, event) => new Stroking(toolbox, toolbox.store.state.paintClass, at, event),
  },
  {
    name: 'eraser',
    key: 'e',
    title: 'Eraser',
    hint: 'Eraser: give back what the clip had',
    help: 'eraser: back to the clip',
    paints: true,
    press: (toolbox, at, event) => new Stroking(toolbox, 'source', at, event),
  },
  {
    name: 'fill',
    key: 'g',
    title: 'Fill',
    hint: 'Fill the area of one class under the pointer (Shift: only this object)',
    help: 'fill the area of a class',
    paints: true,
    press: (toolbox, at, event) => new Filling(toolbox, at, event.shiftKey),
  },
  {
    name: 'lasso',
    key: 'l',
    title: 'Lasso',
    hint: 'Lasso: draw around an area to fill it',
    help: 'lasso',
    paints: true,
    press: (toolbox, at) => new Drawing(toolbox, at),
  },
  {
    name: 'pick',
    key: 'i',
    title: 'Eyedropper',
    hint: 'Eyedropper: take the class under the pointer',
    help: 'eyedropper',
    paints: false,
    press: (toolbox, at) => new Picking(toolbox, at),
  },
  {
    name: 'hand',
    key: 'h',
    title: 'Hand',
    hint: 'Hand: move the picture',
    help: 'hand',
    paints: false,
    press: (toolbox, at) => new Panning(toolbox, at),
  },
];

/** @param {State} state */
export function toolOf(state) {
  return /** @type {Tool} */ (TOOLS.find((tool) => tool.name === state.tool));
}

export class Toolbox {
  /** @param {HTMLCanvasElement} canvas
   * @param {View} view
   * @param {Store} store
   * @param {(painted: Painted) => void} commit called with each finished stroke
   * @param {(text: string) => void} say */
  constructor(canvas, view, store, commit, say) {
    this.canvas = canvas;
    this.view = view;
    this.store = store;
    this.commit = commit;
    this.say = say;
    /** What the pointer is doing; null: nothing is pressed.
     * @type {PointerState | null} */
    this.gesture = null;
    /** Fingers on the stage, where they are.
     * @type {Map<number, Point>} */
    this.fingers = new Map();
    this.spaceHeld = false;
    this.spaceUsed = false;
    /** Where the last stroke ended, for straight lines.
     * @type {Point | null} */
    this.lastPoint = null;
    /** @type {(at: Point) => void} */
    this.onHover = () => {};
    /** @type {(object: number) => void} */
    this.onJoin = () => {};
    /** @type {(points: Point[]) => void} */
    this.onSplit = () => {};
    canvas.addEventListener('pointerdown', (event) => this.down(event));
    canvas.addEventListener('pointermove', (event) => this.move(event));
    canvas.addEventListener('pointerup', (event) => this.up(event));
    canvas.addEventListener('pointercancel', (event) => this.lost(event));
    canvas.addEventListener('pointerleave', () => this.gesture || this.leave());
    canvas.addEventListener('wheel', (event) => this.wheel(event), { passive: false });
    canvas.addEventListener('contextmenu', (event) => event.preventDefault());
    store.subscribe((_state, names) => this.renew(names));
  }

  /** What is under the pointer changes with the frame and with its labels too.
   * @param {Set<string>} names */
  renew(names) {
    if (names.has('server') || names.has('loaded') || names.has('t')) this.hover();
  }

  /** @param {MouseEvent} event
   * @returns {Point} */
  place(event) {
    const box = this.canvas.getBoundingClientRect();
    return [event.clientX - box.left, event.clientY - box.top];
  }

  /** @param {WheelEvent} event */
  wheel(event) {
    event.preventDefault();
    const [x, y] = this.place(event);
    this.view.placement.zoomAt(x, y, Math.exp(-event.deltaY * (event.deltaMode ? 0.05 : 0.0015)));
    this.view.moved();
  }

  /** @param {PointerEvent} event */
  down(event) {
    if (!this.store.state.server) return;
    const at = this.place(event);
    this.canvas.focus({ preventScroll: true });
    if (event.pointerType === 'touch') this.fingers.set(event.pointerId, at);
    if (this.fingers.size === 2) {
      this.gesture?.cancel();
      this.gesture = new Pinching(this);
    }
    // Only a pointer that is there can be captured.
    if (event.isTrusted) this.canvas.setPointerCapture(event.pointerId);
    if (this.gesture) return;
    this.gesture = this.press(at, event);
    this.view.draw();
  }

  /** The state that a press leads to.
   * @param {Point} at
   * @param {PointerEvent} event
   * @returns {PointerState | null} */
  press(at, event) {
    const state = this.store.state;
    if (event.button === 1 || (event.button === 0 && this.spaceHeld)) return new Panning(this, at);
    if (event.button !== 0) return null;
    if (effectiveView(state) === 'wipe' && Math.abs(at[0] - this.view.wipeX()) < 16) return new Wiping(this);
    if (state.gesture === 'join') return new Joining(this, at);
    if (state.gesture === 'split') return new Splitting(this, at);
    const tool = toolOf(state);
    if (!tool.paints) return tool.press(this, at, event);
    if (event.altKey) return new Picking(this, at);
    if (!this.mayPaint(at)) return null;
    this.store.set({ playing: false });
    return tool.press(this, at, event);
  }

  /** Whether what is painted there would be seen; if not, it is said, and what shows it comes on the screen.
   * @param {Point} at */
  mayPaint(at) {
    const { state } = this.store;
    if (state.comparing) {
      this.say('Nothing painted: this is the clip before. Let go of C to paint.');
      return false;
    }
    if (!showsEdits(state)) {
      this.store.set({ view: 'render' });
      this.say('Nothing painted yet: what you paint is seen in Render, which is shown now.');
      return false;
    }
    if (state.view === 'wipe' && at[0] > this.view.wipeX()) {
      this.say('Nothing painted: at the right of the line is the clip before. Paint at its left, or move the line.');
      return false;
    }
    return true;
  }

  /** @param {PointerEvent} event */
  move(event) {
    const at = this.place(event);
    if (this.fingers.has(event.pointerId)) this.fingers.set(event.pointerId, at);
    this.view.pointer = event.pointerType === 'touch' ? null : at;
    const events = this.gesture?.every ? event.getCoalescedEvents() : [];
    for (const one of events.length ? events : [event]) {
      this.gesture = this.gesture?.move(this.place(one), one) ?? null;
    }
    if (!this.gesture) this.hover();
    this.view.draw();
  }

  /** @param {PointerEvent} event */
  up(event) {
    const { gesture } = this;
    this.fingers.delete(event.pointerId);
    if (gesture instanceof Pinching && this.fingers.size) return;
    this.gesture = null;
    gesture?.up(this.place(event), event);
    this.view.draw();
  }

  /** @param {PointerEvent} event */
  lost(event) {
    this.fingers.delete(event.pointerId);
    this.abandon();
  }

  /** Give up what is under way. Returns whether something was. */
  abandon() {
    const { gesture } = this;
    this.gesture = null;
    gesture?.cancel();
    this.view.draw();
    return gesture !== null;
  }

  leave() {
    this.view.pointer = null;
    this.store.set({ hover: null });
    this.view.draw();
  }

  hover() {
    const at = this.view.pointer;
    if (!at) return;
    const found = this.under(at);
    const known = this.store.state.hover;
    const same = found?.object === known?.object && found?.label === known?.label;
    if (!same) this.store.set({ hover: found });
    this.onHover(at);
  }

  /** The object and class of the pixel at a place of the stage, or null.
   * @param {Point} at
   * @returns {Hover | null} */
  under(at) {
    const maps = this.view.maps();
    const [x, y] = this.view.placement.pixelAt(...at);
    const { width, height } = this.view.placement;
    if (!maps || x < 0 || y < 0 || x >= width || y >= height) return null;
    const pixel = y * width + x;
    return { object: maps.objects[pixel] ?? 0, label: maps.labels[pixel] ?? 0 };
  }

  holdSpace() {
    this.spaceHeld = true;
    this.spaceUsed = false;
    this.canvas.classList.add('grab');
  }

  /** Returns whether it was used to move the picture. */
  letSpaceGo() {
    this.spaceHeld = false;
    this.canvas.classList.remove('grab');
    return this.spaceUsed;
  }

  /** A finished mask. All of it is sent, with `over` beside it: the server protects in every frame; shown is what this
   * frame takes.
   * @param {number | 'source' | null} to
   * @param {Uint8Array} pixels */
  finish(to, pixels) {
    const maps = this.view.maps();
    const { width, height } = this.view.placement;
    const { t: frame, over, tool } = this.store.state;
    const mask = encodeMask(pixels, width, height);
    if (!mask || to === null) return;
    const kept = to !== 'source' && maps ? protect(pixels, maps.labels, over) : pixels;
    this.commit({ tool, frame, to, mask, shown: encodeMask(kept, width, height) });
  }
}
