// @ts-check
// What tests may read of a running page: `window.__scenebrush`. Nothing here changes the state.

import { picturePath } from './view.js';

/** @import { Editor } from './main.js' */

/** @param {Editor} editor */
export function exposeHook(editor) {
  Object.assign(globalThis, { __scenebrush: new Hook(editor) });
}

class Hook {
  /** @param {Editor} editor */
  constructor(editor) {
    this.editor = editor;
  }

  get state() {
    return this.editor.store.state;
  }

  get toolbox() {
    return this.editor.toolbox;
  }

  get frame() {
    return this.state.t;
  }

  /** What the picture on the stage is: {view, t, path, stage}, or null when none is shown. */
  get shown() {
    return this.editor.view.shown;
  }

  /** Whether everything was acknowledged and loaded. */
  get idle() {
    const { session, view } = this.editor;
    return Boolean(this.state.server) && !this.state.pending.length && !session.writes && Boolean(view.maps());
  }

  /** Whether the frame on the screen is its final render and the picture is loaded. */
  get settled() {
    if (!this.idle) return false;
    const state = this.editor.store.open;
    const path = picturePath(state, 'render');
    const stage = state.server.render[state.t]?.stage;
    return path !== null && this.editor.pictures.kept.has(path) && stage === 'final';
  }

  /** Client coordinates of the middle of pixel (x, y) of the picture.
   * @param {number} x
   * @param {number} y */
  clientPoint(x, y) {
    const box = this.editor.canvas.getBoundingClientRect();
    const { placement } = this.editor.view;
    return [box.left + placement.x + (x + 0.5) * placement.zoom, box.top + placement.y + (y + 0.5) * placement.zoom];
  }

  /** Label map of the frame on the screen: {labels, objects} as plain arrays, or null. */
  maps() {
    const maps = this.editor.view.maps();
    return maps && { labels: Array.from(maps.labels), objects: Array.from(maps.objects) };
  }

  /** RGBA of the stage at a pixel of the picture, as drawn.
   * @param {number} x
   * @param {number} y */
  colourAt(x, y) {
    const { view } = this.editor;
    const scale = globalThis.devicePixelRatio || 1;
    const { placement } = view;
    view.drawNow();
    const left = Math.floor((placement.x + (x + 0.5) * placement.zoom) * scale);
    const top = Math.floor((placement.y + (y + 0.5) * placement.zoom) * scale);
    return Array.from(view.context.getImageData(left, top, 1, 1).data);
  }
}
