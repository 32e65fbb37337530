// What tests may read of a running page: `window.__scenebrush`. Nothing here changes the state.

import { picturePath } from './view.js';

export function exposeHook(editor) {
  const { store, view, toolbox, session } = editor;
  globalThis.__scenebrush = {
    get state() {
      return store.state;
    },
    get toolbox() {
      return toolbox;
    },
    get frame() {
      return store.state.t;
    },
    /** What the picture on the stage is: {view, t, path, stage}, or null when none is shown. */
    get shown() {
      return view.shown;
    },
    /** Whether everything was acknowledged and loaded. */
    get idle() {
      const { state } = store;
      return Boolean(state.server) && !state.pending.length && !session.writes && Boolean(view.maps());
    },
    /** Whether the frame on the screen is the truth and its picture is loaded. */
    get settled() {
      const { state } = store;
      const path = state.server && picturePath(state, 'render');
      return (
        this.idle && Boolean(path) && editor.pictures.kept.has(path) && state.server.render[state.t].stage === 'final'
      );
    },
    /** Client coordinates of the middle of pixel (x, y) of the picture. */
    clientPoint(x, y) {
      const box = editor.canvas.getBoundingClientRect();
      const { placement } = view;
      return [box.left + placement.x + (x + 0.5) * placement.zoom, box.top + placement.y + (y + 0.5) * placement.zoom];
    },
    /** Label map of the frame on the screen: {labels, objects} as plain arrays, or null. */
    maps() {
      const maps = view.maps();
      return maps && { labels: Array.from(maps.labels), objects: Array.from(maps.objects) };
    },
    /** RGBA of the stage at a pixel of the picture, as drawn. */
    colourAt(x, y) {
      const scale = globalThis.devicePixelRatio || 1;
      const { placement } = view;
      view.drawNow();
      return Array.from(
        view.context.getImageData(
          Math.floor((placement.x + (x + 0.5) * placement.zoom) * scale),
          Math.floor((placement.y + (y + 0.5) * placement.zoom) * scale),
          1,
          1,
        ).data,
      );
    },
  };
}
