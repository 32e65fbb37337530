// @ts-check
// Learning this clip: started, watched and cancelled here; what is learnt, and a switch back.

import { ApiError } from './api.js';
import { h, rovingKeys, setText, show } from './dom.js';
import { toggleMenu } from './menu.js';

/** @import { Actions } from './actions.js' */
/** @import { Api } from './api.js' */
/** @import { Session } from './session.js' */
/** @import { Store } from './store.js' */
/** @import { Action, Learning, State } from './types' */

const MINUTES = 10;
const WHAT =
  'The network is tuned on this clip’s own film, so that what it renders looks like it. Edits and looks stay, and the ' +
  'network as it was is kept. You can go on editing, or close the page.';

/** @param {State} state */
const running = (state) => state.learning?.stage === 'running';
/** @param {State} state */
const begun = (state) => state.learning?.stage === 'paused' || state.learning?.stage === 'failed';

export class LearnPanel {
  /** @param {Api} api
   * @param {Session} session
   * @param {Store} store */
  constructor(api, session, store) {
    this.api = api;
    this.session = session;
    this.store = store;
    this.minutes = h('input.sb-number', { type: 'number', min: 1, max: 600, value: MINUTES, ariaLabel: 'Minutes' });
    this.bar = h('progress.sb-learn-bar', { max: 1, value: 0, ariaLabel: 'Learnt so far' });
    this.place = h('span', { role: 'status' });
    this.gain = h('p');
    this.error = h('p.sb-learn-error', { role: 'alert' });
    this.sample = h('img', { alt: 'One frame as filmed, as it was rendered, and as it is rendered now' });
    const words = ['As filmed', 'Rendered before', 'Rendered now'].map((text) => h('figcaption', {}, text));
    this.figure = h('figure.sb-learn-sample', {}, this.sample, ...words);
    this.shownSample = '';
    /** Stage of the last news of the open project. */
    this.stage = '';
    /** @type {HTMLElement | null} */
    this.element = null;
    store.subscribeOpen((state, names) => {
      if (names.has('online') && state.online) this.load();
      if (names.has('learning')) this.update(state);
    });
  }

  /** @param {State} state */
  mayStart({ server, learning }) {
    return Boolean(server?.clip.camera && !server.read_only && learning) && learning?.stage !== 'running';
  }

  /** @returns {Action[]} */
  actions() {
    /** @param {State} state */
    const learnt = ({ server, learning }) => Boolean(server && !server.read_only && learning?.learnt);
    return [
      {
        id: 'learn-start',
        title: 'Start',
        hint: 'Learn this clip, or go on with it',
        enabled: (state) => this.mayStart(state),
        run: () => this.start(),
      },
      {
        id: 'learn-cancel',
        title: 'Cancel',
        hint: 'Stop, and forget what was learnt so far',
        enabled: (state) => running(state) || begun(state),
        run: () => this.write('DELETE', 'learning'),
      },
      {
        id: 'use-shipped',
        title: 'As it was',
        hint: 'Render with the network as it was before',
        enabled: learnt,
        pressed: ({ learning }) => learning?.used === false,
        run: () => this.session.use('shipped'),
      },
      {
        id: 'use-learnt',
        title: 'Learnt from this clip',
        hint: 'Render with the network that learnt this clip',
        enabled: learnt,
        pressed: ({ learning }) => learning?.used === true,
        run: () => this.session.use('learnt'),
      },
    ];
  }

  /** @param {Actions} actions */
  build(actions) {
    const start = actions.button('learn-start', { look: 'sb-button.primary' }, h('span', {}, 'Start'));
    this.startWord = start.querySelector('span');
    this.row = h('div.sb-range', {}, h('label', {}, 'Minutes ', this.minutes), start);
    this.cancel = actions.button('learn-cancel');
    this.under = h('div.sb-range', {}, this.bar, this.place, this.cancel);
    const choices = ['use-shipped', 'use-learnt'].map((id) =>
      actions.button(id, { look: 'sb-view', role: 'radio', attributes: { 'data-use': id } }),
    );
    const views = h('div.sb-views', { role: 'radiogroup', ariaLabel: 'What renders this project' }, ...choices);
    rovingKeys(views);
    this.uses = h('div.sb-range', {}, h('span', {}, 'Rendered with the network'), views);
    const title = h('p.sb-menu-title', {}, 'Learn this clip');
    const parts = [title, h('p', {}, WHAT), this.row, this.under, this.gain, this.figure, this.error, this.uses];
    this.element = h('div.sb-learn', {}, ...parts);
    this.update(this.store.state);
  }

  /** @param {HTMLElement} anchor */
  openMenu(anchor) {
    if (this.element) toggleMenu(anchor, this.element, { label: 'Learn this clip' });
  }

  /** Where it is, as the server has it now. */
  async load() {
    const { project } = this.session.server;
    await this.session.takeOver('learning', this.api.json(`projects/${project}/learning`)).catch(() => {});
  }

  start() {
    const minutes = Number(this.minutes.value);
    return this.write('POST', 'learning', { minutes });
  }

  /** @param {string} method
   * @param {string} path
   * @param {object} [body] */
  async write(method, path, body) {
    const { project } = this.session.server;
    try {
      await this.session.takeOver('learning', this.api.write(method, `projects/${project}/${path}`, body));
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      this.session.say(error.message, 'error');
    }
  }

  /** @param {State} state */
  update(state) {
    const { server, learning } = state;
    if (!this.element || !server || !learning) return;
    const { stage, error } = learning;
    if (stage === 'learnt' && this.stage === 'running') this.session.say(`This clip is learnt. ${gained(learning)}`);
    this.stage = stage;
    if (this.row) show(this.row, stage !== 'running');
    if (this.under) show(this.under, running(state) || begun(state));
    if (this.uses) show(this.uses, learning.learnt);
    if (this.startWord) setText(this.startWord, begun(state) ? 'Go on' : learning.learnt ? 'Learn on' : 'Start');
    this.minutes.disabled = begun(state);
    this.bar.value = share(learning);
    setText(this.place, begun(state) ? 'Stopped' : leftWords(learning));
    setText(this.gain, gained(learning));
    const unfilmed = server.clip.camera ? '' : 'This clip was never filmed: there is nothing to learn.';
    setText(this.error, error || unfilmed);
    const sample = stage === 'running' && learning.sample ? `${server.project} ${learning.sample}` : '';
    show(this.figure, Boolean(sample));
    if (sample && sample !== this.shownSample) {
      this.sample.src = this.api.url(`projects/${server.project}/learning/sample?v=${learning.sample}`);
    }
    this.shownSample = sample;
  }
}

/** What the header's button says in place of its icon, "" where nothing is being learnt.
 * @param {Learning | null} learning */
export function learnWords(learning) {
  return learning?.stage === 'running' ? `${Math.floor(100 * share(learning))} %` : '';
}

/** @param {Learning} learning */
function share({ step, steps }) {
  return steps ? step / steps : 0;
}

/** @param {Learning} learning */
function leftWords({ step, seconds_left: left }) {
  if (!step || left === null) return 'Getting ready';
  if (left < 1) return 'Rendering what it has learnt';
  return left < 90 ? `${Math.ceil(left)} s left` : `${Math.round(left / 60)} min left`;
}

/** @param {Learning} learning */
function gained({ before, now }) {
  if (!before || !now) return '';
  const [was, is] =
    before.held_out === null || now.held_out === null ? [before.learnt, now.learnt] : [before.held_out, now.held_out];
  const which = before.held_out === null ? '' : ', on frames it has not seen';
  return `Near to the film: ${was.toFixed(1)} dB before, ${is.toFixed(1)} dB now${which}.`;
}
