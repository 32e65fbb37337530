// @ts-check
// From a finished gesture to an edit: what the stroke rides on, over which frames, as which object.

import { ApiError } from './api.js';
import { paintEdit } from './edits.js';
import { classOf } from './store.js';

/** @import { Api } from './api.js' */
/** @import { Follow, Frames, Mask, Motion, Painted, Pending, State, Stroke } from './types' */
/** @import { Session } from './session.js' */
/** @import { Store } from './store.js' */

/** The motion that the person chose, or null for 'auto': then the server is asked what the stroke touches most.
 * @param {Follow} follow
 * @returns {Motion | null} */
export function chosenMotion(follow) {
  if (follow === 'auto') return null;
  if (typeof follow === 'object') return { kind: 'ride', object: follow.object };
  return { kind: follow };
}

/** The object that painted pixels belong to: {object, newObject}. Stuff joins its class's stuff.
 * @param {State} state
 * @param {number | 'source'} to */
export function strokeObject(state, to) {
  const entry = to === 'source' ? null : classOf(state, to);
  if (entry?.kind !== 'thing') return { object: null, newObject: false };
  const picked = state.picked === null ? null : state.objects[state.picked];
  if (state.extend && picked?.label === to) return { object: state.picked, newObject: false };
  return { object: null, newObject: true };
}

export class Strokes {
  /** @param {Api} api
   * @param {Session} session
   * @param {Store} store */
  constructor(api, session, store) {
    this.api = api;
    this.session = session;
    this.store = store;
  }

  /** Save a stroke of the toolbox. It is on the screen at once and stays there until the server has it.
   * @param {Painted} painted */
  async commit({ tool, frame, to, mask, shown }) {
    if (!shown) return this.session.say('Nothing to paint there: “Only over” protects it.');
    if (!this.session.mayEdit()) return;
    const state = this.store.open;
    const { correcting: corrects } = state;
    const [first, last] = state.range ?? [0, state.server.clip.frames];
    /** @type {Frames} */
    const frames = [Math.min(first, frame), Math.max(last, frame + 1)];
    const { object, newObject } = strokeObject(state, to);
    const over = to === 'source' ? null : state.over;
    /** @type {Stroke} */
    const stroke = { frame, to, mask: shown };
    const wish = {
      frame,
      mask,
      over: over && [...over],
      fill: tool === 'fill',
      // What is only called otherwise goes on as what it is.
      to: to === 'source' || corrects ? null : to,
      object,
    };
    const motion = chosenMotion(state.follow) ?? (await this.ask(wish, stroke));
    const edit = paintEdit({ frame, mask, to, object, motion, frames, over, corrects });
    const { stroke: followed } = this.store.state;
    if (followed) this.store.set({ stroke: { ...followed, edit: edit.id } });
    await this.session.edit(edit, { newObject, stroke, rebase: tool !== 'fill' });
  }

  /** What a stroke would follow; it is drawn meanwhile. Without an answer: the motion under it.
   * @param {{frame: number, mask: Mask, over: number[] | null, fill: boolean, to: number | null,
   *   object: number | null}} wish
   * @param {Stroke} stroke
   * @returns {Promise<Motion>} */
  async ask(wish, stroke) {
    const id = `asking-${Math.random()}`;
    /** @type {Pending} */
    const asking = {
      id,
      requestId: '',
      edit: null,
      newObject: false,
      stroke,
      rebase: false,
      status: 'asking',
      why: '',
    };
    this.store.set({ pending: [...this.store.state.pending, asking], saving: 'saving' });
    try {
      const path = `projects/${this.session.server.project}/motion`;
      const { motion, title } = await this.api.write('POST', path, wish);
      this.store.set({ stroke: { title, edit: null } });
      return motion;
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      return { kind: 'flow' };
    } finally {
      this.store.set({ pending: this.store.state.pending.filter((entry) => entry !== asking) });
    }
  }
}
