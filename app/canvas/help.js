// Help with all keys, and the four steps that a newcomer is shown once.

import { h, setText } from './dom.js';
import { icon } from './icons.js';
import { KEY_TABLE } from './keys.js';

export const STEPS = [
  ['Choose a frame', 'Drag along the filmstrip or press Space.'],
  ['Change what it means', 'Paint a class on the frame, or select a car and swap it.'],
  ['Give it a look', 'With something selected, click one of its looks.'],
  ['Watch and download', 'Frames stream in below; Download has the video.'],
];

/** Which of the four steps are done since `start` {t, edits: Set of edit ids}, judged by the state alone. */
export function stepsDone(state, start) {
  const edits = (state.server?.edits ?? []).filter(({ edit }) => !start.edits.has(edit.id));
  return [
    state.t !== start.t || state.playing,
    edits.some(({ edit }) => edit.kind !== 'set_style'),
    edits.some(({ edit }) => edit.kind === 'set_style'),
    edits.length > 0 && state.server.render.every((entry) => entry?.stage === 'final'),
  ];
}

const SEEN = 'scenebrush-steps-seen';

export class Steps {
  constructor(store, storage = globalThis.localStorage) {
    Object.assign(this, { store, storage });
    this.lines = STEPS.map(([title], index) => h('li', {}, h('i', { ariaHidden: 'true' }, String(index + 1)), title));
    this.text = h('p', { role: 'status' });
    this.element = h(
      'aside.sb-steps',
      { ariaLabel: 'First steps', hidden: true },
      h('div', {}, h('ol', {}, ...this.lines), this.text),
      h('button.sb-button', { type: 'button', onclick: () => this.close() }, 'Got it'),
    );
    store.subscribe((state) => this.update(state));
  }

  openOnFirstVisit() {
    if (!this.storage?.getItem(SEEN)) this.open();
  }

  open() {
    const { t, server } = this.store.state;
    this.start = { t, edits: new Set(server?.edits.map(({ edit }) => edit.id)) };
    this.done = null;
    this.element.hidden = false;
    this.update(this.store.state);
  }

  close() {
    this.element.hidden = true;
    this.storage?.setItem(SEEN, '1');
  }

  update(state) {
    if (this.element.hidden || !state.server) return;
    this.done = stepsDone(state, this.start).map((yes, index) => yes || Boolean(this.done?.[index]));
    const current = this.done.indexOf(false);
    this.lines.forEach((line, index) => {
      line.dataset.done = String(this.done[index]);
      if (index === current) line.setAttribute('aria-current', 'step');
      else line.removeAttribute('aria-current');
      setText(line.firstChild, this.done[index] ? '✓' : String(index + 1));
    });
    setText(this.text, current < 0 ? 'That was all. The question mark above has the keys.' : STEPS[current][1]);
  }
}

export class Help {
  constructor(steps) {
    const column = ([title, keys]) =>
      h(
        'section',
        {},
        h('h3', {}, title),
        h('dl', {}, ...keys.flatMap(([key, what]) => [h('dt', {}, h('kbd', {}, key)), h('dd', {}, what)])),
      );
    const close = () => this.element.close();
    this.element = h(
      'dialog.sb-help',
      { ariaLabel: 'Help and keys' },
      h(
        'div.sb-help-head',
        {},
        h('h2', {}, 'Paint the meaning of a clip, get the clip'),
        h('button.sb-button.square', { type: 'button', ariaLabel: 'Close', onclick: close }, icon('close')),
      ),
      h(
        'p',
        {},
        'Every frame has a label map: which pixel is road, sky, car. Change it and the clip is rendered again, frame after frame. A stroke follows what it was painted on, forward and backward; an object keeps its look through the clip.',
      ),
      h('div.sb-keys', {}, ...KEY_TABLE.map(column)),
      h(
        'button.sb-button',
        {
          type: 'button',
          onclick: () => {
            close();
            steps.open();
          },
        },
        'Show the four steps again',
      ),
    );
    this.element.addEventListener('click', (event) => {
      if (event.target === this.element) close();
    });
  }

  open() {
    this.element.showModal();
  }
}
