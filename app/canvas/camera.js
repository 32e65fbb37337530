// Where the picture lies on the stage: zoom and offset, in CSS pixels. Pure numbers.

export const MARGIN = 18;
const MOST = 40;

export class Placement {
  constructor() {
    Object.assign(this, { zoom: 1, x: 0, y: 0, fitted: true, width: 1, height: 1, stageWidth: 1, stageHeight: 1 });
  }

  /** Set the sizes of the picture and of the stage; a fitted picture stays fitted. */
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

  /** Zoom by a factor around a point of the stage, which stays where it is. */
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

  /** Stage point -> pixel of the picture (whole numbers; may be outside). */
  pixelAt(stageX, stageY) {
    return [Math.floor((stageX - this.x) / this.zoom), Math.floor((stageY - this.y) / this.zoom)];
  }

  /** Stage point -> exact point of the picture. */
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
