// Play, progress, and the filmstrip with its state line; lanes.js has what is below it.

import { h, setText, show } from './dom.js';
import { icon } from './icons.js';
import { Lanes } from './lanes.js';
import { timecode, timeLeft } from './names.js';
import { rendered } from './store.js';

const THUMB_WIDTH = 78;
const STATE_COLOURS = { final: '#2dd4bf', preview: '#f5a524', todo: '#3d4148' };

export class Timeline {
  constructor(actions, store) {
    Object.assign(this, { actions, store, thumbs: [] });
    this.element = h('section.sb-timeline', { ariaLabel: 'Timeline' }, this.buildTransport(), this.buildTracks());
    this.observer = new ResizeObserver(() => this.layout());
    this.observer.observe(this.strip);
    store.subscribe((state, names) => this.update(state, names));
  }

  buildTransport() {
    const { actions, store } = this;
    this.play = h('button.sb-button', { type: 'button', onclick: () => actions.togglePlay() });
    this.loop = h(
      'button.sb-button',
      { type: 'button', title: 'Start again at the end', onclick: () => store.set({ loop: !store.state.loop }) },
      icon('loop'),
      'Loop',
    );
    this.time = h('span.sb-time');
    this.progressText = h('span', { role: 'status' });
    this.bar = h('span.sb-bar', { role: 'progressbar', ariaLabel: 'Frames rendered', 'aria-valuemin': 0 }, h('i'));
    this.left = h('span.sb-left');
    this.cancel = h('button.sb-button', { type: 'button', onclick: () => actions.cancel() }, 'Cancel');
    this.goOn = h('button.sb-button', { type: 'button', onclick: () => actions.goOn() }, 'Go on');
    this.progress = h('div.sb-progress', {}, this.progressText, this.bar, this.left, this.cancel, this.goOn);
    return h('div.sb-transport', {}, this.play, this.loop, this.time, this.progress);
  }

  buildTracks() {
    this.strip = h('div.sb-strip', {
      tabindex: 0,
      role: 'slider',
      ariaLabel: 'Frame',
      'aria-valuemin': 1,
      title: 'Drag to choose a frame',
    });
    this.thumbRow = h('div.sb-thumbs');
    this.line = h('canvas.sb-line', { role: 'img', ariaLabel: 'Which frames are rendered' });
    this.strip.append(this.thumbRow, this.line);
    this.lanes = new Lanes(this.actions, this.store);
    this.playhead = h('div.sb-playhead', { ariaHidden: 'true' }, h('span'));
    this.tracks = h('div.sb-tracks', {}, h('div.sb-strip-row', {}, this.strip), this.lanes.element, this.playhead);
    for (const surface of [this.strip, this.playhead.firstChild]) this.scrubOn(surface);
    return this.tracks;
  }

  scrubOn(surface) {
    const go = (event) => {
      const box = this.strip.getBoundingClientRect();
      const count = this.store.state.server?.clip.frames ?? 1;
      const t = Math.floor(((event.clientX - box.left) / box.width) * count);
      this.actions.goTo(Math.min(count - 1, Math.max(0, t)));
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
    this.drawFrames(this.store.state);
    this.placeHead(this.store.state);
  }

  update(state, names) {
    if (!state.server) return;
    if (names.has('server') || names.has('pending')) this.drawFrames(state);
    if (names.has('t') || names.has('server')) this.placeHead(state);
    this.updateTransport(state);
    this.updateProgress(state);
  }

  updateTransport(state) {
    if (this.playShown !== state.playing) {
      this.playShown = state.playing;
      this.play.replaceChildren(
        icon(state.playing ? 'pause' : 'play'),
        state.playing ? 'Pause' : 'Play',
        h('kbd', { ariaHidden: 'true' }, 'Space'),
      );
    }
    this.loop.setAttribute('aria-pressed', String(state.loop));
    const { fps } = state.server.clip;
    setText(this.time, `${timecode(state.t / fps)} · ${Number(fps.toFixed(2))} fps`);
  }

  updateProgress(state) {
    const total = state.progress?.total ?? state.server.render.length;
    const final = state.server.render.filter((entry) => entry?.stage === 'final').length;
    const done = state.progress?.done ?? final;
    const running = state.rendering === 'running';
    const complete = final === state.server.render.length;
    setText(
      this.progressText,
      running
        ? `Rendering ${done} of ${total}`
        : complete
          ? `All ${final} frames rendered`
          : state.rendering === 'cancelled'
            ? `Stopped, ${final} of ${state.server.render.length} rendered`
            : `${final} of ${state.server.render.length} rendered`,
    );
    this.bar.firstChild.style.width = `${(100 * done) / Math.max(1, total)}%`;
    this.bar.setAttribute('aria-valuenow', String(done));
    this.bar.setAttribute('aria-valuemax', String(total));
    setText(this.left, running ? timeLeft(state.progress?.secondsLeft) : '');
    show(this.bar, running || !complete);
    show(this.left, running);
    show(this.cancel, running);
    show(this.goOn, !running && !complete);
    this.progress.dataset.complete = String(complete);
  }

  placeHead(state) {
    const count = state.server?.clip.frames ?? 1;
    const at = (state.t + 0.5) / count;
    this.playhead.style.left = `calc(var(--labels) + ${at} * var(--track))`;
    setText(this.playhead.firstChild, String(state.t + 1));
    this.strip.setAttribute('aria-valuenow', String(state.t + 1));
    this.strip.setAttribute('aria-valuemax', String(count));
  }

  drawFrames(state) {
    if (!state.server || !this.thumbs.length) return;
    const count = state.server.clip.frames;
    this.thumbs.forEach((image, index) => {
      const t = Math.min(count - 1, Math.floor(((index + 0.5) * count) / this.thumbs.length));
      const key = rendered(state, t)?.key ?? state.server.before[t];
      const source = key ? this.actions.thumbUrl(key) : '';
      if (image.dataset.source !== source) {
        image.dataset.source = source;
        if (source) image.src = source;
        else image.removeAttribute('src');
      }
      image.dataset.waiting = String(!rendered(state, t));
    });
    this.drawLine(state, count);
  }

  drawLine(state, count) {
    const context = this.line.getContext('2d');
    const { width, height } = this.line;
    context.clearRect(0, 0, width, height);
    const gap =
      width / count > 4 * (globalThis.devicePixelRatio || 1) ? Math.round(globalThis.devicePixelRatio || 1) : 0;
    for (let t = 0; t < count; t++) {
      const from = Math.round((t * width) / count),
        to = Math.round(((t + 1) * width) / count);
      context.fillStyle = STATE_COLOURS[rendered(state, t)?.stage ?? 'todo'];
      context.fillRect(from, 0, Math.max(1, to - from - gap), height);
    }
  }
}
