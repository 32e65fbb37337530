// @ts-check
// The stage: picture, label overlay, strokes on their way, outlines, brush ring. Drawn anew when something changed.

import { Placement } from './camera.js';
import { decodeMask, rgb } from './codec.js';
import { currentDoubt } from './doubts.js';
import { kindsPath, showsKinds } from './kinds.js';
import { objectMask, outline } from './raster.js';
import { classOf, effectiveView, rendered } from './store.js';

/** @import { Loader } from './frames.js' */
/** @import { Store } from './store.js' */
/** @import { LabelMaps, OpenState, Point, Shown, State, Stroke, ViewName } from './types' */

const YELLOW = '#ffd60a';
const STROKE_ALPHA = 0.62;

export class View {
  /** @param {HTMLCanvasElement} canvas
   * @param {Store} store
   * @param {Loader<ImageBitmap>} pictures
   * @param {Loader<LabelMaps>} labels
   * @param {Loader<HTMLCanvasElement>} kinds */
  constructor(canvas, store, pictures, labels, kinds) {
    this.canvas = canvas;
    this.store = store;
    this.pictures = pictures;
    this.labels = labels;
    this.kinds = kinds;
    this.placement = new Placement();
    this.context = context2d(canvas);
    /** The stroke that is being drawn.
     * @type {{frame: number, canvas: HTMLCanvasElement} | null} */
    this.live = null;
    /** Where the pointer is on the stage.
     * @type {Point | null} */
    this.pointer = null;
    /** @type {Point[] | null} */
    this.lasso = null;
    /** The line that splits an object.
     * @type {Point[] | null} */
    this.cut = null;
    /** @type {Map<number, {maps: LabelMaps, path: Path2D}>} */
    this.outlines = new Map();
    /** @type {WeakMap<Stroke, HTMLCanvasElement>} */
    this.masks = new WeakMap();
    /** @type {Shown | null} */
    this.shown = null;
    /** The picture that was shown last of the render.
     * @type {{t: number, bitmap: ImageBitmap} | null} */
    this.last = null;
    this.asked = false;
    /** Called when the picture lies elsewhere on the stage. */
    this.onPlaced = () => {};
  }

  /** Another project: nothing that was seen of the one before stays. */
  clear() {
    this.last = null;
    this.live = null;
    this.lasso = null;
    this.cut = null;
    this.outlines.clear();
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

  /** The picture was moved or zoomed. */
  moved() {
    this.onPlaced();
    this.draw();
  }

  resize() {
    const { clientWidth, clientHeight } = this.canvas.parentElement ?? this.canvas;
    const scale = globalThis.devicePixelRatio || 1;
    this.canvas.width = Math.round(clientWidth * scale);
    this.canvas.height = Math.round(clientHeight * scale);
    const clip = this.store.state.server?.clip;
    if (clip) this.placement.resize(clip.width, clip.height, clientWidth, clientHeight);
    this.moved();
  }

  /** The label map {labels, objects, canvas} of frame t, or null while it loads. */
  maps(t = this.store.state.t) {
    const key = this.store.state.server?.label_keys[t];
    return key ? this.labels.get(key) : null;
  }

  drawNow() {
    const { context, canvas, placement } = this;
    context.setTransform(1, 0, 0, 1, 0, 0);
    context.clearRect(0, 0, canvas.width, canvas.height);
    if (!this.store.state.server) return;
    const state = this.store.open;
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
    this.drawDoubt(state);
    if (this.lasso) this.drawLasso(this.lasso);
    if (this.cut) this.drawCut(this.cut);
    context.setTransform(scale, 0, 0, scale, 0, 0);
    if (effectiveView(state) === 'wipe') this.drawWipeHandle();
    if (this.pointer && ['brush', 'eraser'].includes(state.tool)) this.drawRing(state, this.pointer);
  }

  /** @param {OpenState} state */
  drawPictures(state) {
    const view = effectiveView(state);
    const maps = this.maps();
    this.shown = null;
    if (view === 'labels') return this.drawLabels(maps, 1);
    const path = picturePath(state, view);
    const bitmap = path ? this.pictures.get(path) : null;
    if (bitmap) {
      this.drawBitmap(bitmap);
      if (view === 'render') this.last = { t: state.t, bitmap };
      const stage = view === 'render' || view === 'wipe' ? rendered(state)?.stage : null;
      this.shown = { view, t: state.t, path, stage };
    } else if (view === 'render' || view === 'wipe') this.drawStandIn(state, maps);
    if (view === 'wipe') this.drawBefore(state);
    if (showsKinds(state)) this.drawKinds(state);
    else if (view === 'render' && bitmap) this.drawLabels(maps, overlayAlpha(state));
  }

  /** The render of now is not there yet. What this frame was before stays, under the labels as strong as they are
   * wanted: the chip says that it is to do. Where nothing was seen before: the label map.
   * @param {State} state
   * @param {LabelMaps | null} maps */
  drawStandIn(state, maps) {
    const old = this.last?.t === state.t ? this.last.bitmap : null;
    // A bitmap that was dropped to make room has no size any more.
    if (!old?.width) return this.drawLabels(maps, 0.85);
    this.drawBitmap(old);
    this.drawLabels(maps, overlayAlpha(state));
  }

  /** @param {ImageBitmap} bitmap */
  drawBitmap(bitmap) {
    const { width, height } = this.placement;
    this.context.imageSmoothingEnabled = this.placement.zoom < 4;
    this.context.imageSmoothingQuality = 'high';
    this.context.drawImage(bitmap, 0, 0, width, height);
  }

  /** @param {LabelMaps | null} maps
   * @param {number} alpha */
  drawLabels(maps, alpha) {
    if (!maps || alpha <= 0) return;
    this.context.globalAlpha = alpha;
    this.context.imageSmoothingEnabled = false;
    this.context.drawImage(maps.canvas, 0, 0);
    this.context.globalAlpha = 1;
  }

  /** A tint over what is not film; nothing until it is here.
   * @param {OpenState} state */
  drawKinds(state) {
    const tint = this.kinds.get(kindsPath(state));
    if (!tint) return;
    this.context.imageSmoothingEnabled = false;
    this.context.drawImage(tint, 0, 0, this.placement.width, this.placement.height);
  }

  /** The right part of a wipe: the unedited clip, rendered.
   * @param {OpenState} state */
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

  /** Strokes until they are seen in a render of their frame.
   * @param {OpenState} state */
  drawStrokes(state) {
    if (effectiveView(state) === 'before') return;
    const pending = state.pending.flatMap(({ stroke }) => (stroke ? [stroke] : []));
    const strokes = [...state.settling, ...pending].filter((stroke) => stroke.frame === state.t);
    const canvases = strokes.map((stroke) => this.strokeCanvas(stroke));
    if (this.live?.frame === state.t) canvases.push(this.live.canvas);
    this.context.imageSmoothingEnabled = false;
    this.context.globalAlpha = STROKE_ALPHA;
    for (const canvas of canvases) this.context.drawImage(canvas, 0, 0);
    this.context.globalAlpha = 1;
  }

  /** @param {Stroke} stroke */
  strokeCanvas(stroke) {
    const known = this.masks.get(stroke);
    if (known) return known;
    const { width, height } = this.store.open.server.clip;
    const made = new StrokeCanvas(width, height, strokeColour(this.store.state, stroke.to));
    made.update(decodeMask(stroke.mask, width, height));
    this.masks.set(stroke, made.canvas);
    return made.canvas;
  }

  /** @param {State} state */
  drawOutlines(state) {
    if (state.playing) return;
    const { hover, picked, tool } = state;
    // While painting the outline of what is selected steps back.
    if (picked !== null) this.drawOutline(picked, tool === 'select' ? 2.5 : 1);
    if (hover && tool === 'select' && hover.object !== picked) this.drawOutline(hover.object, 1.75);
  }

  /** @param {number} object
   * @param {number} thickness */
  drawOutline(object, thickness) {
    const maps = this.maps();
    if (!maps) return;
    const path = this.outlineOf(maps, object);
    this.context.lineCap = 'square';
    for (const [colour, extra] of /** @type {const} */ ([
      ['#0b0c0eb0', 2],
      [YELLOW, 0],
    ])) {
      this.context.strokeStyle = colour;
      this.context.lineWidth = (thickness + extra) / this.placement.zoom;
      this.context.stroke(path);
    }
  }

  /** Path along the border of an object; a few are kept.
   * @param {LabelMaps} maps
   * @param {number} object */
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

  /** @param {Point[]} points */
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

  /** @param {Point[]} points */
  drawCut(points) {
    const path = new Path2D();
    for (const [x, y] of points) path.lineTo(x, y);
    for (const [colour, width] of /** @type {const} */ ([
      ['#0b0c0eb0', 4.5],
      [YELLOW, 2],
    ])) {
      this.context.strokeStyle = colour;
      this.context.lineWidth = width / this.placement.zoom;
      this.context.stroke(path);
    }
  }

  /** A dashed box around what is doubtful on this frame.
   * @param {OpenState} state */
  drawDoubt(state) {
    const doubt = state.correcting && !state.playing ? currentDoubt(state) : null;
    if (!doubt?.box || doubt.frame !== state.t) return;
    const { zoom } = this.placement;
    const [top, left, bottom, right] = doubt.box;
    const apart = 5 / zoom;
    this.context.setLineDash([7 / zoom, 5 / zoom]);
    for (const [colour, width] of /** @type {const} */ ([
      ['#0b0c0eb0', 3.5],
      ['#f5a524', 2],
    ])) {
      this.context.strokeStyle = colour;
      this.context.lineWidth = width / zoom;
      this.context.strokeRect(left - apart, top - apart, right - left + 2 * apart, bottom - top + 2 * apart);
    }
    this.context.setLineDash([]);
  }

  /** The brush around the pointer.
   * @param {State} state
   * @param {Point} at */
  drawRing(state, at) {
    const { zoom } = this.placement;
    const [x, y] = this.placement.pixelAt(...at);
    const centreX = this.placement.x + (x + 0.5) * zoom;
    const centreY = this.placement.y + (y + 0.5) * zoom;
    const radius = Math.max(2, (Math.floor(state.size / 2) + 0.5) * zoom);
    for (const [colour, width] of /** @type {const} */ ([
      ['#000000a0', 3.5],
      ['#ffffff', 1.5],
    ])) {
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

  /** Where the line of the wipe is on the stage. */
  wipeX() {
    return this.placement.x + this.placement.width * this.placement.zoom * this.store.state.wipe;
  }
}

/** @param {HTMLCanvasElement} canvas */
function context2d(canvas) {
  const context = canvas.getContext('2d');
  if (!context) throw new Error('this browser has no 2D canvas');
  return context;
}

/** A stroke in the colour of its class, on a canvas of the picture's size. */
export class StrokeCanvas {
  /** @param {number} width
   * @param {number} height
   * @param {string} colour */
  constructor(width, height, colour) {
    this.canvas = document.createElement('canvas');
    this.canvas.width = width;
    this.canvas.height = height;
    this.context = context2d(this.canvas);
    this.pixels = new ImageData(width, height);
    this.words = new Uint32Array(this.pixels.data.buffer);
    const [r, g, b] = rgb(colour);
    this.word = ((255 << 24) | (b << 16) | (g << 8) | r) >>> 0;
  }

  /** @param {Uint8Array} mask */
  update(mask) {
    for (let i = 0; i < mask.length; i++) this.words[i] = mask[i] ? this.word : 0;
    this.context.putImageData(this.pixels, 0, 0);
  }
}

/** Colour of a stroke: its class's, or light grey for the eraser.
 * @param {State} state
 * @param {number | 'source' | null} to */
export function strokeColour(state, to) {
  return to === 'source' ? '#e8eaed' : (classOf(state, to)?.colour ?? '#ffffff');
}

/** Strength of the label overlay: none while playing, or when it is switched off.
 * @param {State} state */
function overlayAlpha(state) {
  return state.playing || !state.overlayOn ? 0 : state.overlay;
}

/** Path below the project of the picture to show, or null when there is none yet.
 * @param {OpenState} state
 * @param {ViewName} view */
export function picturePath(state, view, t = state.t) {
  const { camera, hash } = state.server.clip;
  // Another future has other pictures in the same frames.
  if (view === 'camera') return camera ? `camera/${t}?clip=${hash}` : null;
  const key = view === 'before' ? state.server.before[t] : rendered(state, t)?.key;
  return key ? `frames/${key}` : null;
}
