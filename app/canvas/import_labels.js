// @ts-check
// Where the labels of a film come from: those that were found, with a table of their classes, or a network.

import { ClassTable } from './class_table.js';
import { checkRadio, h, radioGroup, setText, show } from './dom.js';
import { ImportNetwork } from './import_network.js';

/** @import { ImportAsk, ImportChoices, ImportState } from './types' */

const ALONE = 'Here it alone reads labels; you can name others where Scenebrush runs on a machine of your own.';
const SOURCES = { given: 'Those that were found', network: 'Read by a network' };

export class ImportLabels {
  /** @param {ImportAsk & {changed: () => void}} ask */
  constructor(ask) {
    /** @type {ImportState | null} */
    this.state = null;
    /** @type {ImportChoices | null} */
    this.choices = null;
    /** @type {'given' | 'network'} */
    this.source = 'network';
    this.sources = radioGroup(SOURCES, 'Where labels come from', (source) => {
      this.source = /** @type {'given' | 'network'} */ (source);
      this.update();
      ask.changed();
    });
    this.sentence = h('p', { role: 'status' });
    const read = () => ask.inspect(this.forms.value || null);
    this.forms = h('select.sb-select', { ariaLabel: 'Form of the labels', onchange: read });
    const button = (/** @type {string} */ text, /** @type {() => void} */ run) =>
      h('button.sb-button', { type: 'button', onclick: run }, text);
    this.leave = button('Leave these labels out', () => ask.leaveLabels());
    this.formLine = h('div.sb-range', {}, h('label', {}, 'Read as ', this.forms), this.leave);
    this.addLine = h(
      'div.sb-range',
      {},
      h('span', {}, 'You have labels of it?'),
      button('Add a file or zip', () => ask.addLabels(false)),
      button('Add a folder', () => ask.addLabels(true)),
    );
    this.named = new ImportNetwork(() => {
      this.update();
      ask.changed();
    });
    this.table = new ClassTable(() => ask.changed());
    const head = h('div.sb-head', {}, h('h3', {}, 'Labels'), this.sources);
    const parts = [head, this.sentence, this.named.element, this.formLine, this.table.element, this.addLine];
    this.element = h('section.sb-import-labels', {}, ...parts);
  }

  /** The network that reads labels, "" for the shipped one. */
  get network() {
    return this.source === 'given' ? '' : this.named.value;
  }

  /** What is still to be said, in a sentence. */
  get missing() {
    return this.source === 'given' ? '' : this.named.missing;
  }

  /** What becomes of their classes, as far as a person said it. */
  get classes() {
    return this.source === 'given' ? this.table.classes : [];
  }

  /** @param {ImportState} state
   * @param {ImportChoices} choices
   * @param {boolean} again whether the same film was inspected again: labels that it has now are meant */
  put(state, choices, again) {
    const { labels, wish } = state;
    this.state = state;
    this.choices = choices;
    this.source = labels ? ((again ? null : wish?.labels) ?? 'given') : 'network';
    if (!again) this.named.put(choices.any_network ? (wish?.labeller ?? '') : '');
    this.table.put(labels?.classes ?? [], choices.classes, again ? [] : (wish?.classes ?? []));
    this.update();
  }

  update() {
    const { choices, state } = this;
    if (!choices || !state) return;
    const { labels, apart } = state;
    checkRadio(this.sources, this.source);
    show(this.sources, Boolean(labels));
    const given = Boolean(labels) && this.source === 'given';
    const found = labels ? `${labels.sentence} ${labels.frames} label maps of ${labels.width} × ${labels.height}.` : '';
    const none = labels ? '' : 'There are no labels with it. ';
    const alone = choices.any_network ? '' : ` ${ALONE}`;
    const shipped = `The ${choices.network} reads them. ${choices.domain}${alone}`;
    setText(this.sentence, given ? found : none + (this.named.hint || shipped));
    show(this.named.element, !given && choices.any_network);
    this.fillForms(state, choices);
    show(this.formLine, given);
    show(this.leave, apart);
    show(this.table.element, given);
    show(this.addLine, !given && !apart);
  }

  /** @param {ImportState} state
   * @param {ImportChoices} choices */
  fillForms({ form }, { forms }) {
    const recognised = h('option', { value: '', selected: !form }, 'what they were recognised as');
    const named = forms.map(({ name, title }) =>
      h('option', { value: name, selected: name === form }, `${name}: ${title}`),
    );
    this.forms.replaceChildren(recognised, ...named);
  }
}
