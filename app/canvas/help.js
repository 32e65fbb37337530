// @ts-check
// Help with all keys, and the four steps that a first visitor is shown once.

import { h, setText } from './dom.js';
import { icon } from './icons.js';

/** @import { Actions } from './actions.js' */
/** @import { Store } from './store.js' */
/** @import { OpenState } from './types' */

/** @type {[string, string][]} */
const STEPS = [
  ['Choose a frame', 'Drag along the filmstrip or press Space.'],
  ['Change what it means', 'Paint a class on the frame, or select a car and swap it.'],
  ['Give it a look', 'With something selected, click one of its looks.'],
  ['Watch and download', 'Frames stream in below; Download has the video.'],
];

/** Which of the four steps are done since `start`, judged by the state alone.
 * @param {OpenState} state
 * @param {{t: number, edits: Set<string>}} start */
function stepsDone(state, start) {
  const edits = state.server.edits.filter(({ edit }) => !start.edits.has(edit.id));
  return [
    state.t !== start.t || state.playing,
    edits.some(({ edit }) => edit.kind !== 'set_style'),
    edits.some(({ edit }) => edit.kind === 'set_style'),
    edits.length > 0 && state.server.render.every((entry) => entry?.stage === 'final'),
  ];
}

const SEEN = 'scenebrush-steps-seen';

export class Steps {
  /** @param {Store} store
   * @param {Storage | undefined} storage */
  constructor(store, storage = globalThis.localStorage) {
    this.store = store;
    this.storage = storage;
    /** @type {{t: number, edits: Set<string>}} */
    this.start = { t: 0, edits: new Set() };
    /** @type {boolean[]} */
    this.done = [];
    this.marks = STEPS.map((_, index) => h('i', { ariaHidden: 'true' }, index + 1));
    this.lines = STEPS.map(([title], index) => h('li', {}, this.marks[index], title));
    this.text = h('p', { role: 'status' });
    this.element = h(
      'aside.sb-steps',
      { ariaLabel: 'First steps', hidden: true },
      h('div', {}, h('ol', {}, ...this.lines), this.text),
      h('button.sb-button', { type: 'button', onclick: () => this.close() }, 'Got it'),
    );
    store.subscribeOpen((state) => this.update(state));
  }

  openOnFirstVisit() {
    if (!this.storage?.getItem(SEEN)) this.open();
  }

  open() {
    const { t, server } = this.store.open;
    this.start = { t, edits: new Set(server.edits.map(({ edit }) => edit.id)) };
    this.done = [];
    this.element.hidden = false;
    this.update(this.store.open);
  }

  close() {
    this.element.hidden = true;
    this.storage?.setItem(SEEN, '1');
  }

  /** @param {OpenState} state */
  update(state) {
    if (this.element.hidden) return;
    this.done = stepsDone(state, this.start).map((yes, index) => yes || Boolean(this.done[index]));
    const current = this.done.indexOf(false);
    for (const [index, line] of this.lines.entries()) {
      line.dataset.done = String(this.done[index]);
      if (index === current) line.setAttribute('aria-current', 'step');
      else line.removeAttribute('aria-current');
      const mark = this.marks[index];
      if (mark) setText(mark, this.done[index] ? '✓' : String(index + 1));
    }
    setText(this.text, STEPS[current]?.[1] ?? 'That was all. The question mark above has the keys.');
  }
}

export class Help {
  constructor() {
    this.element = h('dialog.sb-help', { ariaLabel: 'Help and keys' });
    this.element.addEventListener('click', (event) => {
      if (event.target === this.element) this.element.close();
    });
  }

  /** The table is made of the actions.
   * @param {Actions} actions */
  fill(actions) {
    const close = () => this.element.close();
    const steps = actions.button('steps');
    steps.addEventListener('click', close);
    const sections = actions.table().map(([title, lines]) => {
      const list = lines.flatMap(([keys, words]) => [h('dt', {}, h('kbd', {}, keys)), h('dd', {}, words)]);
      return h('section', {}, h('h3', {}, title), h('dl', {}, ...list));
    });
    const about =
      'Every frame has a label map: which pixel is road, sky, car. Change it and the clip is rendered again, frame ' +
      'after frame. A stroke follows what it was painted on, forward and backward; an object keeps its look ' +
      'through the clip.';
    const shut = h('button.sb-button.square', { type: 'button', ariaLabel: 'Close', onclick: close }, icon('close'));
    this.element.replaceChildren(
      h('div.sb-help-head', {}, h('h2', {}, 'Paint the meaning of a clip, get the clip'), shut),
      h('p', {}, about),
      h('div.sb-keys', {}, ...sections),
      steps,
    );
  }

  open() {
    this.element.showModal();
  }
}
