// @ts-check
// Playing at the clip's rate: the clock says which frame is due, late pictures are passed over, never queued.

/** @import { Store } from './store.js' */

/** The frame due `seconds` after starting at `from`, or null when the end was reached without looping.
 * @param {number} from
 * @param {number} seconds
 * @param {number} fps
 * @param {number} count
 * @param {boolean} loop */
export function frameDue(from, seconds, fps, count, loop) {
  const t = from + Math.floor(seconds * fps + 1e-6);
  if (t < count) return t;
  return loop ? t % count : null;
}

export class Player {
  /** @param {Store} store
   * @param {() => number} clock milliseconds
   * @param {(step: () => void) => void} next calls it when the screen is drawn next */
  constructor(store, clock = () => performance.now(), next = (step) => requestAnimationFrame(step)) {
    this.store = store;
    this.clock = clock;
    this.next = next;
    this.running = false;
    /** Frame and time that it plays from, and the frame that was shown last. */
    this.from = 0;
    this.since = 0;
    this.last = 0;
    store.subscribe((state, names) => {
      if (names.has('playing') && state.playing && !this.running) this.start();
    });
  }

  toggle() {
    const { playing, server, t, loop } = this.store.state;
    if (!server) return;
    if (!playing && !loop && t === server.clip.frames - 1) this.store.set({ t: 0 });
    this.store.set({ playing: !playing });
  }

  start() {
    this.running = true;
    this.from = this.last = this.store.state.t;
    this.since = this.clock();
    this.next(() => this.step());
  }

  step() {
    const { playing, server, t, loop } = this.store.state;
    if (!playing || !server) {
      this.running = false;
      return;
    }
    // Someone moved the playhead: go on from there.
    if (t !== this.last) {
      this.from = t;
      this.since = this.clock();
    }
    const { fps, frames } = server.clip;
    const due = frameDue(this.from, (this.clock() - this.since) / 1000, fps, frames, loop);
    if (due === null) {
      this.store.set({ playing: false, t: frames - 1 });
      this.running = false;
      return;
    }
    this.last = due;
    this.store.set({ t: due });
    this.next(() => this.step());
  }
}
