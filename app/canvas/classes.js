// @ts-check
// The classes to paint with, and what a stroke may paint over.

import { rgb } from './codec.js';
import { h, mark, rovingKeys, show } from './dom.js';
import { focusStage } from './focus.js';
import { icon } from './icons.js';
import { meant, panelOrder } from './names.js';
import { classOf } from './store.js';
import { toolOf } from './tools.js';

/** @import { Store } from './store.js' */
/** @import { ClassEntry, OpenState } from './types' */

export class ClassPanel {
  /** @param {Store} store */
  constructor(store) {
    this.store = store;
    /** @type {ClassEntry[]} */
    this.classes = [];
    /** @type {HTMLButtonElement[]} */
    this.buttons = [];
    this.signature = '';
    this.find = h('input.sb-find', {
      type: 'search',
      placeholder: 'Find a class',
      ariaLabel: 'Find a class',
      hidden: true,
      oninput: () => this.filter(),
      onkeydown: (/** @type {KeyboardEvent} */ event) => this.findKey(event),
    });
    this.findButton = h(
      'button.sb-link',
      { type: 'button', ariaExpanded: 'false', title: 'Find a class (/)', onclick: () => this.toggleFind() },
      icon('find'),
      'Find',
    );
    this.grid = h('div.sb-classes', { role: 'radiogroup', ariaLabel: 'Class to paint with' });
    this.over = h('select.sb-select', { ariaLabel: 'Paint only over', onchange: () => this.chooseOver() });
    this.extend = h('input', { type: 'checkbox', onchange: () => store.set({ extend: this.extend.checked }) });
    this.extendRow = h(
      'label.sb-extend',
      { title: 'Painted pixels join the selected object instead of making a new one' },
      this.extend,
      h('span', {}, 'add to it'),
    );
    const head = h('div.sb-head', {}, h('h2', {}, 'Paint with'), this.findButton);
    const protect = h('div.sb-protect', {}, h('span', {}, 'Only over'), this.over, this.extendRow);
    this.element = h('section.sb-section', { ariaLabel: 'Paint with' }, head, this.find, this.grid, protect);
    rovingKeys(this.grid, 2);
    store.subscribeOpen((state) => this.update(state));
  }

  /** @param {OpenState} state */
  build(state) {
    this.classes = panelOrder(state.server.classes);
    this.buttons = this.classes.map((entry, index) => this.button(entry, index));
    this.grid.replaceChildren(...this.buttons);
    const options = this.classes.map((entry) => h('option', { value: entry.id }, entry.name));
    const anything = h('option', { value: '' }, 'anything');
    this.over.replaceChildren(anything, h('option', { value: 'stuff' }, 'stuff (spare objects)'), ...options);
    const { paintClass } = state;
    if (!this.classes.some(({ id }) => id === paintClass)) this.store.set({ paintClass: this.classes[0]?.id ?? null });
  }

  /** @param {ClassEntry} entry
   * @param {number} index */
  button(entry, index) {
    const colour = h('i', { style: { background: `rgb(${rgb(entry.colour)})` } });
    return h(
      'button.sb-class',
      {
        type: 'button',
        role: 'radio',
        'data-class': entry.id,
        title: entry.name,
        onclick: () => this.choose(entry.id),
      },
      colour,
      h('span', {}, entry.name),
      index < 9 ? h('kbd', { ariaHidden: 'true' }, index + 1) : null,
    );
  }

  /** @param {OpenState} state */
  update(state) {
    const signature = state.server.classes.length + state.server.clip.hash;
    if (this.signature !== signature) {
      this.signature = signature;
      this.build(state);
    }
    for (const button of this.buttons) {
      const on = Number(button.dataset.class) === state.paintClass;
      mark(button, 'aria-checked', on);
      button.tabIndex = on ? 0 : -1;
    }
    const picked = state.picked === null ? null : state.objects[state.picked];
    const thing = classOf(state, state.paintClass)?.kind === 'thing';
    show(this.extendRow, Boolean(picked) && picked?.label === state.paintClass && thing);
    this.extend.checked = state.extend;
    if (state.over === null && this.over.value !== '') this.over.value = '';
    this.over.dataset.active = String(state.over !== null);
  }

  /** Choose by position in the panel, as the number keys do.
   * @param {number} index */
  chooseAt(index) {
    const entry = this.classes[index];
    if (entry) this.choose(entry.id);
  }

  /** @param {number} id */
  choose(id) {
    const { state } = this.store;
    const keeps = toolOf(state).paints && state.tool !== 'eraser';
    this.store.set({ paintClass: id, tool: keeps ? state.tool : 'brush' });
  }

  chooseOver() {
    const { value } = this.over;
    const { classes } = this.store.open.server;
    const stuff = classes.filter((entry) => entry.kind !== 'thing').map((entry) => entry.id);
    const one = value === 'stuff' ? stuff : [Number(value)];
    this.store.set({ over: value === '' ? null : new Set(one) });
  }

  toggleFind(visible = Boolean(this.find.hidden)) {
    show(this.find, visible);
    this.findButton.setAttribute('aria-expanded', String(visible));
    this.find.value = '';
    this.filter();
    if (visible) this.find.focus();
  }

  filter() {
    const shown = meant(
      this.classes.map(({ name }) => name),
      this.find.value,
    );
    for (const [index, button] of this.buttons.entries()) show(button, Boolean(shown[index]));
  }

  /** Enter chooses the first class that is left; then, and after Escape, the stage has the keys again.
   * @param {KeyboardEvent} event */
  findKey(event) {
    if (event.key !== 'Escape' && event.key !== 'Enter') return;
    const first = this.buttons.find((button) => !button.hidden);
    event.preventDefault();
    if (event.key === 'Enter') first?.click();
    this.toggleFind(false);
    focusStage();
  }
}
