// @ts-check
// Which class of ours each class of labels from elsewhere becomes.

import { h, setText } from './dom.js';

/** @import { ClassEntry, FoundClass, MappedClass } from './types' */

export class ClassTable {
  /** @param {() => void} change */
  constructor(change) {
    this.change = change;
    /** @type {FoundClass[]} */
    this.found = [];
    /** Chosen by hand: their id -> ours.
     * @type {Map<number, number>} */
    this.chosen = new Map();
    this.summary = h('summary');
    this.rows = h('tbody');
    const head = h('tr', {}, h('th', { scope: 'col' }, 'Theirs'), h('th', { scope: 'col' }, 'Becomes'));
    const table = h('table', {}, h('thead.sb-unseen', {}, head), this.rows);
    this.element = h('details.sb-class-table', {}, this.summary, h('div.sb-scroll', {}, table));
  }

  /** @param {FoundClass[]} found
   * @param {ClassEntry[]} ours
   * @param {MappedClass[]} chosen */
  put(found, ours, chosen) {
    this.found = found;
    this.ours = ours;
    this.chosen = new Map(chosen.map(({ source, target }) => [source, target]));
    this.rows.replaceChildren(...found.map((entry) => this.row(entry, ours)));
    this.element.open = found.some((entry) => this.isLost(entry));
    this.update();
  }

  /** @returns {MappedClass[]} */
  get classes() {
    return [...this.chosen].map(([source, target]) => ({ source, target }));
  }

  /** Whether a class that is seen becomes void because nothing is known of it.
   * @param {FoundClass} entry */
  isLost(entry) {
    return entry.why === 'unknown' && entry.share > 0 && !this.chosen.has(entry.id);
  }

  /** @param {FoundClass} entry
   * @param {ClassEntry[]} ours */
  row(entry, ours) {
    const target = this.chosen.get(entry.id) ?? entry.target;
    const options = ours.map((one) =>
      h('option', { value: one.id, selected: one.id === target }, one.kind === 'void' ? 'void' : one.name),
    );
    const choose = () => {
      const to = Number(select.value);
      if (to === entry.target) this.chosen.delete(entry.id);
      else this.chosen.set(entry.id, to);
      row.dataset.lost = String(this.isLost(entry));
      this.update();
      this.change();
    };
    const select = h('select.sb-select', { ariaLabel: `${entry.name} becomes`, onchange: choose }, ...options);
    const colour = h('i', { style: { background: `rgb(${entry.colour.join(' ')})` }, ariaHidden: 'true' });
    const seen = entry.share > 0 ? `${(100 * entry.share).toPrecision(2)} %` : 'not seen';
    const name = h('th', { scope: 'row' }, colour, h('span', {}, entry.name), h('small', {}, seen));
    const row = h('tr', { 'data-lost': String(this.isLost(entry)) }, name, h('td', {}, select));
    return row;
  }

  update() {
    const lost = this.found.filter((entry) => this.isLost(entry)).map((entry) => entry.name);
    const named = lost.length > 4 ? `${lost.slice(0, 4).join(', ')} and ${lost.length - 4} more` : lost.join(', ');
    const what = lost.length ? `; without a counterpart, now void: ${named}` : ', each with a counterpart';
    const count = this.found.length;
    setText(this.summary, `${count} ${count === 1 ? 'class' : 'classes'}${what}`);
  }
}
