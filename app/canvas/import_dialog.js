// @ts-check
// The dialog in which a film is brought: a place to drop it, how far it is, what is to be made of it, and what next.

import { h, setText, show } from './dom.js';
import { icon } from './icons.js';
import { ImportForm } from './import_form.js';
import { ImportProgress } from './import_progress.js';

/** @import { Imports } from './imports.js' */
/** @import { ImportChoices, ImportState } from './types' */

const FORMATS = 'mp4, mov, webm, mkv, avi and others; frames as PNG, JPEG, WebP, BMP or TIFF; with labels or without.';

export class ImportDialog {
  /** @param {Imports} imports what is asked for here is done there */
  constructor(imports) {
    this.form = new ImportForm(imports.api, {
      inspect: (form) => imports.ask('POST', 'inspection', { form }),
      addLabels: (folder) => imports.choose(folder, (files) => imports.sendLabels(files)),
      leaveLabels: () => imports.ask('DELETE', 'labels'),
      planned: (possible) => {
        imports.possible = possible;
        imports.update();
      },
    });
    this.progress = new ImportProgress();
    const button = (/** @type {string} */ text, /** @type {() => void} */ run, look = 'sb-button') =>
      h('button', { class: look, type: 'button', onclick: run }, text);
    const close = () => this.element.close();
    this.shut = h('button.sb-button.square', { type: 'button', ariaLabel: 'Close', onclick: close }, icon('close'));
    this.title = h('h2', {}, 'Your own clip');
    this.said = h('p.sb-import-said', { role: 'alert' });
    this.limits = h('p.sb-import-limits');
    const choices = [
      button('Choose a file', () => imports.choose(false), 'sb-button primary'),
      button('Choose a folder', () => imports.choose(true)),
    ];
    const [first] = choices;
    if (first) first.autofocus = true; // else the keyboard begins at what closes the dialog
    const invitation = h('b', {}, 'Drop a video, a folder of frames or a zip here');
    const choose = h('div.sb-import-choose', {}, ...choices);
    this.drop = h('div.sb-import-drop', {}, icon('film'), invitation, h('p', {}, FORMATS), choose, this.limits);
    this.others = h('ul.sb-import-others');
    this.buttons = {
      discard: button('Discard', () => imports.discard()),
      other: button('Another film', () => imports.put(null)),
      without: button('Without its labels', () => imports.ask('POST', 'inspection', { form: 'none' })),
      stop: button('Cancel', () => imports.ask('DELETE', 'run')),
      close: button('Go on editing', close),
      agree: button(
        'Agree and go on',
        () => imports.ask('POST', 'run', { ...this.form.wish, agree: true }),
        'sb-button primary',
      ),
      again: button('Try again', () => imports.again(), 'sb-button primary'),
      start: button('Import', () => imports.ask('POST', 'run', this.form.wish), 'sb-button primary'),
    };
    this.foot = h('div.sb-import-foot', {}, ...Object.values(this.buttons));
    this.element = h(
      'dialog.sb-help.sb-import',
      { ariaLabel: 'Your own clip' },
      h('div.sb-help-head', {}, this.title, this.shut),
      this.said,
      this.drop,
      this.others,
      this.progress.element,
      this.form.element,
      this.foot,
    );
  }

  /** @param {Imports} imports */
  update(imports) {
    const { state, choices, upload } = imports;
    const stage = state?.stage ?? 'none';
    const form = Boolean(state?.film) && ['ready', 'paused', 'failed'].includes(stage);
    if (form && state && choices) this.form.put(state, choices);
    // A licence is that of the network that was asked for; another network has another.
    const licence = this.licenceOf(state);
    const error = imports.error || licence || (state?.licence ? '' : state?.error) || '';
    this.element.dataset.stage = stage;
    this.said.dataset.quiet = String(!error || error === licence);
    setText(this.said, error || pausedWords(state, Boolean(upload)));
    setText(this.title, state ? `Your own clip: ${state.wish?.name ?? state.name}` : 'Your own clip');
    show(this.drop, !state || (stage === 'uploading' && !upload && !imports.stopped.length));
    if (choices) setText(this.limits, limitWords(choices));
    this.showOthers(imports);
    this.progress.update(state, upload, choices);
    show(this.form.element, form);
    this.showButtons(imports, form);
    this.keepFocus();
  }

  /** What is to be agreed to before it goes on, "" where nothing is.
   * @param {ImportState | null} state */
  licenceOf(state) {
    return state?.licence && state.wish?.labeller === this.form.labels.network ? state.licence : '';
  }

  /** Where what had the keyboard is hidden now, what goes on has it. */
  keepFocus() {
    const { activeElement: held } = document;
    if (held instanceof HTMLElement && this.element.contains(held) && held.offsetParent) return;
    const shown = Object.values(this.buttons).filter((one) => one.offsetParent && !one.disabled);
    const last = shown.at(-1) ?? this.shut;
    // Nothing is thrown away by an Enter that was meant for what stood there before.
    (last === this.buttons.discard ? this.shut : last).focus({ preventScroll: true });
  }

  /** Give the keyboard to what is done next. */
  focusFirst() {
    const primary = [...this.element.querySelectorAll('.primary')].find(
      (one) => one instanceof HTMLElement && one.offsetParent,
    );
    if (primary instanceof HTMLElement) primary.focus({ preventScroll: true });
  }

  /** @param {Imports} imports
   * @param {boolean} form whether it is shown */
  showButtons({ state, upload, stopped, possible }, form) {
    const { buttons } = this;
    const stage = state?.stage ?? 'none';
    const unread = stage === 'failed' && !form;
    const coming = stage === 'uploading' || stage === 'inspecting';
    setText(buttons.discard, coming && (upload || stage === 'inspecting') ? 'Cancel' : 'Discard');
    show(buttons.discard, Boolean(state) && stage !== 'running');
    buttons.other.classList.toggle('primary', unread);
    buttons.again.classList.toggle('primary', !unread);
    show(buttons.other, Boolean(state) && !upload && stage !== 'inspecting' && stage !== 'running');
    show(buttons.without, unread && (state?.files.length ?? 0) > 1);
    show(buttons.stop, stage === 'running');
    show(buttons.close, stage === 'running');
    show(buttons.again, unread || stage === 'uploaded' || (stage === 'uploading' && !upload && stopped.length > 0));
    const licence = Boolean(this.licenceOf(state));
    show(buttons.start, form && !licence);
    show(buttons.agree, form && licence);
    setText(buttons.start, stage === 'paused' || stage === 'failed' ? 'Go on' : 'Import');
    buttons.start.disabled = !possible;
    buttons.agree.disabled = !possible;
    show(this.foot, Boolean(state));
  }

  /** Other films that are not finished.
   * @param {Imports} imports */
  showOthers(imports) {
    const others = (imports.choices?.imports ?? []).filter(({ stage }) => stage !== 'done');
    show(this.others, !imports.state && others.length > 0);
    const lines = others.map((one) => {
      const go = h('button.sb-button', { type: 'button', onclick: () => imports.put(one) }, 'Go on');
      return h('li', {}, h('span', {}, `${one.wish?.name ?? one.name} is not finished`), go);
    });
    this.others.replaceChildren(...lines);
  }
}

/** @param {ImportState | null} state
 * @param {boolean} sending */
function pausedWords(state, sending) {
  if (state?.stage === 'paused') return 'It was stopped. What is finished is kept: it goes on from there.';
  if (state?.stage === 'uploaded') return 'It is here, and was not inspected yet.';
  if (state?.stage !== 'uploading' || sending) return '';
  return `Sending ${state.name} was stopped. Choose the same file or folder again to go on, or discard it.`;
}

/** @param {ImportChoices} choices */
function limitWords({ most_bytes: most, free_bytes: free }) {
  const gigabytes = (/** @type {number} */ bytes) => `${Number((bytes / 2 ** 30).toPrecision(3))} GB`;
  return `Up to ${gigabytes(most)}; ${gigabytes(free)} of disk are free. It stays on the machine that runs Scenebrush.`;
}
