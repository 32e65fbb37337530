// From a finished gesture to an edit: what the stroke rides on, over which frames, as which object.

import { ApiError } from './api.js';
import { paintEdit } from './edits.js';
import { classOf } from './store.js';

/** The motion that the person chose, or null for 'auto': then the server is asked what the stroke touches most. */
export function chosenMotion(follow) {
  if (follow === 'auto') return null;
  if (typeof follow === 'object') return { kind: 'ride', object: follow.object };
  return { kind: follow };
}

/** The object that painted pixels belong to: {object, newObject}. Stuff joins its class's stuff. */
export function strokeObject(state, to) {
  const entry = to === 'source' ? null : classOf(state, to);
  if (entry?.kind !== 'thing') return { object: null, newObject: false };
  const picked = state.objects[state.picked];
  if (state.extend && picked?.label === to) return { object: state.picked, newObject: false };
  return { object: null, newObject: true };
}

export class Strokes {
  constructor(api, session, store) {
    Object.assign(this, { api, session, store });
  }

  /** Save a stroke of the toolbox. It is on the screen at once and stays there until the server has it. */
  async commit({ tool, frame, to, mask, shown }) {
    if (!shown) return this.session.say('Nothing to paint there: “Only over” protects it.');
    if (!this.session.mayEdit()) return;
    const state = this.store.state;
    const frames = state.range ?? [0, state.server.clip.frames];
    const inside = [Math.min(frames[0], frame), Math.max(frames[1], frame + 1)];
    const { object, newObject } = strokeObject(state, to);
    const over = to === 'source' ? null : state.over;
    const stroke = { frame, to, mask: shown };
    const early = { id: `asking-${Math.random()}`, status: 'sending', stroke };
    this.store.set({ pending: [...state.pending, early], saving: 'saving' });
    const motion =
      chosenMotion(state.follow) ?? (await this.ask({ frame, mask, over: over && [...over], fill: tool === 'fill' }));
    this.store.set({ pending: this.store.state.pending.filter((entry) => entry !== early) });
    const edit = paintEdit({ frame, mask, to, object, motion, frames: inside, over });
    const { stroke: followed } = this.store.state;
    if (followed) this.store.set({ stroke: { ...followed, edit: edit.id } });
    await this.session.edit(edit, { newObject, stroke, rebase: tool !== 'fill' });
  }

  /** What a stroke would follow. Without an answer: the motion under it. */
  async ask(wish) {
    try {
      const { motion, title } = await this.api.write('POST', `projects/${this.session.server.project}/motion`, wish);
      this.store.set({ stroke: { title, edit: null } });
      return motion;
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      return { kind: 'flow' };
    }
  }
}
