// The stage: picture, label overlay, strokes on their way, outlines, brush ring. Drawn anew when something changed.

import { rgb } from './codec.js';
import { Placement } from './camera.js';
import { decodeMask } from './codec.js';
import { objectMask, outline } from './raster.js';
import { classOf, rendered } from './store.js';

const YELLOW = '#ffd60a';
const STROKE_ALPHA = 0.62;

export class View {
  constructor(canvas, store, pictures, labels) {
    Object.assign(this, {
      canvas,
      store,
      pictures,
      labels,
      placement: new Placement(),
      live: null,
      pointer: null,
      lasso: null,
    });
    this.context = canvas.getContext('2d');
    this.outlines = new Map();
    this.masks = new WeakMap();
    this.shown = null;
    this.asked = false;
  }

  /** Draw soon; many wishes make one drawing. */
  draw() {
    if (this.asked) return;
    this.asked = true;
    requestAnimationFrame(() => {
      this.asked = false;
      this.drawNow();
    });
  }

  resize() {
    const { clientWidth, clientHeight } = this.canvas.parentElement;
    const scale = globalThis.devicePixelRatio || 1;
    this.canvas.width = Math.round(clientWidth * scale);
    this.canvas.height = Math.round(clientHeight * scale);
    const clip = this.store.state.server?.clip;
    if (clip) this.placement.resize(clip.width, clip.height, clientWidth, clientHeight);
    this.onPlaced?.();
    this.draw();
  }

  /** The label map {labels, objects, canvas} of frame t, or null while it loads. */
  maps(t = this.store.state.t) {
    const key = this.store.state.server?.label_keys[t];
    return key ? this.labels.get(key) : null;
  }

  drawNow() {
    const { context, canvas, placement } = this;
    const state = this.store.state;
    context.setTransform(1, 0, 0, 1, 0, 0);
    context.clearRect(0, 0, canvas.width, canvas.height);
    if (!state.server) return;
    const scale = globalThis.devicePixelRatio || 1;
    context.setTransform(
      scale * placement.zoom,
      0,
      0,
      scale * placement.zoom,
      scale * placement.x,
      scale * placement.y,
    );
    this.drawPictures(state);
    this.drawStrokes(state);
    this.drawOutlines(state);
    if (this.lasso) this.drawLasso(this.lasso);
    context.setTransform(scale, 0, 0, scale, 0, 0);
    if (effectiveView(state) === 'wipe') this.drawWipeHandle();
    if (this.pointer && ['brush', 'eraser'].includes(state.tool)) this.drawRing(state);
  }

  drawPictures(state) {
    const view = effectiveView(state);
    const maps = this.maps();
    const overlay = overlayAlpha(state);
    this.shown = null;
    if (view === 'labels') return this.drawLabels(maps, 1);
    const path = picturePath(state, view);
    const bitmap = path ? this.pictures.get(path) : null;
    if (bitmap) {
      this.drawBitmap(bitmap);
      if (view === 'render') this.last = { t: state.t, project: state.server.project, bitmap };
      this.shown = {
        view,
        t: state.t,
        path,
        stage: view === 'render' || view === 'wipe' ? rendered(state)?.stage : null,
      };
    } else if (view === 'render' || view === 'wipe') this.drawStandIn(state, maps);
    if (view === 'wipe') this.drawBefore(state);
    if (view === 'render') this.drawLabels(maps, overlay);
  }

  /** Nothing true to show yet: the label map. What this frame was before lies under it in grey, never to be taken for it. */
  drawStandIn(state, maps) {
    const old = this.last?.t === state.t && this.last.project === state.server.project ? this.last.bitmap : null;
    if (old?.width) {
      this.context.filter = 'grayscale(1) brightness(0.55)';
      this.drawBitmap(old);
      this.context.filter = 'none';
    }
    this.drawLabels(maps, old?.width ? 0.5 : 0.85);
  }

  drawBitmap(bitmap) {
    const { width, height } = this.placement;
    this.context.imageSmoothingEnabled = this.placement.zoom < 4;
    this.context.imageSmoothingQuality = 'high';
    this.context.drawImage(bitmap, 0, 0, width, height);
  }

  drawLabels(maps, alpha) {
    if (!maps || alpha <= 0) return;
    this.context.globalAlpha = alpha;
    this.context.imageSmoothingEnabled = false;
    this.context.drawImage(maps.canvas, 0, 0);
    this.context.globalAlpha = 1;
  }

  /** The right part of a wipe: the unedited clip, rendered. */
  drawBefore(state) {
    const key = state.server.before[state.t];
    const bitmap = key ? this.pictures.get(`frames/${key}`) : null;
    if (!bitmap) return;
    const { width, height } = this.placement;
    this.context.save();
    this.context.beginPath();
    this.context.rect(width * state.wipe, 0, width, height);
    this.context.clip();
    this.drawBitmap(bitmap);
    this.context.restore();
  }

  drawStrokes(state) {
    const strokes = state.pending
      .filter((entry) => entry.stroke?.frame === state.t)
      .map((entry) => this.strokeCanvas(entry.stroke));
    if (this.live?.frame === state.t) strokes.push(this.live.canvas);
    this.context.imageSmoothingEnabled = false;
    this.context.globalAlpha = STROKE_ALPHA;
    for (const canvas of strokes) this.context.drawImage(canvas, 0, 0);
    this.context.globalAlpha = 1;
  }

  strokeCanvas(stroke) {
    if (!this.masks.has(stroke)) {
      const { width, height } = this.store.state.server.clip;
      const canvas = new StrokeCanvas(width, height, strokeColour(this.store.state, stroke.to));
      canvas.update(decodeMask(stroke.mask, width, height));
      this.masks.set(stroke, canvas.canvas);
    }
    return this.masks.get(stroke);
  }

  drawOutlines(state) {
    if (state.playing) return;
    // While painting the outline of what is selected steps back.
    if (state.picked !== null) this.drawOutline(state.picked, state.tool === 'select' ? 2.5 : 1);
    if (state.hover && state.tool === 'select' && state.hover.object !== state.picked)
      this.drawOutline(state.hover.object, 1.75);
  }

  drawOutline(object, thickness) {
    const maps = this.maps();
    if (!maps) return;
    const path = this.outlineOf(maps, object);
    for (const [colour, extra] of [
      ['#0b0c0eb0', 2],
      [YELLOW, 0],
    ]) {
      this.context.strokeStyle = colour;
      this.context.lineWidth = (thickness + extra) / this.placement.zoom;
      this.context.lineCap = 'square';
      this.context.stroke(path);
    }
  }

  /** Path along the border of an object; a few are kept. */
  outlineOf(maps, object) {
    const known = this.outlines.get(object);
    if (known?.maps === maps) return known.path;
    const { width, height } = this.placement;
    const path = new Path2D();
    for (const [x0, y0, x1, y1] of outline(objectMask(maps.objects, object), width, height)) {
      path.moveTo(x0, y0);
      path.lineTo(x1, y1);
    }
    if (this.outlines.size > 16) this.outlines.clear();
    this.outlines.set(object, { maps, path });
    return path;
  }

  drawLasso(points) {
    const path = new Path2D();
    for (const [x, y] of points) path.lineTo(x, y);
    path.closePath();
    this.context.fillStyle = '#ffd60a2b';
    this.context.fill(path, 'evenodd');
    this.context.strokeStyle = YELLOW;
    this.context.lineWidth = 1.5 / this.placement.zoom;
    this.context.stroke(path);
  }

  drawRing(state) {
    const { zoom } = this.placement;
    const [x, y] = this.placement.pixelAt(...this.pointer);
    const centreX = this.placement.x + (x + 0.5) * zoom,
      centreY = this.placement.y + (y + 0.5) * zoom;
    const radius = Math.max(2, (Math.floor(state.size / 2) + 0.5) * zoom);
    for (const [colour, width] of [
      ['#000000a0', 3.5],
      ['#ffffff', 1.5],
    ]) {
      this.context.strokeStyle = colour;
      this.context.lineWidth = width;
      this.context.beginPath();
      this.context.arc(centreX, centreY, radius, 0, 2 * Math.PI);
      this.context.stroke();
    }
  }

  drawWipeHandle() {
    const x = this.wipeX();
    const { top, height } = this.placement.visible();
    this.context.fillStyle = '#ffffff';
    this.context.fillRect(x - 1, top, 2, height);
    this.context.beginPath();
    this.context.arc(x, top + height / 2, 13, 0, 2 * Math.PI);
    this.context.fill();
    this.context.fillStyle = '#16181b';
    for (const side of [-1, 1]) {
      this.context.beginPath();
      this.context.moveTo(x + side * 8, top + height / 2);
      this.context.lineTo(x + side * 3, top + height / 2 - 4.5);
      this.context.lineTo(x + side * 3, top + height / 2 + 4.5);
      this.context.fill();
    }
  }

  wipeX() {
    return this.placement.x + this.placement.width * this.placement.zoom * this.store.state.wipe;
  }
}

/** A stroke in the colour of its class, on a canvas of the picture's size. */
export class StrokeCanvas {
  constructor(width, height, colour) {
    this.canvas = document.createElement('canvas');
    this.canvas.width = width;
    this.canvas.height = height;
    this.context = this.canvas.getContext('2d');
    this.pixels = new ImageData(width, height);
    this.words = new Uint32Array(this.pixels.data.buffer);
    const [r, g, b] = rgb(colour);
    this.word = ((255 << 24) | (b << 16) | (g << 8) | r) >>> 0;
  }

  update(mask) {
    for (let i = 0; i < mask.length; i++) this.words[i] = mask[i] ? this.word : 0;
    this.context.putImageData(this.pixels, 0, 0);
  }
}

/** Colour of a stroke: its class's, or light grey for the eraser. */
export function strokeColour(state, to) {
  return to === 'source' ? '#e8eaed' : (classOf(state, to)?.colour ?? '#ffffff');
}

/** The view that is on the screen: 'before' while the compare key is held. */
export function effectiveView(state) {
  return state.comparing ? 'before' : state.view;
}

/** Strength of the label overlay: none while playing, or when it is switched off. */
export function overlayAlpha(state) {
  return state.playing || !state.overlayOn ? 0 : state.overlay;
}

/** Path below the project of the picture to show, or null when there is none yet. */
export function picturePath(state, view, t = state.t) {
  if (view === 'camera') return state.server.clip.camera ? `camera/${t}` : null;
  const key = view === 'before' ? state.server.before[t] : rendered(state, t)?.key;
  return key ? `frames/${key}` : null;
}
