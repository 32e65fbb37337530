// @ts-check
// Pictures and label maps of the frames: loaded once, kept while there is room, the wanted ones first.

import { decodeLabels, paintLabels } from './codec.js';

/** @import { Api } from './api.js' */
/** @import { LabelMaps, Size } from './types' */

const AT_ONCE = 3; // HTTP/1.1 allows six connections a host; the socket and Gradio hold some

/** Values by key, dropped oldest first beyond `room` bytes.
 * @template Value */
export class Kept {
  /** @param {number} room */
  constructor(room) {
    this.room = room;
    this.used = 0;
    /** @type {Map<string, {value: Value, size: number}>} */
    this.entries = new Map();
  }

  /** @param {string} key
   * @returns {Value | null} */
  get(key) {
    const entry = this.entries.get(key);
    if (!entry) return null;
    this.entries.delete(key);
    this.entries.set(key, entry);
    return entry.value;
  }

  /** @param {string} key */
  has(key) {
    return this.entries.has(key);
  }

  /** @param {string} key
   * @param {Value} value with a `close` where it holds something
   * @param {number} size */
  put(key, value, size) {
    this.entries.set(key, { value, size });
    this.used += size;
    for (const [oldest, entry] of this.entries) {
      if (this.used <= this.room || oldest === key) break;
      this.entries.delete(oldest);
      this.used -= entry.size;
      close(entry.value);
    }
  }

  clear() {
    for (const { value } of this.entries.values()) close(value);
    this.entries.clear();
    this.used = 0;
  }
}

/** @param {unknown} value */
function close(value) {
  if (value !== null && typeof value === 'object' && 'close' in value && typeof value.close === 'function')
    value.close();
}

/** Loads by path, newest wish first, each path once.
 * @template Value */
export class Loader {
  /** @param {(key: string) => Promise<{value: Value, size: number}>} load
   * @param {number} room
   * @param {(key: string) => void} onLoad */
  constructor(load, room, onLoad) {
    this.load = load;
    this.onLoad = onLoad;
    /** @type {Kept<Value>} */
    this.kept = new Kept(room);
    /** @type {string[]} */
    this.wanted = [];
    /** @type {Set<string>} */
    this.busy = new Set();
    /** Not asked for again before this time.
     * @type {Map<string, number>} */
    this.failed = new Map();
    this.held = false;
  }

  /** Without a server, and until it is known what a new one has, nothing is asked for; then all that is still wanted
   * is wished for anew.
   * @param {boolean} held */
  hold(held) {
    if (held === this.held) return;
    this.held = held;
    this.forget();
    this.failed.clear();
  }

  /** The value, or null while it is on its way.
   * @param {string} key
   * @returns {Value | null} */
  get(key) {
    const value = this.kept.get(key);
    if (value) return value;
    this.wish(key);
    return null;
  }

  /** @param {string} key */
  wish(key) {
    if (this.busy.has(key)) return;
    if ((this.failed.get(key) ?? 0) > performance.now()) return;
    this.wanted = this.wanted.filter((other) => other !== key);
    this.wanted.push(key);
    this.pump();
  }

  /** Load these too, after everything that is wanted now, the first of them first.
   * @param {string[]} keys */
  prefetch(keys) {
    const known = new Set(this.wanted);
    const later = keys.filter((key) => !this.kept.has(key) && !this.busy.has(key) && !known.has(key));
    this.wanted = [...later.reverse(), ...this.wanted];
    this.pump();
  }

  /** Forget what is not loading yet. */
  forget() {
    this.wanted = [];
  }

  /** Another project: what was loaded is let go of, what is on its way too. */
  clear() {
    this.forget();
    this.failed.clear();
    this.kept.clear();
    this.kept = new Kept(this.kept.room);
  }

  pump() {
    while (!this.held && this.busy.size < AT_ONCE) {
      const next = this.wanted.pop();
      if (next === undefined) return;
      this.start(next);
    }
  }

  /** @param {string} key */
  async start(key) {
    if (this.kept.has(key)) return;
    this.busy.add(key);
    const { kept } = this;
    try {
      const { value, size } = await this.load(key);
      if (kept === this.kept) kept.put(key, value, size);
      else close(value);
      this.failed.delete(key);
    } catch {
      this.failed.set(key, performance.now() + 2000);
    }
    this.busy.delete(key);
    this.onLoad(key);
    this.pump();
  }
}

/** Loader of pictures as bitmaps; keys are paths below the project.
 * @param {Api} api
 * @param {() => string} project
 * @param {(key: string) => void} onLoad
 * @returns {Loader<ImageBitmap>} */
export function pictureLoader(api, project, onLoad) {
  /** @param {string} path */
  const load = async (path) => {
    const reply = await api.request(`projects/${project()}/${path}`);
    const exact = /** @type {ImageBitmapOptions} */ ({ colorSpaceConversion: 'none', premultiplyAlpha: 'none' });
    const bitmap = await createImageBitmap(await reply.blob(), exact);
    return { value: bitmap, size: bitmap.width * bitmap.height * 4 };
  };
  return new Loader(load, 256 * 2 ** 20, onLoad);
}

/** Loader of label maps: {labels, objects, canvas}, the canvas in class colours; keys are label keys.
 * @param {Api} api
 * @param {() => string} project
 * @param {() => Size} clip
 * @param {() => Map<number, [number, number, number]>} palette
 * @param {(key: string) => void} onLoad
 * @returns {Loader<LabelMaps>} */
export function labelLoader(api, project, clip, palette, onLoad) {
  /** @param {string} key */
  const load = async (key) => {
    const { width, height } = clip();
    const reply = await api.request(`projects/${project()}/labels/${key}`);
    const maps = decodeLabels(await reply.arrayBuffer(), width, height);
    const canvas = labelCanvas(maps.labels, width, height, palette());
    return { value: { ...maps, canvas }, size: width * height * 9 };
  };
  return new Loader(load, 192 * 2 ** 20, onLoad);
}

/** @param {Uint8Array} labels
 * @param {number} width
 * @param {number} height
 * @param {Map<number, [number, number, number]>} palette */
function labelCanvas(labels, width, height, palette) {
  const canvas = document.createElement('canvas');
  canvas.width = width;
  canvas.height = height;
  const pixels = new ImageData(width, height);
  paintLabels(labels, palette, pixels.data);
  canvas.getContext('2d')?.putImageData(pixels, 0, 0);
  return canvas;
}
