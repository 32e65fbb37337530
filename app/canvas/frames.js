// Pictures and label maps of the frames: loaded once, kept while there is room, the wanted ones first.

import { decodeLabels, paintLabels } from './codec.js';

const AT_ONCE = 3; // HTTP/1.1 allows six connections a host; the socket and Gradio hold some

/** Values by key, dropped oldest first beyond `room` bytes. */
export class Kept {
  constructor(room) {
    this.room = room;
    this.used = 0;
    this.entries = new Map();
  }

  get(key) {
    const entry = this.entries.get(key);
    if (!entry) return null;
    this.entries.delete(key);
    this.entries.set(key, entry);
    return entry.value;
  }

  has(key) {
    return this.entries.has(key);
  }

  put(key, value, size) {
    this.entries.set(key, { value, size });
    this.used += size;
    for (const [oldest, entry] of this.entries) {
      if (this.used <= this.room || oldest === key) break;
      this.entries.delete(oldest);
      this.used -= entry.size;
      entry.value.close?.();
    }
  }
}

/** Loads by path, newest wish first, each path once. */
export class Loader {
  constructor(load, room, onLoad) {
    Object.assign(this, { load, onLoad, kept: new Kept(room), wanted: [], busy: new Set(), failed: new Map() });
  }

  /** The value, or null while it is on its way. */
  get(key) {
    const value = this.kept.get(key);
    if (value) return value;
    this.wish(key);
    return null;
  }

  wish(key) {
    if (this.busy.has(key)) return;
    if ((this.failed.get(key) ?? 0) > performance.now()) return;
    this.wanted = this.wanted.filter((other) => other !== key);
    this.wanted.push(key);
    this.pump();
  }

  /** Load these too, after everything that is wanted now, the first of them first. */
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
    this.kept = new Kept(this.kept.room);
  }

  pump() {
    while (this.busy.size < AT_ONCE && this.wanted.length) this.start(this.wanted.pop());
  }

  async start(key) {
    if (this.kept.has(key)) return;
    this.busy.add(key);
    const { kept } = this;
    try {
      const { value, size } = await this.load(key);
      kept.put(key, value, size);
      this.failed.delete(key);
    } catch {
      this.failed.set(key, performance.now() + 2000);
    }
    this.busy.delete(key);
    this.onLoad(key);
    this.pump();
  }
}

/** Loader of pictures as bitmaps; keys are paths below the project. */
export function pictureLoader(api, project, onLoad) {
  return new Loader(
    async (path) => {
      const reply = await api.request(`projects/${project()}/${path}`);
      const bitmap = await createImageBitmap(await reply.blob(), {
        colorSpaceConversion: 'none',
        premultiplyAlpha: 'none',
      });
      return { value: bitmap, size: bitmap.width * bitmap.height * 4 };
    },
    256 * 2 ** 20,
    onLoad,
  );
}

/** Loader of label maps: {labels, objects, canvas}, the canvas in class colours; keys are label keys. */
export function labelLoader(api, project, clip, palette, onLoad) {
  return new Loader(
    async (key) => {
      const { width, height } = clip();
      const reply = await api.request(`projects/${project()}/labels/${key}`);
      const maps = decodeLabels(await reply.arrayBuffer(), width, height);
      return {
        value: { ...maps, canvas: labelCanvas(maps.labels, width, height, palette()) },
        size: width * height * 9,
      };
    },
    192 * 2 ** 20,
    onLoad,
  );
}

function labelCanvas(labels, width, height, palette) {
  const canvas = document.createElement('canvas');
  canvas.width = width;
  canvas.height = height;
  const pixels = new ImageData(width, height);
  paintLabels(labels, palette, pixels.data);
  canvas.getContext('2d').putImageData(pixels, 0, 0);
  return canvas;
}
