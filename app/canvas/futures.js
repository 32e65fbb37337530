// @ts-check
// Continuing the clip: futures are predicted, shown as strips, and the one that is clicked becomes its next frames.

import { ApiError } from './api.js';
import { h, mark, setText, show } from './dom.js';
import { closeMenu, toggleMenu } from './menu.js';
import { timeLeft } from './names.js';

/** @import { Actions } from './actions.js' */
/** @import { Api } from './api.js' */
/** @import { Session } from './session.js' */
/** @import { Store } from './store.js' */
/** @import { Action, Commands, Futures, State } from './types' */

const FRAMES = 10;
const MOST = 100;
const WHAT =
  'A network predicts how labels, objects and motion go on after the last frame, and the frames are rendered. Your ' +
  'edits and looks go on with them. Choose a future; you can paint on its frames as on others, and undo it.';

/** @param {State} state */
const running = (state) => state.futures?.stage === 'running';

export class FuturesPanel {
  /** @param {Api} api
   * @param {Session} session
   * @param {Store} store
   * @param {Commands} commands */
  constructor(api, session, store, commands) {
    this.api = api;
    this.session = session;
    this.store = store;
    this.commands = commands;
    const range = { type: 'number', min: 1, max: MOST, value: FRAMES, required: true };
    const onkeydown = (/** @type {KeyboardEvent} */ event) => {
      if (event.key !== 'Enter') return;
      event.preventDefault();
      this.start();
    };
    this.frames = h('input.sb-number', { ...range, ariaLabel: 'Frames to continue by', onkeydown });
    this.bar = h('progress.sb-learn-bar', { max: 1, value: 0, ariaLabel: 'Predicted so far' });
    this.place = h('span', { role: 'status' });
    this.error = h('p.sb-learn-error', { role: 'alert' });
    this.strips = h('div.sb-futures', { role: 'group', ariaLabel: 'Futures to choose from' });
    /** What the strips show. */
    this.shown = '';
    /** Why nothing was begun. */
    this.refused = '';
    /** Stage of the last news of the open project. */
    this.stage = 'none';
    /** @type {HTMLElement | null} */
    this.element = null;
    /** At the end of the filmstrip; made with the actions. */
    this.button = h('button');
    this.sign = h('span', {}, '+');
    store.subscribeOpen((state, names) => {
      if (names.has('online') && state.online) this.load();
      if (names.has('futures') || names.has('server')) this.update(state);
    });
  }

  /** @returns {Action[]} */
  actions() {
    return [
      {
        id: 'futures',
        title: 'Continue by more frames',
        hint: 'Continue: predict the frames after the last one',
        group: 'Frames',
        keys: ['Shift+n'],
        run: () => this.openMenu(),
      },
      {
        id: 'futures-start',
        title: 'Show futures',
        enabled: (state) => Boolean(state.server && !state.server.read_only) && !running(state),
        run: () => this.start(),
      },
      {
        id: 'futures-cancel',
        title: 'Cancel',
        hint: 'Stop, and forget what was predicted',
        enabled: (state) => (state.futures?.stage ?? 'none') !== 'none',
        run: () => this.write('DELETE', 'futures'),
      },
    ];
  }

  /** @param {Actions} actions */
  build(actions) {
    const start = actions.button('futures-start', { look: 'sb-button.primary' }, h('span', {}, 'Show futures'));
    this.startWord = start.querySelector('span');
    this.cancel = actions.button('futures-cancel');
    this.row = h('div.sb-range', {}, h('label', {}, 'Frames ', this.frames), start);
    this.under = h('div.sb-range', {}, this.bar, this.place, this.cancel);
    const title = h('p.sb-menu-title', {}, 'Continue this clip');
    this.element = h('div.sb-learn', {}, title, h('p', {}, WHAT), this.row, this.error, this.under, this.strips);
    const popover = { ariaHaspopup: 'dialog', ariaExpanded: 'false', ariaLabel: 'Continue by more frames' };
    this.button = actions.button('futures', { look: 'sb-continue', attributes: popover }, this.sign);
    this.update(this.store.state);
  }

  openMenu() {
    if (!this.element) return;
    this.refuse('');
    toggleMenu(this.button, this.element, { label: 'Continue this clip', side: 'above' });
  }

  /** Where it is, as the server has it now. */
  async load() {
    const { project } = this.session.server;
    await this.session.takeOver('futures', this.api.json(`projects/${project}/futures`)).catch(() => {});
  }

  start() {
    if (!this.frames.checkValidity()) {
      this.frames.focus();
      return this.refuse(`Type a whole number of frames, 1 to ${MOST}.`);
    }
    return this.write('POST', 'futures', { frames: this.frames.valueAsNumber });
  }

  /** @param {string} method
   * @param {string} path
   * @param {object} [body] */
  async write(method, path, body) {
    const { project } = this.session.server;
    this.refuse('');
    try {
      await this.session.takeOver('futures', this.api.write(method, `projects/${project}/${path}`, body));
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      this.refuse(error.message);
    }
  }

  /** @param {string} why */
  refuse(why) {
    this.refused = why;
    this.update(this.store.state);
  }

  /** @param {number} number */
  async choose(number) {
    const { project, clip } = this.session.server;
    closeMenu();
    if (!this.session.mayEdit()) return;
    this.store.set({ message: { text: 'Adding these frames to the clip', kind: 'busy' } });
    if (!(await this.session.plain('POST', `projects/${project}/futures/${number}`))) return;
    this.store.set({ playing: false });
    this.commands.goTo(clip.frames);
    this.session.say(`The clip goes on after frame ${clip.frames}. Undo takes it back.`);
  }

  /** @param {State} state */
  update(state) {
    const { server, futures } = state;
    if (!this.element || !server) return;
    const stage = futures?.stage ?? 'none';
    const open = this.element.isConnected;
    const focused = open && this.element.contains(document.activeElement);
    if (stage === 'ready' && this.stage === 'running' && !open) {
      this.session.say('Futures of this clip are ready: choose one with the + at the end of the filmstrip.');
    }
    this.stage = stage;
    if (this.row) show(this.row, stage !== 'running');
    if (this.under) show(this.under, stage === 'running' || stage === 'ready');
    show(this.bar, stage === 'running');
    this.bar.value = share(futures);
    setText(this.place, stage === 'running' ? words(futures) : stage === 'ready' ? 'Choose one' : '');
    setText(this.error, this.refused || (futures?.error ?? ''));
    mark(this.button, 'data-running', stage === 'running');
    setText(this.sign, stage === 'running' ? `${Math.floor(100 * share(futures))} %` : '+');
    if (this.startWord) setText(this.startWord, stage === 'ready' ? 'Show others' : 'Show futures');
    this.showStrips(server.project, stage === 'none' ? null : futures);
    if (focused) this.keepFocus(stage);
  }

  /** What had the keyboard is hidden now: what comes next has it.
   * @param {string} stage */
  keepFocus(stage) {
    const { activeElement: held } = document;
    if (held instanceof HTMLElement && held.offsetParent && held !== document.body) return;
    const next = stage === 'running' ? this.cancel : this.frames;
    // Until all have heard of it the button may be disabled.
    queueMicrotask(() => next?.focus({ preventScroll: true }));
  }

  /** @param {string} project
   * @param {Futures | null} futures */
  showStrips(project, futures) {
    const found = futures?.futures ?? [];
    const shown = `${project} ${found.map(({ number, seed }) => `${number}:${seed}`)}`;
    if (shown === this.shown) return;
    this.shown = shown;
    this.strips.replaceChildren(
      ...found.map(({ number, seed }) => {
        const src = this.api.url(`projects/${project}/futures/${number}?v=${seed}`);
        const name = seed ? `Another future, ${number}` : 'The most likely future';
        const onclick = () => this.choose(number);
        const word = h('small', { ariaHidden: 'true' }, seed ? `Another, ${number}` : 'Most likely');
        return h('button', { type: 'button', title: name, ariaLabel: name, onclick }, h('img', { src, alt: '' }), word);
      }),
    );
  }
}

/** @param {Futures | null} futures */
function share(futures) {
  return futures?.total ? futures.done / futures.total : 0;
}

/** @param {Futures | null} futures */
function words(futures) {
  if (!futures?.done) return 'Getting ready';
  const { done, total, seconds_left: left } = futures;
  return [`Predicting and rendering, ${done} of ${total}`, timeLeft(left)].filter(Boolean).join(', ');
}
