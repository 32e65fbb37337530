// The panel at the right: classes to paint with, the selected object, and what becomes of it.

import { rgb } from './codec.js';
import { h, rovingKeys, setText, show } from './dom.js';
import { scopeFrames, swapEdit } from './edits.js';
import { icon } from './icons.js';
import { item, toggleMenu } from './menu.js';
import { frameSpan, objectName, panelOrder } from './names.js';
import { rangeForm } from './ranges.js';
import { objectsIn } from './raster.js';
import { classOf } from './store.js';
import { PAINTING } from './tools.js';

export class ClassPanel {
  constructor(store) {
    this.store = store;
    this.find = h('input.sb-find', {
      type: 'search',
      placeholder: 'Find a class',
      ariaLabel: 'Find a class',
      hidden: true,
      oninput: () => this.filter(),
      onkeydown: (event) => this.findKey(event),
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
    this.element = h(
      'section.sb-section',
      { ariaLabel: 'Paint with' },
      h('div.sb-head', {}, h('h2', {}, 'Paint with'), this.findButton),
      this.find,
      this.grid,
      h('div.sb-protect', {}, h('span', {}, 'Only over'), this.over, this.extendRow),
    );
    rovingKeys(this.grid, 2);
    store.subscribe((state) => this.update(state));
  }

  build(state) {
    this.classes = panelOrder(state.server.classes);
    this.buttons = this.classes.map((entry, index) =>
      h(
        'button.sb-class',
        {
          type: 'button',
          role: 'radio',
          'data-class': entry.id,
          title: entry.name,
          onclick: () => this.choose(entry.id),
        },
        h('i', { style: { background: `rgb(${rgb(entry.colour)})` } }),
        h('span', {}, entry.name),
        index < 9 ? h('kbd', { ariaHidden: 'true' }, index + 1) : null,
      ),
    );
    this.grid.replaceChildren(...this.buttons);
    const options = this.classes.map((entry) => h('option', { value: entry.id }, entry.name));
    this.over.replaceChildren(
      h('option', { value: '' }, 'anything'),
      h('option', { value: 'stuff' }, 'stuff (spare objects)'),
      ...options,
    );
    if (state.paintClass === null) this.store.set({ paintClass: this.classes[0]?.id ?? null });
  }

  update(state) {
    if (!state.server) return;
    const signature = state.server.classes.length + state.server.clip.hash;
    if (this.signature !== signature) {
      this.signature = signature;
      this.build(state);
    }
    for (const button of this.buttons) {
      const on = Number(button.dataset.class) === state.paintClass;
      button.setAttribute('aria-checked', String(on));
      button.tabIndex = on ? 0 : -1;
    }
    const picked = state.objects[state.picked];
    show(
      this.extendRow,
      Boolean(picked) && picked.label === state.paintClass && classOf(state, state.paintClass)?.kind === 'thing',
    );
    this.extend.checked = state.extend;
  }

  /** Choose by position in the panel, as the number keys do. */
  chooseAt(index) {
    if (this.classes?.[index]) this.choose(this.classes[index].id);
  }

  choose(id) {
    const { tool } = this.store.state;
    this.store.set({ paintClass: id, tool: PAINTING.includes(tool) && tool !== 'eraser' ? tool : 'brush' });
  }

  chooseOver() {
    const { value } = this.over;
    const stuff = () =>
      new Set(this.store.state.server.classes.filter((entry) => entry.kind !== 'thing').map((entry) => entry.id));
    this.store.set({ over: value === '' ? null : value === 'stuff' ? stuff() : new Set([Number(value)]) });
    this.over.dataset.active = String(value !== '');
  }

  toggleFind(visible = this.find.hidden) {
    show(this.find, visible);
    this.findButton.setAttribute('aria-expanded', String(visible));
    this.find.value = '';
    this.filter();
    if (visible) this.find.focus();
  }

  filter() {
    const words = this.find.value.trim().toLowerCase();
    this.classes?.forEach((entry, index) => {
      show(this.buttons[index], entry.name.toLowerCase().includes(words));
    });
  }

  findKey(event) {
    if (event.key === 'Escape') {
      event.stopPropagation();
      this.toggleFind(false);
      this.findButton.focus();
    }
    if (event.key !== 'Enter') return;
    const first = this.buttons.find((button) => !button.hidden);
    if (first) {
      first.click();
      this.toggleFind(false);
      first.focus();
    }
  }
}

export class ObjectPanel {
  constructor(session, store, view) {
    Object.assign(this, { session, store, view });
    this.list = h('button.sb-link', {
      type: 'button',
      ariaHaspopup: 'dialog',
      ariaExpanded: 'false',
      onclick: () => this.openList(),
    });
    this.crop = h('img.sb-crop', { alt: '' });
    this.name = h('b');
    this.facts = h('span.sb-facts');
    this.who = h(
      'select.sb-select',
      { ariaLabel: 'Only this one, or all of its class' },
      h('option', { value: 'object' }, 'this one'),
      h('option', { value: 'class' }, 'all of them'),
    );
    this.becomes = h('select.sb-select', {
      ariaLabel: 'Becomes',
      onchange: () => this.swap(Number(this.becomes.value)),
    });
    this.scope = h(
      'select.sb-select',
      { ariaLabel: 'In which frames', onchange: () => this.showRange() },
      h('option', { value: 'clip' }, 'whole clip'),
      h('option', { value: 'range' }, 'this range'),
      h('option', { value: 'onward' }, 'this frame onward'),
    );
    this.removeButton = h(
      'button.sb-button',
      { type: 'button', title: 'Remove it: what surrounds it grows over it', onclick: () => this.swap('surroundings') },
      'Remove',
    );
    this.rangeRow = h('div', { hidden: true });
    this.card = h('div.sb-object', {}, this.crop, this.name, this.facts);
    this.controls = h(
      'div',
      {},
      h('div.sb-becomes', {}, this.who, h('span', {}, '→'), this.becomes),
      h('div.sb-becomes', {}, h('span', {}, 'in'), this.scope, this.removeButton),
    );
    this.empty = h('p.sb-empty', {}, 'Select something in the picture (V), or take it from the list.');
    this.element = h(
      'section.sb-section',
      { ariaLabel: 'Object' },
      h('div.sb-head', {}, h('h2', {}, 'Object'), this.list),
      this.card,
      this.controls,
      this.rangeRow,
      this.empty,
    );
    store.subscribe((state) => this.update(state));
  }

  /** {object, label} of the selected object as it is on the frame shown, or where it is nearest. */
  picked(state = this.store.state) {
    if (state.picked === null || !state.server) return null;
    const known = state.objects[state.picked];
    const here = this.inView(state).find((entry) => entry.object === state.picked);
    const label = here?.label ?? known?.label;
    return label === undefined ? null : { object: state.picked, label, known };
  }

  /** Objects of the frame on the screen, largest first; kept as long as the map is the same. */
  inView(state = this.store.state) {
    const maps = this.view.maps();
    if (!maps) return [];
    if (this.listed?.maps !== maps)
      this.listed = { maps, entries: objectsIn(maps.labels, maps.objects, state.server.clip.width) };
    return this.listed.entries;
  }

  update(state) {
    if (!state.server || state.playing) return;
    const things = this.things(state).length;
    this.list.replaceChildren(`${things} in view`, icon('down'));
    const picked = this.picked(state);
    for (const part of [this.card, this.controls]) show(part, Boolean(picked));
    show(this.empty, !picked);
    show(this.rangeRow, Boolean(picked) && this.scope.value === 'range');
    if (picked) this.fill(picked, state);
  }

  things(state = this.store.state) {
    return this.inView(state).filter((entry) => classOf(state, entry.label)?.kind === 'thing');
  }

  fill({ object, label, known }, state) {
    setText(this.name, objectName(object, label, state.server.classes));
    const frames = known
      ? `frames ${frameSpan([known.frames[0], known.frames[1] + 1])}, nearest at ${known.nearest + 1}`
      : '';
    setText(this.facts, frames);
    const signature = `${object} ${label} ${state.server.clip.hash}`;
    if (this.filled === signature) return;
    this.filled = signature;
    this.crop.removeAttribute('src');
    this.who.value = 'object';
    this.becomes.replaceChildren(
      ...panelOrder(state.server.classes).map((one) =>
        h('option', { value: one.id, selected: one.id === label }, one.name),
      ),
    );
  }

  showRange() {
    const { range, t, server } = this.store.state;
    if (this.scope.value === 'range') {
      if (!range) this.store.set({ range: [t, Math.min(server.clip.frames, t + Math.round(server.clip.fps))] });
      this.rangeRow.replaceChildren(rangeForm(this.store));
    }
    show(this.rangeRow, this.scope.value === 'range');
  }

  frames() {
    const { t, range, server } = this.store.state;
    return scopeFrames(this.scope.value, t, range, server.clip.frames);
  }

  /** What an edit of the selected object is about: this one, or all of its class. */
  target({ object, label }) {
    return this.who.value === 'class' ? { label } : { object };
  }

  /** Turn the selected object, or its whole class, into another class; 'surroundings' removes it. */
  swap(to) {
    const picked = this.picked();
    if (!picked || to === picked.label) return;
    this.filled = null; // the list shows the class that it is of, whatever becomes of the wish
    if (!this.session.mayEdit()) return this.fill(picked, this.store.state);
    return this.session.edit(swapEdit({ target: this.target(picked), to, frames: this.frames() }));
  }

  focusSwap() {
    if (this.card.hidden) return;
    this.becomes.focus();
    this.becomes.showPicker?.();
  }

  openList() {
    const state = this.store.state;
    const entries = this.inView(state);
    const line = (entry) => {
      const colour = rgb(classOf(state, entry.label)?.colour ?? '#888888');
      const button = item(
        objectName(entry.object, entry.label, state.server.classes),
        () => this.store.set({ picked: entry.object, tool: 'select' }),
        { note: `${entry.area} px`, checked: entry.object === state.picked },
      );
      button.prepend(h('i', { style: { background: `rgb(${colour})` } }));
      const point = () => this.store.set({ hover: { object: entry.object, label: entry.label } });
      button.addEventListener('pointerenter', point);
      button.addEventListener('focus', point);
      return button;
    };
    const things = this.things(state);
    const stuff = entries.filter((entry) => !things.includes(entry));
    toggleMenu(
      this.list,
      [
        h('p.sb-menu-title', {}, `In frame ${state.t + 1}, largest first`),
        h('div.sb-scroll', {}, ...things.map(line), ...stuff.map(line)),
      ],
      { label: 'Objects in view', onClose: () => this.store.set({ hover: null }) },
    );
  }
}
