// Help with all keys, and the four steps that a newcomer is shown once.

import { h, icon } from './dom.js';
import { KEY_TABLE } from './keys.js';

export const STEPS = [
  ['Choose a frame', 'Drag along the filmstrip or press Space.'],
  ['Change what it means', 'Paint a class on the frame, or select a car and swap it.'],
  ['Give it a look', 'With something selected, click one of its looks.'],
  ['Watch and download', 'Frames stream in below; Download has the video.'],
];

/** Which of the four steps are done, judged by the state alone. */
export function stepsDone(state, startFrame) {
  const edits = state.server?.edits ?? [];
  return [
    state.t !== startFrame || state.playing,
    edits.some(({ edit }) => edit.kind !== 'set_style'),
    edits.some(({ edit }) => edit.kind === 'set_style'),
    edits.length > 0 && state.server.render.every((entry) => entry?.stage === 'final'),
  ];
}

const SEEN = 'scenebrush-steps-seen';

export class Steps {
  constructor(store, storage = globalThis.localStorage) {
    Object.assign(this, { store, storage });
    this.lines = STEPS.map(([title, text], index) => h('li', {}, h('i', { ariaHidden: 'true' }, String(index + 1)), h('div', {}, h('b', {}, title), h('span', {}, text))));
    this.element = h('aside.sb-steps', { ariaLabel: 'First steps', hidden: true }, h('ol', {}, ...this.lines),
      h('button.sb-button', { type: 'button', onclick: () => this.close() }, 'Got it'));
    store.subscribe((names, state) => this.update(state));
  }

  openOnFirstVisit() {
    if (!this.storage?.getItem(SEEN)) this.open();
  }

  open() {
    this.start = this.store.state.t;
    this.element.hidden = false;
    this.update(this.store.state);
  }

  close() {
    this.element.hidden = true;
    this.storage?.setItem(SEEN, '1');
  }

  update(state) {
    if (this.element.hidden || !state.server) return;
    const done = stepsDone(state, this.start);
    done.forEach((yes, index) => {
      if (this.lines[index].dataset.done === 'true') return;
      this.lines[index].dataset.done = String(yes);
    });
  }
}

export class Help {
  constructor(steps) {
    const column = ([title, keys]) => h('section', {}, h('h3', {}, title), h('dl', {}, ...keys.flatMap(([key, what]) => [h('dt', {}, h('kbd', {}, key)), h('dd', {}, what)])));
    const close = () => this.element.close();
    this.element = h('dialog.sb-help', { ariaLabel: 'Help and keys' },
      h('div.sb-help-head', {}, h('h2', {}, 'Paint the meaning of a clip, get the clip'), h('button.sb-button.square', { type: 'button', ariaLabel: 'Close', onclick: close }, icon('close'))),
      h('p', {}, 'Every frame has a label map: which pixel is road, sky, car. Change it and the clip is rendered again, frame after frame. A stroke follows what it was painted on, forward and backward; an object keeps its look through the clip.'),
      h('div.sb-keys', {}, ...KEY_TABLE.map(column)),
      h('button.sb-button', { type: 'button', onclick: () => { close(); steps.open(); } }, 'Show the four steps again'));
    this.element.addEventListener('click', (event) => { if (event.target === this.element) close(); });
  }

  open() { this.element.showModal(); }
}
