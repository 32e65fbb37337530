// @ts-check
// How far a film is: on its way here, inspected, or made a clip of, stage by stage.

import { h, mark, setText, show } from './dom.js';
import { timeLeft } from './names.js';

/** @import { Upload } from './upload.js' */
/** @import { ImportChoices, ImportState } from './types' */

/** @type {Record<string, string>} */
const TITLES = {
  unpack: 'Unpack',
  unpack_labels: 'Unpack labels',
  decode: 'Decode',
  motion: 'Find motion',
  labels: 'Labels',
  objects: 'Find objects',
  write: 'Write the clip',
};
const UNPACKING = new Set(['unpack', 'unpack_labels']);

export class ImportProgress {
  constructor() {
    this.what = h('b');
    this.bar = h('progress', { max: 1, value: 0, ariaLabel: 'Done so far' });
    this.place = h('span', { role: 'status' });
    this.stages = h('ol.sb-import-stages');
    this.told = h('ul.sb-import-notes');
    const now = h('div.sb-import-now', {}, this.what, this.bar, this.place);
    this.element = h('div.sb-import-progress', {}, this.stages, now, this.told);
  }

  /** @param {ImportState | null} state
   * @param {Upload | null} upload
   * @param {ImportChoices | null} choices */
  update(state, upload, choices) {
    const sending = state?.stage === 'uploading' && Boolean(upload);
    const inspecting = state?.stage === 'inspecting';
    const running = state?.stage === 'running';
    show(this.element, sending || inspecting || running);
    if (!state) return;
    show(this.stages, running);
    if (sending && upload) {
      this.put('Sending', state.received / (state.size || 1), sentWords(state, upload));
    } else {
      const share = state.of ? state.done / state.of : 0;
      const what =
        inspecting && !UNPACKING.has(state.work) ? 'Inspecting the film' : (TITLES[state.work] ?? 'Getting ready');
      this.put(what, share, running ? workWords(state) : '');
    }
    if (running) this.showStages(state, choices);
    this.told.replaceChildren(...(running ? state.told : []).map((line) => h('li', {}, line)));
  }

  /** @param {string} what
   * @param {number} share
   * @param {string} place */
  put(what, share, place) {
    setText(this.what, what);
    this.bar.value = share;
    setText(this.place, place);
  }

  /** @param {ImportState} state
   * @param {ImportChoices | null} choices */
  showStages({ work }, choices) {
    const stages = (choices?.stages ?? []).filter((stage) => !UNPACKING.has(stage) || stage === work);
    const now = stages.indexOf(work);
    if (this.stages.childElementCount !== stages.length) {
      this.stages.replaceChildren(...stages.map((stage) => h('li', {}, TITLES[stage] ?? stage)));
    }
    for (const [index, line] of [...this.stages.children].entries()) {
      mark(line, 'data-done', index < now);
      if (index === now) line.setAttribute('aria-current', 'step');
      else line.removeAttribute('aria-current');
    }
  }
}

/** @param {ImportState} state
 * @param {Upload} upload */
function sentWords(state, upload) {
  const megabytes = (/** @type {number} */ bytes) => (bytes / 1e6).toFixed(bytes < 1e7 ? 1 : 0);
  const left = timeLeft(upload.secondsLeft(state));
  return [`${megabytes(state.received)} of ${megabytes(state.size)} MB`, left].filter(Boolean).join(', ');
}

/** @param {ImportState} state */
function workWords({ of, done, seconds_left: left }) {
  return [of ? `${done} of ${of}` : '', of && done < of ? timeLeft(left) : ''].filter(Boolean).join(', ');
}
