// @ts-check
// "From frame…": the look that the selected object has on one frame of the filmed clip.

import { ApiError } from './api.js';
import { h } from './dom.js';
import { styleEdit } from './edits.js';
import { closeMenu, toggleMenu } from './menu.js';
import { frameList, objectName } from './names.js';

/** @import { Api } from './api.js' */
/** @import { ObjectPanel, Picked } from './object.js' */
/** @import { Session } from './session.js' */
/** @import { Store } from './store.js' */
/** @typedef {{frames: number[], shown: number[], best: number, why: string}} FilmedFrames */

export class FromFrame {
  /** @param {Api} api
   * @param {Session} session
   * @param {Store} store
   * @param {ObjectPanel} objects */
  constructor(api, session, store, objects) {
    this.api = api;
    this.session = session;
    this.store = store;
    this.objects = objects;
    const title = 'The look that it has on one frame of the filmed clip';
    const attributes = { type: 'button', ariaHaspopup: 'dialog', ariaExpanded: 'false', title };
    this.button = h('button.sb-button', { ...attributes, onclick: () => this.open() }, 'From frame…');
  }

  async open() {
    const picked = this.objects.picked();
    if (!picked) return;
    const place = `projects/${this.session.server.project}/filmed`;
    const found = await this.asked(`${place}?object=${picked.object}`);
    const name = objectName(picked.object, picked.label, this.session.server.classes);
    const content = found.why ? [h('p', {}, found.why)] : this.choice(place, picked, found);
    const title = h('p', {}, h('b', {}, `Look of ${name}, from a filmed frame`));
    const label = `Look of ${name} from a filmed frame`;
    toggleMenu(this.button, [h('div.sb-filmed', {}, title, ...content)], { label, side: 'above' });
  }

  /** What the server answers; `why`: in its words why it has nothing.
   * @param {string} path
   * @returns {Promise<any>} */
  async asked(path) {
    try {
      return await this.api.json(path);
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      return { why: error.message };
    }
  }

  /** @param {string} place
   * @param {Picked} picked
   * @param {FilmedFrames} found */
  choice(place, picked, { frames, shown, best }) {
    const cell = (/** @type {number} */ t) =>
      h(
        'button.sb-look-cell',
        { type: 'button', ariaLabel: `The look on frame ${t + 1}`, onclick: () => this.take(place, picked, t) },
        h('img', { alt: '', src: this.api.url(`${place}/${t}?object=${picked.object}`) }),
        h('small', {}, t + 1),
      );
    const take = () => {
      const t = Number(field.value) - 1;
      if (frames.includes(t)) return this.take(place, picked, t);
      const seen = `It is not seen on frame ${field.value} as it was filmed. Take one of ${frameList(frames)}.`;
      this.session.say(seen, 'error');
    };
    const field = h('input.sb-number', {
      type: 'number',
      min: (frames[0] ?? 0) + 1,
      max: (frames.at(-1) ?? 0) + 1,
      value: best + 1,
      ariaLabel: 'Filmed frame',
      onkeydown: (/** @type {KeyboardEvent} */ event) => {
        if (event.key !== 'Enter') return;
        event.preventDefault();
        take();
      },
    });
    const button = h('button.sb-button', { type: 'button', onclick: take }, 'Take it');
    return [
      h('div.sb-filmed-grid', {}, ...shown.map(cell)),
      h('div.sb-range', {}, h('span', {}, 'or frame'), field, button),
    ];
  }

  /** Put the look of that frame on, in the frames that the panel says.
   * @param {string} place
   * @param {Picked} picked
   * @param {number} t */
  async take(place, { object, label }, t) {
    if (!this.session.mayEdit()) return;
    const look = await this.asked(`${place}/${t}/look?object=${object}`);
    if (look.why) return this.session.say(look.why, 'error');
    closeMenu('stage');
    const { code, provenance } = look;
    const target = this.objects.target({ object, label });
    this.session.edit(styleEdit({ target, label, code, provenance, frames: this.objects.frames() }));
  }
}
