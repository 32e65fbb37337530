// @ts-check
// Where the picture lies on the stage: zoom and offset, in CSS pixels. Pure numbers.

/** @import { Point } from './types' */

const MARGIN = 18;
const MOST = 40;

export class Placement {
  constructor() {
    this.zoom = 1;
    this.x = 0;
    this.y = 0;
    this.fitted = true;
    this.width = 1;
    this.height = 1;
    this.stageWidth = 1;
    this.stageHeight = 1;
  }

  /** Set the sizes of the picture and of the stage; a fitted picture stays fitted.
   * @param {number} width
   * @param {number} height
   * @param {number} stageWidth
   * @param {number} stageHeight */
  resize(width, height, stageWidth, stageHeight) {
    Object.assign(this, { width, height, stageWidth, stageHeight });
    if (this.fitted) this.fit();
    else this.keepInSight();
  }

  fit() {
    this.fitted = true;
    this.zoom = this.fitZoom();
    this.x = Math.round((this.stageWidth - this.width * this.zoom) / 2);
    this.y = Math.round((this.stageHeight - this.height * this.zoom) / 2);
  }

  fitZoom() {
    const across = (this.stageWidth - 2 * MARGIN) / this.width,
      down = (this.stageHeight - 2 * MARGIN) / this.height;
    return Math.max(0.05, Math.min(across, down));
  }

  /** Zoom by a factor around a point of the stage, which stays where it is.
   * @param {number} stageX
   * @param {number} stageY
   * @param {number} factor */
  zoomAt(stageX, stageY, factor) {
    const least = Math.min(1, this.fitZoom());
    const zoom = Math.min(MOST, Math.max(least, this.zoom * factor));
    const scale = zoom / this.zoom;
    this.x = stageX - (stageX - this.x) * scale;
    this.y = stageY - (stageY - this.y) * scale;
    this.zoom = zoom;
    this.fitted = false;
    this.keepInSight();
  }

  /** @param {number} dx
   * @param {number} dy */
  pan(dx, dy) {
    this.x += dx;
    this.y += dy;
    this.fitted = false;
    this.keepInSight();
  }

  /** Some of the picture is always on the stage. */
  keepInSight() {
    const across = this.width * this.zoom,
      down = this.height * this.zoom;
    const keepX = Math.min(80, across),
      keepY = Math.min(80, down);
    this.x = Math.min(this.stageWidth - keepX, Math.max(keepX - across, this.x));
    this.y = Math.min(this.stageHeight - keepY, Math.max(keepY - down, this.y));
  }

  /** Stage point -> pixel of the picture (whole numbers; may be outside).
   * @param {number} stageX
   * @param {number} stageY
   * @returns {Point} */
  pixelAt(stageX, stageY) {
    return [Math.floor((stageX - this.x) / this.zoom), Math.floor((stageY - this.y) / this.zoom)];
  }

  /** Stage point -> exact point of the picture.
   * @param {number} stageX
   * @param {number} stageY
   * @returns {Point} */
  pointAt(stageX, stageY) {
    return [(stageX - this.x) / this.zoom, (stageY - this.y) / this.zoom];
  }

  /** The part of the stage that the picture covers: {left, top, width, height}. */
  visible() {
    const left = Math.max(0, this.x),
      top = Math.max(0, this.y);
    const right = Math.min(this.stageWidth, this.x + this.width * this.zoom);
    const bottom = Math.min(this.stageHeight, this.y + this.height * this.zoom);
    return { left, top, width: Math.max(0, right - left), height: Math.max(0, bottom - top) };
  }
}
