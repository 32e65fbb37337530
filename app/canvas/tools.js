// What the pointer does on the stage. A gesture becomes one mask; `commit` turns it into an edit.

import { encodeMask } from './codec.js';
import { floodFill, lassoMask, protect, stampLine } from './raster.js';
import { effectiveView, StrokeCanvas, strokeColour } from './view.js';

export const PAINTING = ['brush', 'eraser', 'fill', 'lasso'];

export class Toolbox {
  /** commit({tool, frame, to, mask, pixels}) is called with each finished stroke. */
  constructor(canvas, view, store, commit) {
    Object.assign(this, {
      canvas,
      view,
      store,
      commit,
      gesture: null,
      spaceHeld: false,
      spaceUsed: false,
      lastPoint: null,
    });
    canvas.addEventListener('pointerdown', (event) => this.down(event));
    canvas.addEventListener('pointermove', (event) => this.move(event));
    canvas.addEventListener('pointerup', (event) => this.up(event));
    canvas.addEventListener('pointercancel', () => this.abandon());
    canvas.addEventListener('pointerleave', () => {
      if (!this.gesture) this.leave();
    });
    canvas.addEventListener('wheel', (event) => this.wheel(event), { passive: false });
    canvas.addEventListener('contextmenu', (event) => event.preventDefault());
  }

  place(event) {
    const box = this.canvas.getBoundingClientRect();
    return [event.clientX - box.left, event.clientY - box.top];
  }

  wheel(event) {
    event.preventDefault();
    const [x, y] = this.place(event);
    this.view.placement.zoomAt(x, y, Math.exp(-event.deltaY * (event.deltaMode ? 0.05 : 0.0015)));
    this.view.onPlaced?.();
    this.view.draw();
  }

  down(event) {
    if (this.gesture || !this.store.state.server) return;
    const at = this.place(event);
    this.canvas.setPointerCapture?.(event.pointerId);
    this.canvas.focus({ preventScroll: true });
    this.gesture = this.begin(event, at);
    this.gesture?.move?.(at, event);
  }

  begin(event, at) {
    const state = this.store.state;
    if (event.button === 1 || this.spaceHeld || (event.button === 0 && state.tool === 'hand')) return this.pan(at);
    if (event.button !== 0) return null;
    if (effectiveView(state) === 'wipe' && Math.abs(at[0] - this.view.wipeX()) < 16) return this.wipe();
    const tool = event.altKey && PAINTING.includes(state.tool) ? 'pick' : state.tool;
    if (PAINTING.includes(tool)) this.store.set({ playing: false });
    return {
      select: () => this.select(),
      pick: () => this.pick(),
      fill: () => this.fill(at, event.shiftKey),
      lasso: () => this.lasso(),
      brush: () => this.stroke(state.paintClass, event),
      eraser: () => this.stroke('source', event),
    }[tool]();
  }

  move(event) {
    const at = this.place(event);
    this.view.pointer = at;
    const events = event.getCoalescedEvents?.() ?? [];
    if (this.gesture?.every && events.length) for (const one of events) this.gesture.move(this.place(one), one);
    else this.gesture?.move?.(at, event);
    if (!this.gesture) this.hover(at);
    this.view.draw();
  }

  up(event) {
    const gesture = this.gesture;
    this.gesture = null;
    gesture?.end?.(this.place(event), event);
    this.view.draw();
  }

  abandon() {
    this.gesture?.abandon?.();
    this.gesture = null;
    this.view.live = null;
    this.view.lasso = null;
    this.view.draw();
  }

  leave() {
    this.view.pointer = null;
    this.store.set({ hover: null });
    this.view.draw();
  }

  hover(at) {
    const found = this.under(at);
    const known = this.store.state.hover;
    const same = found && known && found.object === known.object && found.label === known.label;
    if (!same) this.store.set({ hover: found });
    this.onHover?.(at);
  }

  /** {object, label} of the pixel at a place of the stage, or null. */
  under(at) {
    const maps = this.view.maps();
    const [x, y] = this.view.placement.pixelAt(...at);
    const { width, height } = this.view.placement;
    if (!maps || x < 0 || y < 0 || x >= width || y >= height) return null;
    return { object: maps.objects[y * width + x], label: maps.labels[y * width + x] };
  }

  pan(from) {
    let last = from;
    this.spaceUsed = true;
    this.canvas.classList.add('grabbing');
    const done = () => this.canvas.classList.remove('grabbing');
    return {
      move: (at) => {
        this.view.placement.pan(at[0] - last[0], at[1] - last[1]);
        last = at;
        this.view.onPlaced?.();
      },
      end: done,
      abandon: done,
    };
  }

  wipe() {
    const { placement } = this.view;
    return {
      move: ([x]) =>
        this.store.set({ wipe: Math.min(1, Math.max(0, (x - placement.x) / (placement.width * placement.zoom))) }),
    };
  }

  select() {
    return { end: (at) => this.store.set({ picked: this.under(at)?.object ?? null }) };
  }

  pick() {
    const take = (at) => {
      const found = this.under(at);
      if (found) this.store.set({ paintClass: found.label });
    };
    const end = () => {
      if (this.store.state.tool === 'pick') this.store.set({ tool: 'brush' });
    };
    return { move: take, end };
  }

  /** A region of one class; with Shift of one object alone. */
  fill(at, ofObject) {
    const maps = this.view.maps();
    const { width, height } = this.view.placement;
    const [x, y] = this.view.placement.pixelAt(...at);
    return {
      end: () =>
        maps &&
        this.finish(
          'fill',
          this.store.state.paintClass,
          floodFill(ofObject ? [maps.labels, maps.objects] : [maps.labels], width, height, x, y),
        ),
    };
  }

  lasso() {
    const points = [];
    this.view.lasso = points;
    const { width, height } = this.view.placement;
    return {
      every: true,
      move: (at) => points.push(this.view.placement.pointAt(...at)),
      end: () => {
        this.view.lasso = null;
        this.finish('lasso', this.store.state.paintClass, lassoMask(points, width, height));
      },
      abandon: () => {
        this.view.lasso = null;
      },
    };
  }

  /** A brush stroke: discs along the way; with Shift a straight line from where the last one ended. */
  stroke(to, event) {
    const { width, height } = this.view.placement;
    const state = this.store.state;
    const mask = new Uint8Array(width * height);
    const canvas = new StrokeCanvas(width, height, strokeColour(state, to));
    let last = event.shiftKey ? this.lastPoint : null;
    this.view.live = { frame: state.t, canvas: canvas.canvas };
    return {
      every: true,
      move: (at) => {
        const here = this.view.placement.pixelAt(...at);
        stampLine(mask, width, height, last ?? here, here, state.size);
        last = here;
        canvas.update(mask);
      },
      end: () => {
        this.lastPoint = last;
        this.view.live = null;
        this.finish(state.tool, to, mask);
      },
      abandon: () => {
        this.view.live = null;
      },
    };
  }

  /** The whole mask is sent, with `over` beside it: the server protects in every frame; shown is what this frame takes. */
  finish(tool, to, pixels) {
    const maps = this.view.maps();
    const { width, height } = this.view.placement;
    const { t: frame, over } = this.store.state;
    const mask = encodeMask(pixels, width, height);
    if (!mask || to === null) return;
    const kept = to !== 'source' && maps ? protect(pixels, maps.labels, over) : pixels;
    this.commit({ tool, frame, to, mask, shown: encodeMask(kept, width, height) });
  }
}
