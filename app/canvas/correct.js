// @ts-check
// Correcting labels: two objects joined, one split, a frame carried to others, and a new clip of what was corrected.

import { ApiError } from './api.js';
import { encodeMask } from './codec.js';
import { connectedParts, cutMask } from './cutting.js';
import { h, show } from './dom.js';
import { currentDoubt } from './doubts.js';
import { carryEdit, joinEdit, splitEdit } from './edits.js';
import { icon } from './icons.js';
import { closeMenu, item, lines, toggleMenu } from './menu.js';
import { clipName, frameSpan, objectName } from './names.js';
import { rangeFields } from './ranges.js';
import { objectMask } from './raster.js';
import { classOf } from './store.js';

/** @import { Actions } from './actions.js' */
/** @import { Api } from './api.js' */
/** @import { DoubtPanel } from './doubts.js' */
/** @import { ObjectPanel } from './object.js' */
/** @import { Session } from './session.js' */
/** @import { Store } from './store.js' */
/** @import { Action, Frames, OpenState, Point, SplitEdit, State } from './types' */

// More connected parts than this are crumbs: the largest become objects.
const MOST_PARTS = 12;
const SMALLEST_PART = 8;

export class CorrectPanel {
  /** @param {Api} api
   * @param {Session} session
   * @param {Store} store
   * @param {ObjectPanel} objects
   * @param {DoubtPanel} doubts */
  constructor(api, session, store, objects, doubts) {
    this.api = api;
    this.session = session;
    this.store = store;
    this.objects = objects;
    this.doubts = doubts;
    this.element = h('section.sb-section.sb-correcting', { ariaLabel: 'Correct', hidden: true });
    /** @type {Frames} */
    this.range = [0, 1];
    store.subscribeOpen((state, names) => {
      show(this.element, state.correcting);
      if (!state.correcting && state.gesture) this.stop();
      if (names.has('picked') && state.gesture) this.stop();
    });
  }

  /** @returns {Action[]} */
  actions() {
    const writable = (/** @type {State} */ { server }) => Boolean(server && !server.read_only);
    const picked = (/** @type {State} */ state) => writable(state) && this.objects.picked(state) !== null;
    /** @param {Omit<Action, 'group'>} action
     * @returns {Action} */
    const correcting = (action) => ({ ...action, group: 'Correct', run: () => this.begin(action.run) });
    return [
      correcting({
        id: 'join',
        title: 'Join…',
        hint: 'Join: what you click next is part of the selected object',
        help: 'join: what is clicked next is part of the object',
        keys: ['j'],
        enabled: picked,
        run: () => this.openJoin(),
      }),
      correcting({
        id: 'split',
        title: 'Split…',
        hint: 'Split: draw a line across the selected object, or around a part of it',
        help: 'split: a line across the object, or around a part',
        keys: ['x'],
        enabled: picked,
        run: () => this.startSplit(),
      }),
      correcting({
        id: 'parts',
        title: 'Its parts',
        hint: 'Each connected part of the selected object becomes an object',
        help: 'split the object into its connected parts',
        keys: ['p'],
        enabled: picked,
        run: () => this.splitIntoParts(),
      }),
      correcting({
        id: 'carry',
        title: 'Carry…',
        hint: 'Carry the labels and objects of this frame to others, along the motion',
        help: 'carry the labels of this frame to others',
        keys: ['f'],
        enabled: writable,
        run: () => this.openCarry(),
      }),
      correcting({ id: 'next-doubt', title: 'Next doubtful place', keys: ['.'], run: () => this.doubts.step(1) }),
      correcting({ id: 'last-doubt', title: 'Doubtful place before', keys: [','], run: () => this.doubts.step(-1) }),
      correcting({
        id: 'right',
        title: 'It is right',
        hint: 'It is right: this place is not told again',
        help: 'this doubtful place is right',
        keys: ['y'],
        enabled: writable,
        run: () => this.doubts.callRight(),
      }),
      {
        id: 'save-corrected',
        title: 'Save as a new clip…',
        hint: 'A new clip with the corrected labels, to work on or to train with; this one stays',
        enabled: writable,
        run: () => this.openSave(),
      },
    ];
  }

  /** @param {Actions} actions */
  build(actions) {
    const menu = { ariaHaspopup: 'dialog', ariaExpanded: 'false' };
    this.joinButton = actions.button('join', { attributes: menu });
    this.carryButton = actions.button('carry', { attributes: menu });
    this.saveButton = actions.button('save-corrected', { look: 'sb-link', attributes: menu });
    const row = [this.joinButton, actions.button('split'), actions.button('parts'), this.carryButton];
    const step = (/** @type {string} */ id, /** @type {string} */ name) =>
      actions.button(id, { look: 'sb-button.square' }, icon(name));
    const walk = [step('last-doubt', 'before'), step('next-doubt', 'after'), actions.button('right')];
    const { count, list, note, again } = this.doubts;
    this.element.append(
      h('div.sb-head', {}, h('h2', {}, 'Correct'), this.saveButton),
      h('div.sb-correct-row', {}, ...row),
      h('div.sb-head.sb-doubt-head', {}, h('h2', {}, 'Doubtful places'), count),
      h('div.sb-correct-row', {}, ...walk),
      list,
      note,
      again,
    );
  }

  /** Correcting is on from here on, and what is corrected is to be seen.
   * @param {Action['run']} run */
  begin(run) {
    if (!this.store.state.correcting) this.store.set({ correcting: true, overlayOn: true });
    run();
  }

  /** Wait for the pointer no longer. Returns whether it was waited for. */
  stop() {
    if (!this.store.state.gesture) return false;
    this.store.set({ gesture: null, message: null });
    return true;
  }

  /** @param {'join' | 'split'} gesture
   * @param {string} text */
  wait(gesture, text) {
    this.store.set({ gesture, playing: false, message: { text, kind: 'busy' } });
  }

  /** Name of the selected object, "" where none is. */
  name() {
    const picked = this.objects.picked();
    return picked ? objectName(picked.object, picked.label, this.store.open.server.classes) : '';
  }

  // Join

  openJoin() {
    const state = this.store.open;
    const stage = document.querySelector('.sb-stage');
    if (!this.joinButton || !stage) return;
    const choices = this.joinable(state).map(({ object, label, note }) => {
      const line = item(objectName(object, label, state.server.classes), () => this.join(object), { note });
      const point = () => this.store.set({ hover: { object, label } });
      line.addEventListener('pointerenter', point);
      line.addEventListener('focus', point);
      return line;
    });
    const title = `What is ${this.name()} too? Click it in the picture, or here`;
    const content = [h('p.sb-menu-title', {}, title), h('div.sb-scroll.sb-join', {}, lines(title, ...choices))];
    this.wait('join', `Click what is ${this.name()} too. Esc: leave it.`);
    const onClose = () => {
      this.store.set({ hover: null });
      if (this.store.state.gesture === 'join') this.stop();
    };
    toggleMenu(this.joinButton, content, { label: 'Join', onClose, keep: stage });
  }

  /** What may be joined: the other object of the doubt that is looked at, things in view, and those of its class that
   * are seen on other frames.
   * @param {OpenState} state
   * @returns {{object: number, label: number, note: string}[]} */
  joinable(state) {
    const doubt = currentDoubt(state);
    const picked = this.objects.picked(state);
    const inView = this.objects.things(state).map(({ object, label, area }) => ({ object, label, note: `${area} px` }));
    const seen = new Set(inView.map(({ object }) => object));
    const elsewhere = Object.entries(state.objects).flatMap(([id, { label, frames }]) => {
      const note = `frames ${frameSpan([frames[0], frames[1] + 1])}`;
      const fits = label === picked?.label || (doubt?.object === state.picked && doubt?.other === Number(id));
      return fits && !seen.has(Number(id)) ? [{ object: Number(id), label, note }] : [];
    });
    const all = [...inView, ...elsewhere].filter(({ object }) => object !== state.picked);
    const first = doubt?.object === state.picked ? all.filter(({ object }) => object === doubt.other) : [];
    return [...first, ...all.filter((entry) => !first.includes(entry))];
  }

  /** The object that was clicked is the selected one.
   * @param {number} other */
  async join(other) {
    const picked = this.objects.picked();
    const state = this.store.open;
    if (!picked || other === picked.object) return this.session.say('Click another object.');
    const label = this.objects.inView().find(({ object }) => object === other)?.label ?? state.objects[other]?.label;
    if (classOf(state, label)?.kind !== 'thing') return this.session.say('Only things are joined: no stuff.');
    this.stop();
    closeMenu('stage');
    const to = label === picked.label ? null : picked.label;
    await this.session.edit(joinEdit({ object: picked.object, other, to, frames: this.objects.frames() }));
  }

  // Split

  startSplit() {
    this.wait('split', `Draw a line across ${this.name()}, or around a part of it. Esc: leave it.`);
  }

  /** @param {Point[]} points */
  async splitAlong(points) {
    const whole = this.whole();
    if (!whole) return;
    const { width, height } = this.store.open.server.clip;
    const part = cutMask(whole, points, width, height);
    if (!part) return this.session.say('Draw from one side of it to the other, or around a part of it.');
    this.stop();
    await this.split(whole, [part]);
  }

  /** Each connected part but the largest becomes an object of its own. */
  async splitIntoParts() {
    const whole = this.whole();
    if (!whole) return this.session.say('It is not seen on this frame.');
    const [, ...others] = connectedParts(whole, this.store.open.server.clip.width);
    const found = others.filter(({ length }) => length >= SMALLEST_PART).slice(0, MOST_PARTS);
    if (!found.length) return this.session.say('It is one part on this frame. Draw a line across it instead (X).');
    const masks = found.map((pixels) => {
      const mask = new Uint8Array(whole.length);
      for (const at of pixels) mask[at] = 1;
      return mask;
    });
    await this.split(whole, masks);
  }

  /** @param {Uint8Array} whole
   * @param {Uint8Array[]} parts */
  async split(whole, parts) {
    const { server, t, picked } = this.store.open;
    if (picked === null || !this.session.mayEdit()) return;
    const { width, height } = server.clip;
    const rest = whole.slice();
    /** @type {SplitEdit[]} */
    const edits = [];
    for (const part of parts) {
      for (let at = 0; at < rest.length; at++) if (part[at]) rest[at] = 0;
      const sides = { part: encodeMask(part, width, height), rest: encodeMask(rest, width, height) };
      if (!sides.part || !sides.rest) continue;
      const { part: one, rest: other } = sides;
      edits.push(splitEdit({ object: picked, frame: t, part: one, rest: other, frames: this.objects.frames() }));
    }
    const path = `projects/${server.project}/edits`;
    if (edits.length && (await this.session.plain('POST', path, { edits, new_object: true }))) {
      const parted = edits.length === 1 ? 'Two objects now' : `${edits.length + 1} objects now`;
      this.session.say(`${parted}, along the motion too.`);
    }
  }

  /** Mask of the selected object on the frame that is shown. */
  whole() {
    const maps = this.objects.view.maps();
    const { picked } = this.store.state;
    if (!maps || picked === null) return null;
    const mask = objectMask(maps.objects, picked);
    return mask.includes(1) ? mask : null;
  }

  // Carry

  async openCarry() {
    const { server, t } = this.store.open;
    let carried;
    try {
      carried = await this.api.json(`projects/${server.project}/carried/${t}`);
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      return this.session.say(error.message, 'error');
    }
    /** @type {Frames} */
    const [start, stop] = carried.frames;
    const { frames: count } = server.clip;
    this.range = [Math.max(0, t - 5), Math.min(count, t + 6)];
    const choice = (/** @type {string} */ text, /** @type {Frames} */ frames) =>
      item(text, () => this.carry(t, frames), { note: frameSpan(frames), disabled: frames[1] - frames[0] < 2 });
    const range = rangeFields((frames) => {
      this.range = frames;
    });
    range.put(this.range, count);
    const title = `Labels of frame ${t + 1}, along the motion`;
    const own = h('button.sb-button', { type: 'button', onclick: () => this.carry(t, this.range) }, 'Carry');
    range.element.append(own);
    const choices = [
      choice('Both ways, until labels disagree', [start, stop]),
      choice('Forward', [t, stop]),
      choice('Back', [start, t + 1]),
    ];
    const content = [h('p.sb-menu-title', {}, title), lines(title, ...choices), range.element];
    if (this.carryButton) toggleMenu(this.carryButton, content, { label: 'Carry labels' });
  }

  /** @param {number} frame
   * @param {Frames} frames */
  async carry(frame, frames) {
    closeMenu('stage');
    await this.session.edit(carryEdit({ frame, frames }));
  }

  // A new clip

  openSave() {
    const { server } = this.store.open;
    const name = h('input.sb-find', {
      type: 'text',
      maxlength: 80,
      ariaLabel: 'Name of the new clip',
      value: `${clipName(server.clip.name)}, corrected`.slice(0, 80),
    });
    const save = h('button.sb-button.primary', { type: 'button', onclick: () => this.save(name.value) }, 'Save');
    const words = 'The corrected labels with the same film. This clip stays as it is; other edits are left out.';
    const row = h('div.sb-save-row', {}, name, save);
    const content = [h('p.sb-menu-title', {}, 'Save as a new clip'), row, h('p.sb-menu-title', {}, words)];
    if (this.saveButton) toggleMenu(this.saveButton, content, { label: 'Save as a new clip' });
  }

  /** @param {string} name */
  async save(name) {
    const { project } = this.session.server;
    closeMenu('stage');
    this.store.set({ message: { text: 'Saving the corrected labels as a new clip…', kind: 'busy' } });
    try {
      const saved = await this.api.write('POST', `projects/${project}/corrected`, { name });
      this.session.say(`Saved as clip ${saved.name}: in the menu at the top left, to begin a project of.`);
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      this.session.say(error.message, 'error');
    }
  }
}
