// @ts-check
// Doubtful places: where labels or objects may be wrong, one after the other, each with a sentence.

import { ApiError } from './api.js';
import { h, mark, setText, show } from './dom.js';
import { icon } from './icons.js';

/** @import { Api } from './api.js' */
/** @import { Session } from './session.js' */
/** @import { Store } from './store.js' */
/** @import { Commands, Doubt, DoubtList, OpenState, State } from './types' */

const PAUSE_MS = 60;

/** The doubt that is looked at, if it still is one.
 * @param {State} state
 * @returns {Doubt | null} */
export function currentDoubt({ doubts, doubt }) {
  return doubts?.doubts.find(({ key }) => key === doubt) ?? null;
}

export class DoubtPanel {
  /** @param {Api} api
   * @param {Session} session
   * @param {Store} store
   * @param {Commands} commands */
  constructor(api, session, store, commands) {
    this.api = api;
    this.session = session;
    this.store = store;
    this.commands = commands;
    /** Project and revision that are being looked through. */
    this.of = '';
    /** @type {DoubtList | null} */
    this.shown = null;
    this.count = h('span.sb-doubt-count', { role: 'status' });
    this.list = h('ol.sb-doubts', { ariaLabel: 'Doubtful places' });
    this.note = h('p.sb-empty');
    this.again = h('button.sb-link', { type: 'button', onclick: () => this.tellAgain() }, 'tell all again');
    store.subscribeOpen((state, names) => this.update(state, names));
  }

  /** @param {OpenState} state
   * @param {Set<string>} names */
  update(state, names) {
    if (!state.correcting) {
      this.of = '';
      return;
    }
    if (names.has('correcting') || names.has('server')) this.look();
    if (names.has('doubts') || names.has('doubt')) this.draw(state);
  }

  /** Have the clip looked through as it is taken to be now, as long as the panel is open. */
  async look() {
    const { project, revision } = this.session.server;
    const of = `${project} ${revision}`;
    if (this.of === of) return;
    this.of = of;
    try {
      while (this.of === of) {
        /** @type {DoubtList} */
        const doubts = await this.api.json(`projects/${project}/doubts`);
        if (this.of !== of) return;
        const whole = doubts.looked >= doubts.frames;
        // What was told stays until all is looked at again: the list does not jump.
        const told = whole ? doubts.doubts : (this.store.state.doubts?.doubts ?? doubts.doubts);
        this.store.set({ doubts: { ...doubts, doubts: told } });
        if (whole) return;
        await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
      }
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      if (this.of === of) this.of = '';
      this.session.say(error.message, 'error');
    }
  }

  /** Other tabs have called something right. */
  lookAgain() {
    this.of = '';
    if (this.store.state.correcting) this.look();
  }

  /** @param {OpenState} state */
  draw(state) {
    const { doubts, doubt } = state;
    if (!doubts) return;
    const place = doubts.doubts.findIndex(({ key }) => key === doubt);
    const many = doubts.doubts.length;
    const looking = doubts.looked < doubts.frames ? `${doubts.looked} of ${doubts.frames} frames looked at` : '';
    setText(this.count, looking || (place < 0 ? String(many) : `${place + 1} of ${many}`));
    if (this.shown !== doubts) {
      this.shown = doubts;
      this.list.replaceChildren(...doubts.doubts.map((one) => this.line(one)));
    }
    for (const line of this.list.children) {
      if (!(line instanceof HTMLElement)) continue;
      const on = line.dataset.key === doubt;
      mark(line, 'aria-current', on);
      if (on) line.scrollIntoView({ block: 'nearest' });
    }
    const none = looking || many ? '' : 'Nothing here looks doubtful.';
    setText(this.note, [doubts.note, none].filter(Boolean).join(' '));
    show(this.note, Boolean(this.note.textContent));
    show(this.again, doubts.right > 0);
    setText(this.again, `${doubts.right} called right: tell again`);
  }

  /** @param {Doubt} doubt */
  line(doubt) {
    const go = () => this.goTo(doubt);
    const words = h(
      'button.sb-doubt',
      { type: 'button', onclick: go },
      h('b', {}, `${doubt.frame + 1}`),
      doubt.sentence,
    );
    const label = `It is right: ${doubt.sentence}`;
    const how = { type: 'button', title: 'It is right (Y)', ariaLabel: label, onclick: () => this.callRight(doubt) };
    return h('li', { 'data-key': doubt.key }, words, h('button.sb-right', how, icon('right')));
  }

  /** @param {Doubt} doubt */
  goTo({ key, frame, object }) {
    this.commands.goTo(frame);
    this.store.set({ doubt: key, picked: object, playing: false });
  }

  /** The next doubt, or the one before; from the frame on the screen where none is looked at.
   * @param {1 | -1} way */
  step(way) {
    const { doubts, doubt, t } = this.store.open;
    const all = doubts?.doubts ?? [];
    if (!all.length) {
      const looking = !doubts || doubts.looked < doubts.frames;
      return this.session.say(looking ? 'The clip is being looked through.' : 'Nothing here looks doubtful.');
    }
    const place = all.findIndex(({ key }) => key === doubt);
    const here = all.findIndex(({ frame }) => frame >= t);
    const after = Math.max(0, here);
    const next = place >= 0 ? place + way : way > 0 ? after : after - 1;
    const found = all[(next + all.length) % all.length];
    if (found) this.goTo(found);
  }

  /** A person says that it is no doubt; the next one is shown.
   * @param {Doubt | null} doubt */
  async callRight(doubt = currentDoubt(this.store.state)) {
    if (!doubt) return this.session.say('Choose a doubtful place first (.)');
    const all = this.store.open.doubts?.doubts ?? [];
    const next = all[all.indexOf(doubt) + 1] ?? all[0];
    if (await this.judge([doubt.key], true)) if (next && next !== doubt) this.goTo(next);
  }

  /** What was called right is told again. */
  async tellAgain() {
    const reply = await this.judge([], false);
    if (reply) this.session.say('All doubtful places are told again.');
  }

  /** @param {string[]} keys none: all
   * @param {boolean} right */
  async judge(keys, right) {
    if (!this.session.mayEdit()) return false;
    const { project } = this.session.server;
    try {
      const doubts = await this.api.write('PUT', `projects/${project}/doubts`, { keys, right });
      if (project === this.session.server.project) this.store.set({ doubts });
      return true;
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      this.session.say(`Not saved: ${error.message}`, 'error');
      return false;
    }
  }
}
