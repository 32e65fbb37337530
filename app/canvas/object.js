// @ts-check
// The selected object: what it is, what it becomes, and in which frames.

import { rgb } from './codec.js';
import { h, setText, show } from './dom.js';
import { removalEdit, scopeFrames, swapEdit } from './edits.js';
import { focusStage } from './focus.js';
import { icon } from './icons.js';
import { item, lines, toggleMenu } from './menu.js';
import { frameSpan, meant, objectName, panelOrder } from './names.js';
import { rangeFields } from './ranges.js';
import { objectsIn } from './raster.js';
import { classOf } from './store.js';

/** @import { Session } from './session.js' */
/** @import { Store } from './store.js' */
/** @import { ClassEntry, Frames, LabelMaps, ObjectInView, OpenState, Scope, SeenObject, State } from './types' */
/** @import { View } from './view.js' */
/** @typedef {{object: number, label: number, known: SeenObject | undefined}} Picked */

export class ObjectPanel {
  /** @param {Session} session
   * @param {Store} store
   * @param {View} view */
  constructor(session, store, view) {
    this.session = session;
    this.store = store;
    this.view = view;
    /** @type {{maps: LabelMaps, entries: ObjectInView[]} | null} */
    this.listed = null;
    this.shownCrop = '';
    this.list = this.listButton();
    this.crop = h('img.sb-crop', { alt: '' });
    this.name = h('b');
    this.facts = h('span.sb-facts');
    this.who = this.whoField();
    this.becomesName = h('span');
    this.becomes = this.becomesButton(this.becomesName);
    this.scope = this.scopeField();
    this.range = rangeFields((scopeRange) => store.set({ scopeRange }));
    this.card = h('div.sb-object', {}, this.crop, this.name, this.facts);
    this.remove = h('button.sb-button', { type: 'button', onclick: () => this.swap('surroundings') }, 'Remove');
    this.sayBehind(null);
    this.controls = this.controlRows(this.who, this.becomes, this.scope);
    this.empty = h('p.sb-empty', {}, 'Select something in the picture (V), or take it from the list.');
    const head = h('div.sb-head', {}, h('h2', {}, 'Object'), this.list);
    this.rangeRow = h('div');
    const parts = [head, this.card, this.controls, this.rangeRow, this.empty];
    this.element = h('section.sb-section', { ariaLabel: 'Object' }, ...parts);
    store.subscribeOpen((state) => this.update(state));
  }

  /** @returns {HTMLButtonElement} */
  listButton() {
    return h('button.sb-link', {
      type: 'button',
      ariaHaspopup: 'dialog',
      ariaExpanded: 'false',
      onclick: () => this.openList(),
    });
  }

  /** @returns {HTMLSelectElement} */
  whoField() {
    return h(
      'select.sb-select',
      {
        ariaLabel: 'Only this one, or all of its class',
        onchange: () => this.store.set({ everyone: this.who.value === 'class' }),
      },
      h('option', { value: 'object' }, 'this one'),
      h('option', { value: 'class' }, 'all of them'),
    );
  }

  /** @param {HTMLElement} name
   * @returns {HTMLButtonElement} */
  becomesButton(name) {
    return h(
      'button.sb-select',
      {
        type: 'button',
        ariaHaspopup: 'dialog',
        ariaExpanded: 'false',
        title: 'What it becomes (S)',
        onclick: () => this.openClasses(),
      },
      h('span.sb-unseen', {}, 'Becomes '),
      name,
    );
  }

  /** @returns {HTMLSelectElement} */
  scopeField() {
    return h(
      'select.sb-select',
      { ariaLabel: 'In which frames', onchange: () => this.chooseScope() },
      h('option', { value: 'clip' }, 'whole clip'),
      h('option', { value: 'range' }, 'this range'),
      h('option', { value: 'onward' }, 'this frame onward'),
    );
  }

  /** @param {HTMLElement} who
   * @param {HTMLElement} becomes
   * @param {HTMLElement} scope
   * @returns {HTMLDivElement} */
  controlRows(who, becomes, scope) {
    const arrow = h('span', { ariaHidden: 'true' }, '→');
    return h(
      'div',
      {},
      h('div.sb-becomes', {}, who, arrow, becomes),
      h('div.sb-becomes', {}, h('span', {}, 'in'), scope, this.remove),
    );
  }

  /** The selected object as it is on the frame shown, or where it is nearest.
   * @param {State} state
   * @returns {Picked | null} */
  picked(state = this.store.state) {
    if (state.picked === null || !state.server) return null;
    const known = state.objects[state.picked];
    const here = this.inView().find((entry) => entry.object === state.picked);
    const label = here?.label ?? known?.label;
    return label === undefined ? null : { object: state.picked, label, known };
  }

  /** Objects of the frame on the screen, largest first; kept as long as the map is the same. */
  inView() {
    const maps = this.view.maps();
    if (!maps) return [];
    if (this.listed?.maps !== maps) {
      this.listed = { maps, entries: objectsIn(maps.labels, maps.objects, this.store.open.server.clip.width) };
    }
    return this.listed.entries;
  }

  /** @param {State} state */
  things(state) {
    return this.inView().filter((entry) => classOf(state, entry.label)?.kind === 'thing');
  }

  /** @param {OpenState} state */
  update(state) {
    if (state.playing) return;
    this.list.replaceChildren(`${this.things(state).length} in view`, icon('down'));
    const picked = this.picked(state);
    for (const part of [this.card, this.controls]) show(part, Boolean(picked));
    show(this.empty, !picked);
    const ranged = Boolean(picked) && state.scope === 'range';
    if (ranged && !this.rangeRow.firstChild) this.rangeRow.append(this.range.element);
    if (!ranged) this.rangeRow.replaceChildren();
    this.who.value = state.everyone ? 'class' : 'object';
    this.scope.value = state.scope;
    const count = state.server.clip.frames;
    this.range.put(state.scopeRange ?? [0, count], count);
    if (picked) this.fill(picked, state);
  }

  /** @param {Picked} picked
   * @param {OpenState} state */
  fill({ object, label, known }, state) {
    setText(this.name, objectName(object, label, state.server.classes));
    const nearest = known ? `, nearest at ${known.nearest + 1}` : '';
    setText(this.facts, known ? `frames ${frameSpan([known.frames[0], known.frames[1] + 1])}${nearest}` : '');
    setText(this.becomesName, classOf(state, label)?.name ?? '');
    const crop = `${state.server.project} ${object} ${label}`;
    if (this.shownCrop !== crop) this.crop.removeAttribute('src');
    this.shownCrop = crop;
  }

  /** @param {number | null} filmed the share of what it hides that other frames show, where that is known */
  sayBehind(filmed) {
    const share = `${Math.round(100 * (filmed ?? 0))} % of what it hides in this frame was filmed in others`;
    this.remove.title = `Remove it: ${filmed === null ? 'what is behind it comes to light' : share}`;
  }

  chooseScope() {
    const { scopeRange, t, server } = this.store.open;
    const scope = /** @type {Scope} */ (this.scope.value);
    /** @type {Frames} */
    const second = [t, Math.min(server.clip.frames, t + Math.round(server.clip.fps))];
    this.store.set({ scope, scopeRange: scopeRange ?? second });
  }

  /** Frames that swaps and looks act in. */
  frames() {
    const { t, scope, scopeRange, server } = this.store.open;
    return scopeFrames(scope, t, scopeRange, server.clip.frames);
  }

  /** What an edit of the selected object is about: this one, or all of its class.
   * @param {{object: number, label: number}} picked */
  target({ object, label }) {
    return this.store.state.everyone ? { label } : { object };
  }

  /** Turn the selected object, or its whole class, into another class; 'surroundings' removes it.
   * @param {number | 'surroundings'} to */
  swap(to) {
    const picked = this.picked();
    if (!picked || to === picked.label || !this.session.mayEdit()) return;
    const { correcting: corrects, server } = this.store.open;
    const swap = { target: this.target(picked), frames: this.frames() };
    const before = server.edits.map(({ edit }) => edit);
    this.session.edit(to === 'surroundings' ? removalEdit(swap, before) : swapEdit({ ...swap, to, corrects }));
  }

  /** S: swap what is under the pointer, or what is selected. */
  openSwap() {
    const { hover, tool } = this.store.state;
    if (hover && tool === 'select') this.store.set({ picked: hover.object });
    this.update(this.store.open);
    if (!this.card.hidden) this.openClasses();
  }

  /** The list of what it may become: letters narrow it, Enter takes the first. One choice is one edit. */
  openClasses() {
    const state = this.store.open;
    const now = this.picked()?.label;
    const classes = panelOrder(state.server.classes);
    const choices = classes.map((entry) => this.choice(entry, entry.id === now));
    const filter = () => {
      const shown = meant(
        classes.map(({ name }) => name),
        find.value,
      );
      for (const [index, line] of choices.entries()) show(line, Boolean(shown[index]));
      show(none, !shown.some(Boolean));
    };
    const enter = (/** @type {KeyboardEvent} */ event) => {
      if (event.key !== 'Enter') return;
      event.preventDefault();
      choices.find((line) => !line.hidden)?.click();
    };
    const find = h('input.sb-find', {
      type: 'text',
      placeholder: 'Type a class',
      ariaLabel: 'Type a class',
      oninput: filter,
      onkeydown: enter,
    });
    const list = lines('Classes', ...choices);
    const none = h('p', { role: 'status', hidden: true }, 'No class is called that.');
    const content = [h('div.sb-name-row', {}, find), none, h('div.sb-scroll', {}, list)];
    toggleMenu(this.becomes, content, { label: `What ${this.name.textContent} becomes` });
  }

  /** @param {ClassEntry} entry
   * @param {boolean} checked */
  choice(entry, checked) {
    const take = () => {
      focusStage();
      this.swap(entry.id);
    };
    const line = item(entry.name, take, { checked });
    line.prepend(h('i', { style: { background: `rgb(${rgb(entry.colour)})` } }));
    return line;
  }

  openList() {
    const state = this.store.open;
    const line = (/** @type {ObjectInView} */ entry) => {
      const colour = rgb(classOf(state, entry.label)?.colour ?? '#888888');
      const take = () => this.store.set({ picked: entry.object, tool: 'select' });
      const how = { note: `${entry.area} px`, checked: entry.object === state.picked };
      const button = item(objectName(entry.object, entry.label, state.server.classes), take, how);
      button.prepend(h('i', { style: { background: `rgb(${colour})` } }));
      const point = () => this.store.set({ hover: { object: entry.object, label: entry.label } });
      button.addEventListener('pointerenter', point);
      button.addEventListener('focus', point);
      return button;
    };
    const things = this.things(state);
    const stuff = this.inView().filter((entry) => !things.includes(entry));
    const title = `In frame ${state.t + 1}, largest first`;
    const list = lines(title, ...[...things, ...stuff].map(line));
    toggleMenu(this.list, [h('p.sb-menu-title', {}, title), h('div.sb-scroll', {}, list)], {
      label: 'Objects in view',
      onClose: () => this.store.set({ hover: null }),
    });
  }
}
