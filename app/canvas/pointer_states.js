// @ts-check
// The states of the pointer while it is down, one class each. A tool's `press` leads into one of them; `move` leads on,
// `up` ends it, and `cancel` leaves everything as it was.

import { floodFill, lassoMask, stampLine } from './raster.js';
import { pressedSize } from './size.js';
import { StrokeCanvas, strokeColour } from './view.js';

/** @import { Point, PointerState } from './types' */
/** @import { Toolbox } from './tools.js' */

// A press that moves further than this, in CSS pixels, is no click.
const CLICK_REACH = 4;

/** @implements {PointerState} */
export class Selecting {
  /** @param {Toolbox} toolbox
   * @param {Point} from */
  constructor(toolbox, from) {
    this.toolbox = toolbox;
    this.from = from;
  }

  /** A drag selects nothing.
   * @param {Point} at
   * @returns {PointerState} */
  move([x, y]) {
    const far = Math.hypot(x - this.from[0], y - this.from[1]) > CLICK_REACH;
    return far ? new Dragging() : this;
  }

  up() {
    this.toolbox.store.set({ picked: this.toolbox.under(this.from)?.object ?? null });
  }

  cancel() {}
}

/** Nothing comes of it, until the button is let go of.
 * @implements {PointerState} */
class Dragging {
  move() {
    return this;
  }

  up() {}

  cancel() {}
}

/** @implements {PointerState} */
export class Picking {
  /** @param {Toolbox} toolbox
   * @param {Point} at */
  constructor(toolbox, at) {
    this.toolbox = toolbox;
    this.before = toolbox.store.state.paintClass;
    this.move(at);
  }

  /** @param {Point} at */
  move(at) {
    const found = this.toolbox.under(at);
    if (found) this.toolbox.store.set({ paintClass: found.label });
    return this;
  }

  up() {
    const { store } = this.toolbox;
    if (store.state.tool === 'pick') store.set({ tool: 'brush' });
  }

  cancel() {
    this.toolbox.store.set({ paintClass: this.before });
  }
}

/** A brush stroke: discs along the way; with Shift a straight line from where the last one ended.
 * @implements {PointerState} */
export class Stroking {
  every = true;

  /** @param {Toolbox} toolbox
   * @param {number | 'source' | null} to
   * @param {Point} at
   * @param {PointerEvent} event */
  constructor(toolbox, to, at, event) {
    const { width, height } = toolbox.view.placement;
    const { state } = toolbox.store;
    this.toolbox = toolbox;
    this.to = to;
    this.size = state.size;
    this.mask = new Uint8Array(width * height);
    this.canvas = new StrokeCanvas(width, height, strokeColour(state, to));
    this.last = event.shiftKey ? toolbox.lastPoint : null;
    toolbox.view.live = { frame: state.t, canvas: this.canvas.canvas };
    this.move(at, event);
  }

  /** @param {Point} at
   * @param {PointerEvent} event */
  move(at, event) {
    const { placement } = this.toolbox.view;
    const here = placement.pixelAt(...at);
    const size = pressedSize(this.size, event);
    stampLine(this.mask, placement.width, placement.height, this.last ?? here, here, size);
    this.last = here;
    this.canvas.update(this.mask);
    return this;
  }

  up() {
    this.toolbox.lastPoint = this.last;
    this.cancel();
    this.toolbox.finish(this.to, this.mask);
  }

  cancel() {
    this.toolbox.view.live = null;
  }
}

/** The area of one class around the pressed pixel; `oneObject`: only of its object.
 * @implements {PointerState} */
export class Filling {
  /** @param {Toolbox} toolbox
   * @param {Point} at
   * @param {boolean} oneObject */
  constructor(toolbox, at, oneObject) {
    this.toolbox = toolbox;
    this.at = at;
    this.oneObject = oneObject;
  }

  move() {
    return this;
  }

  up() {
    const { view, store } = this.toolbox;
    const maps = view.maps();
    if (!maps) return;
    const { width, height } = view.placement;
    const [x, y] = view.placement.pixelAt(...this.at);
    const alike = this.oneObject ? [maps.labels, maps.objects] : [maps.labels];
    const mask = floodFill(alike, width, height, x, y);
    this.toolbox.finish(store.state.paintClass, mask);
  }

  cancel() {}
}

/** A lasso.
 * @implements {PointerState} */
export class Drawing {
  every = true;

  /** @param {Toolbox} toolbox
   * @param {Point} at */
  constructor(toolbox, at) {
    this.toolbox = toolbox;
    /** @type {Point[]} */
    this.points = [];
    toolbox.view.lasso = this.points;
    this.move(at);
  }

  /** @param {Point} at */
  move(at) {
    this.points.push(this.toolbox.view.placement.pointAt(...at));
    return this;
  }

  up() {
    const { width, height } = this.toolbox.view.placement;
    this.cancel();
    this.toolbox.finish(this.toolbox.store.state.paintClass, lassoMask(this.points, width, height));
  }

  cancel() {
    this.toolbox.view.lasso = null;
  }
}

/** @implements {PointerState} */
export class Panning {
  /** @param {Toolbox} toolbox
   * @param {Point} from */
  constructor(toolbox, from) {
    this.toolbox = toolbox;
    this.last = from;
    toolbox.spaceUsed = true;
    toolbox.canvas.classList.add('grabbing');
  }

  /** @param {Point} at */
  move(at) {
    this.toolbox.view.placement.pan(at[0] - this.last[0], at[1] - this.last[1]);
    this.toolbox.view.moved();
    this.last = at;
    return this;
  }

  up() {
    this.cancel();
  }

  cancel() {
    this.toolbox.canvas.classList.remove('grabbing');
  }
}

/** Two fingers: the picture follows them, apart and together. It lasts until both are lifted.
 * @implements {PointerState} */
export class Pinching {
  /** @param {Toolbox} toolbox */
  constructor(toolbox) {
    this.toolbox = toolbox;
    this.last = this.fingers();
  }

  /** Middle of the fingers, and how far they are apart; null when one of them is lifted. */
  fingers() {
    const [a, b] = this.toolbox.fingers.values();
    if (!a || !b) return null;
    return { x: (a[0] + b[0]) / 2, y: (a[1] + b[1]) / 2, apart: Math.max(1, Math.hypot(a[0] - b[0], a[1] - b[1])) };
  }

  move() {
    const now = this.fingers();
    const { placement } = this.toolbox.view;
    if (now && this.last) {
      placement.pan(now.x - this.last.x, now.y - this.last.y);
      placement.zoomAt(now.x, now.y, now.apart / this.last.apart);
      this.toolbox.view.moved();
    }
    this.last = now;
    return this;
  }

  up() {}

  cancel() {}
}

/** The line of the wipe.
 * @implements {PointerState} */
export class Wiping {
  /** @param {Toolbox} toolbox */
  constructor(toolbox) {
    this.toolbox = toolbox;
  }

  /** @param {Point} at */
  move([x]) {
    const { placement } = this.toolbox.view;
    const wipe = Math.min(1, Math.max(0, (x - placement.x) / (placement.width * placement.zoom)));
    this.toolbox.store.set({ wipe });
    return this;
  }

  up() {}

  cancel() {}
}
