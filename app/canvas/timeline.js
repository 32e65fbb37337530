// @ts-check
// Play, progress, and the filmstrip with its state line; lanes.js has what is below it.

import { h, setText, show } from './dom.js';
import { icon } from './icons.js';
import { Lanes } from './lanes.js';
import { timecode, timeLeft } from './names.js';
import { rendered } from './store.js';

/** @import { Actions } from './actions.js' */
/** @import { Session } from './session.js' */
/** @import { Store } from './store.js' */
/** @import { Commands, OpenState } from './types' */

const THUMB_WIDTH = 78;
const STATE_COLOURS = { final: '#2dd4bf', preview: '#f5a524', todo: '#3d4148' };

export class Timeline {
  /** @param {Actions} actions
   * @param {Commands} commands
   * @param {Session} session
   * @param {Store} store
   * @param {HTMLElement} futures what continues the clip, at the end of the filmstrip */
  constructor(actions, commands, session, store, futures) {
    this.commands = commands;
    this.store = store;
    /** @type {HTMLImageElement[]} */
    this.thumbs = [];
    /** @type {boolean | null} */
    this.playShown = null;

    this.play = actions.button('play', {}, 'Play');
    this.time = h('span.sb-time');
    this.progressText = h('span', { role: 'status' });
    this.done = h('i');
    this.bar = h('span.sb-bar', { role: 'progressbar', ariaLabel: 'Frames rendered', 'aria-valuemin': 0 }, this.done);
    this.left = h('span.sb-left');
    this.cancel = actions.button('cancel');
    this.goOn = actions.button('render');
    const progress = [this.progressText, this.bar, this.left, this.cancel, this.goOn];
    this.progress = h('div.sb-progress', {}, ...progress);
    const loop = actions.button('loop', {}, icon('loop'), 'Loop');
    const transport = h('div.sb-transport', {}, this.play, loop, this.time, this.progress);

    this.thumbRow = h('div.sb-thumbs');
    this.line = h('canvas.sb-line', { role: 'img', ariaLabel: 'Which frames are rendered' });
    this.strip = filmstrip(this.thumbRow, this.line);
    this.lanes = new Lanes({ session, commands, store });
    this.head = h('span');
    this.playhead = h('div.sb-playhead', { ariaHidden: 'true' }, this.head);
    this.predicted = h('div.sb-predicted', { role: 'img', ariaLabel: 'Predicted frames' }, h('span', {}, 'Predicted'));
    this.strip.append(this.predicted);
    const row = h('div.sb-strip-row', {}, this.strip, futures);
    this.tracks = h('div.sb-tracks', {}, row, this.lanes.element, this.playhead);
    for (const surface of [this.strip, this.head]) this.scrubOn(surface);

    this.element = h('section.sb-timeline', { ariaLabel: 'Timeline' }, transport, this.tracks);
    this.observer = new ResizeObserver(() => this.layout());
    this.observer.observe(this.strip);
    store.subscribeOpen((state, names) => this.update(state, names));
  }

  /** @param {HTMLElement} surface */
  scrubOn(surface) {
    const go = (/** @type {PointerEvent} */ event) => {
      const box = this.strip.getBoundingClientRect();
      const count = this.store.state.server?.clip.frames ?? 1;
      this.commands.goTo(Math.floor(((event.clientX - box.left) / box.width) * count));
    };
    surface.addEventListener('pointerdown', (event) => {
      surface.setPointerCapture(event.pointerId);
      this.store.set({ playing: false });
      go(event);
    });
    surface.addEventListener('pointermove', (event) => {
      if (surface.hasPointerCapture(event.pointerId)) go(event);
    });
  }

  layout() {
    const width = this.strip.clientWidth;
    if (!width) return;
    this.tracks.style.setProperty('--track', `${width}px`);
    const count = Math.max(1, Math.round(width / THUMB_WIDTH));
    if (this.thumbs.length !== count) {
      this.thumbs = Array.from({ length: count }, () => h('img', { alt: '', draggable: 'false' }));
      this.thumbRow.replaceChildren(...this.thumbs);
    }
    const scale = globalThis.devicePixelRatio || 1;
    this.line.width = Math.round(width * scale);
    this.line.height = Math.round(5 * scale);
    if (!this.store.state.server) return;
    this.drawFrames(this.store.open);
    this.placeHead(this.store.open);
  }

  /** @param {OpenState} state
   * @param {Set<string>} names */
  update(state, names) {
    if (names.has('online')) this.askAgain();
    if (['server', 'pending', 'online'].some((name) => names.has(name))) this.drawFrames(state);
    if (names.has('t') || names.has('server')) this.placeHead(state);
    this.updateTransport(state);
    this.updateProgress(state);
  }

  /** What did not come while there was no server. */
  askAgain() {
    for (const image of this.thumbs) if (image.complete && !image.naturalWidth) delete image.dataset.source;
  }

  /** @param {OpenState} state */
  updateTransport(state) {
    if (this.playShown !== state.playing) {
      this.playShown = state.playing;
      const word = state.playing ? 'Pause' : 'Play';
      const key = h('kbd', { ariaHidden: 'true' }, 'Space');
      this.play.replaceChildren(icon(state.playing ? 'pause' : 'play'), word, key);
    }
    const { fps } = state.server.clip;
    setText(this.time, `${timecode(state.t / fps)} · ${Number(fps.toFixed(2))} fps`);
  }

  /** @param {OpenState} state */
  updateProgress(state) {
    const { render } = state.server;
    const final = render.filter((entry) => entry?.stage === 'final').length;
    const total = state.progress?.total ?? render.length;
    const done = state.progress?.done ?? final;
    const running = state.rendering === 'running';
    const complete = final === render.length;
    setText(this.progressText, progressWords(state, done, total, final));
    this.done.style.width = `${(100 * done) / Math.max(1, total)}%`;
    this.bar.setAttribute('aria-valuenow', String(done));
    this.bar.setAttribute('aria-valuemax', String(total));
    setText(this.left, running ? timeLeft(state.progress?.secondsLeft) : '');
    show(this.bar, running || !complete);
    show(this.left, running);
    show(this.cancel, running);
    show(this.goOn, !running && !complete);
    this.progress.dataset.complete = String(complete);
  }

  /** @param {OpenState} state */
  placeHead(state) {
    const count = state.server.clip.frames;
    const at = (state.t + 0.5) / count;
    this.playhead.style.left = `calc(var(--labels) + ${at} * var(--track))`;
    setText(this.head, String(state.t + 1));
    this.strip.setAttribute('aria-valuenow', String(state.t + 1));
    this.strip.setAttribute('aria-valuemax', String(count));
  }

  /** @param {OpenState} state */
  drawFrames(state) {
    const count = state.server.clip.frames;
    for (const [index, image] of this.thumbs.entries()) {
      const t = Math.min(count - 1, Math.floor(((index + 0.5) * count) / this.thumbs.length));
      const key = rendered(state, t)?.key ?? state.server.before[t];
      const source = key ? this.commands.thumbUrl(key) : '';
      // Another server may have none of what this one had.
      if (state.online && image.dataset.source !== source) {
        image.dataset.source = source;
        if (source) image.src = source;
        else image.removeAttribute('src');
      }
      image.dataset.waiting = String(!rendered(state, t));
    }
    const { filmed } = state.server.clip;
    show(this.predicted, filmed < count);
    this.predicted.style.left = `${(100 * filmed) / count}%`;
    this.drawLine(state, count);
  }

  /** @param {OpenState} state
   * @param {number} count */
  drawLine(state, count) {
    const context = this.line.getContext('2d');
    if (!context) return;
    const { width, height } = this.line;
    const scale = Math.round(globalThis.devicePixelRatio || 1);
    context.clearRect(0, 0, width, height);
    const gap = width / count > 4 * scale ? scale : 0;
    for (let t = 0; t < count; t++) {
      const from = Math.round((t * width) / count);
      const to = Math.round(((t + 1) * width) / count);
      context.fillStyle = STATE_COLOURS[rendered(state, t)?.stage ?? 'todo'];
      context.fillRect(from, 0, Math.max(1, to - from - gap), height);
    }
  }
}

/** @param {HTMLElement} thumbs
 * @param {HTMLElement} line which frames are rendered */
function filmstrip(thumbs, line) {
  const hint = 'Drag to choose a frame';
  const attributes = { tabindex: 0, role: 'slider', ariaLabel: 'Frame', 'aria-valuemin': 1, title: hint };
  return h('div.sb-strip', attributes, thumbs, line);
}

/** @param {OpenState} state
 * @param {number} done
 * @param {number} total
 * @param {number} final */
function progressWords({ rendering, server }, done, total, final) {
  const count = server.render.length;
  if (rendering === 'running') return `Rendering ${done} of ${total}`;
  if (final === count) return `All ${final} frames rendered`;
  return rendering === 'cancelled' ? `Stopped, ${final} of ${count} rendered` : `${final} of ${count} rendered`;
}
