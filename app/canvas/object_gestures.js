// @ts-check
// What the pointer does to the selected object while a join or a split was asked for.

/** @import { Point, PointerState } from './types' */
/** @import { Toolbox } from './tools.js' */

/** The object that is pressed joins the selected one.
 * @implements {PointerState} */
export class Joining {
  /** @param {Toolbox} toolbox
   * @param {Point} at */
  constructor(toolbox, at) {
    this.toolbox = toolbox;
    this.at = at;
  }

  move() {
    return this;
  }

  up() {
    const found = this.toolbox.under(this.at);
    if (found) this.toolbox.onJoin(found.object);
  }

  cancel() {}
}

/** A line across the selected object, or around a part of it.
 * @implements {PointerState} */
export class Splitting {
  every = true;

  /** @param {Toolbox} toolbox
   * @param {Point} at */
  constructor(toolbox, at) {
    this.toolbox = toolbox;
    /** @type {Point[]} */
    this.points = [];
    toolbox.view.cut = this.points;
    this.move(at);
  }

  /** @param {Point} at */
  move(at) {
    this.points.push(this.toolbox.view.placement.pointAt(...at));
    return this;
  }

  up() {
    this.cancel();
    this.toolbox.onSplit(this.points);
  }

  cancel() {
    this.toolbox.view.cut = null;
  }
}
