// @ts-check
// What is to be made of a film: which part of it, at what rate and size, called what, and where its labels come from.

import { checkRadio, h, radioGroup, setText, show } from './dom.js';
import { ImportLabels } from './import_labels.js';
import { Trim } from './trim.js';

/** @import { Api } from './api.js' */
/** @import { Fit, ImportAsk, ImportChoices, ImportState, ImportWish, Plan } from './types' */

const MULTIPLE = 16;
/** @type {[number, number][]} */
const SIZES = [
  [512, 256],
  [1024, 512],
];
const PLAN_WAIT_MS = 200;
/** @type {Plan} */
const NO_PLAN = {
  width: 0,
  height: 0,
  frames: 0,
  rate: 0,
  source: [0, 0, 0, 0],
  inner: [0, 0, 0, 0],
  bytes: 0,
  problem: '',
};
const OWN_SIZE = 'film';
const FITS = { crop: 'Crop', pad: 'Pad' };

export class ImportForm {
  /** @param {Api} api
   * @param {ImportAsk & {planned: (possible: boolean) => void}} ask what the form asks of the import around it */
  constructor(api, ask) {
    this.api = api;
    this.ask = ask;
    /** @type {ImportState | null} */
    this.state = null;
    /** What is shown: it is filled anew when something else was found. */
    this.shown = '';
    /** @type {Fit} */
    this.fit = 'crop';
    /** @type {ReturnType<typeof setTimeout> | undefined} */
    this.waiting = undefined;
    /** Addresses of the small pictures.
     * @type {string[]} */
    this.urls = [];
    /** Frames a second that the ends of the part count in. */
    this.ownRate = 0;
    const changed = () => this.changed();
    this.facts = h('p.sb-import-facts');
    this.notes = h('ul.sb-import-notes');
    this.name = h('input.sb-find', { type: 'text', maxlength: 80, ariaLabel: 'Name of the clip' });
    this.size = h('select.sb-select', { ariaLabel: 'Size', onchange: () => this.resized() });
    const side = (/** @type {string} */ label) =>
      h('input.sb-number', { type: 'number', min: MULTIPLE, step: MULTIPLE, ariaLabel: label, onchange: changed });
    this.width = side('Width, pixels');
    this.height = side('Height, pixels');
    this.sides = h('span.sb-import-sides', {}, this.width, '×', this.height);
    this.rate = h('input.sb-number', { type: 'text', maxlength: 24, ariaLabel: 'Frames a second', onchange: changed });
    this.fits = radioGroup(FITS, 'How it fits', (fit) => {
      this.fit = /** @type {Fit} */ (fit);
      this.changed();
    });
    this.picture = h('img', { alt: '' });
    this.kept = h('i.sb-import-kept', { ariaHidden: 'true' });
    this.view = h(
      'div.sb-import-view',
      { role: 'img', ariaLabel: 'What is seen of the film' },
      this.picture,
      this.kept,
    );
    this.trim = new Trim((end) => {
      this.showMoment(this.trim[end]);
      this.changed();
    });
    this.labels = new ImportLabels({ ...ask, changed });
    this.words = h('p.sb-import-plan', { role: 'status' });
    const line = (/** @type {string} */ label, /** @type {(Node | string)[]} */ ...fields) =>
      h('div.sb-import-line', {}, h('span', {}, label), h('div', {}, ...fields));
    this.element = h(
      'div.sb-import-form',
      {},
      h('div.sb-import-film', {}, h('div.sb-import-stage', {}, this.view), this.trim.element),
      h(
        'div.sb-import-what',
        {},
        this.facts,
        this.notes,
        line('Name', this.name),
        line('Size', this.size, this.sides),
        line('Fit', this.fits),
        line('Rate', this.rate, h('small', {}, 'frames a second')),
        this.words,
      ),
      this.labels.element,
    );
  }

  /** Show what was found, and what was asked for last.
   * @param {ImportState} state
   * @param {ImportChoices} choices */
  put(state, choices) {
    const { film, labels } = state;
    this.state = state;
    const shown = JSON.stringify([state.id, film, labels, state.form]);
    if (!film || shown === this.shown) return;
    const again = this.shown.startsWith(`["${state.id}"`);
    this.shown = shown;
    if (!again) this.putFilm(state);
    this.labels.put(state, choices, again);
    this.changed(0);
  }

  /** @param {ImportState} state */
  putFilm({ id, film, notes, thumbs, wish, name }) {
    if (!film) return;
    setText(this.facts, film.sentence);
    this.notes.replaceChildren(...notes.map((note) => h('li', {}, note)));
    this.name.value = wish?.name ?? name;
    this.rate.value = wish?.rate ?? (film.pictures ? film.rate : '');
    this.rate.placeholder = rateText(film.rate);
    this.fit = wish?.fit ?? 'crop';
    this.urls = thumbs.map((_, number) => this.api.url(`imports/${id}/thumbs/${number}`));
    this.fillSizes([Math.round(film.width * film.aspect), film.height], wish);
    this.picture.src = this.urls[0] ?? '';
    this.ownRate = this.filmRate();
    this.showTrim(wish?.start ?? 0, wish?.stop ?? null);
  }

  /** @param {number} start
   * @param {number | null} stop */
  showTrim(start, stop) {
    const { film } = this.state ?? {};
    if (!film) return;
    const rate = this.filmRate();
    this.trim.put({ seconds: film.frames / rate, rate, start, stop, urls: this.urls });
  }

  /** Frames a second of the film: of pictures those that are asked for. */
  filmRate() {
    const { film } = this.state ?? {};
    if (!film) return 1;
    return (film.pictures && rateNumber(this.rate.value)) || film.frames / film.seconds;
  }

  /** The usual sizes, those of the film's own shape, and its own size.
   * @param {[number, number]} film width and height as they are seen
   * @param {ImportWish | null} wish what was asked for last */
  fillSizes([filmWidth, filmHeight], wish) {
    const own = SIZES.map(([width, height]) => sizeOfShape(filmWidth / filmHeight, width * height));
    const all = [...SIZES, ...own.filter(([w, h]) => !SIZES.some(([x, y]) => x === w && y === h))];
    const options = all.map(([width, height], index) => {
      const note = index < SIZES.length ? '' : ', the film’s shape';
      return h('option', { value: `${width}x${height}` }, `${width} × ${height}${note}`);
    });
    options.push(h('option', { value: OWN_SIZE }, `${filmWidth} × ${filmHeight}, the film’s own size`));
    this.size.replaceChildren(...options, h('option', { value: '' }, 'Another size'));
    const [first] = SIZES;
    const { width, height } = wish ?? { width: first?.[0], height: first?.[1] };
    this.width.value = String(width);
    this.height.value = String(height);
    if (wish?.own) this.size.value = OWN_SIZE;
    else this.size.value = options.some((one) => one.value === `${width}x${height}`) ? `${width}x${height}` : '';
    show(this.sides, !this.size.value);
  }

  resized() {
    const [width, height] = this.size.value.split('x');
    if (width && height) {
      this.width.value = width;
      this.height.value = height;
    }
    show(this.sides, !this.size.value);
    if (!this.size.value) this.width.focus();
    this.changed();
  }

  /** The picture nearest to a moment.
   * @param {number} seconds */
  showMoment(seconds) {
    const { film, thumbs } = this.state ?? {};
    if (!film || !thumbs?.length) return;
    const at = (seconds / this.trim.seconds) * film.seconds;
    const near = thumbs.reduce(
      (best, time, index) => (Math.abs(time - at) < Math.abs((thumbs[best] ?? 0) - at) ? index : best),
      0,
    );
    this.picture.src = this.urls[near] ?? '';
  }

  /** What is asked for now.
   * @returns {ImportWish} */
  get wish() {
    return {
      name: this.name.value.trim() || (this.state?.name ?? 'film'),
      width: Number(this.width.value),
      height: Number(this.height.value),
      fit: this.fit,
      start: this.trim.start,
      stop: this.trim.whole ? null : this.trim.stop,
      rate: this.rate.value.trim() || null,
      own: this.size.value === OWN_SIZE,
      labels: this.labels.source,
      labeller: this.labels.network,
      agree: false,
      classes: this.labels.classes,
    };
  }

  /** Something was changed: say what it comes to.
   * @param {number} wait milliseconds */
  changed(wait = PLAN_WAIT_MS) {
    checkRadio(this.fits, this.fit);
    const rate = this.filmRate();
    const before = this.ownRate;
    if (before && rate !== before) {
      // The same pictures, shown at other moments.
      this.ownRate = rate;
      const { start, stop, whole } = this.trim;
      this.showTrim((start * before) / rate, whole ? null : (stop * before) / rate);
    }
    clearTimeout(this.waiting);
    this.waiting = setTimeout(() => this.askPlan(), wait);
  }

  async askPlan() {
    const { id } = this.state ?? {};
    const { width, height, fit, start, stop, rate, own } = this.wish;
    const query = new URLSearchParams({ width: String(width), height: String(height), fit, start: String(start) });
    if (stop !== null) query.set('stop', String(stop));
    if (rate !== null) query.set('rate', rate);
    if (own) query.set('own', 'true');
    /** @type {Plan} */
    const plan = await this.api
      .json(`imports/${id}/plan?${query}`)
      .catch((error) => ({ ...NO_PLAN, problem: error.message }));
    if (id !== this.state?.id) return;
    const problem = plan.problem || this.labels.missing;
    this.words.dataset.problem = String(Boolean(problem));
    setText(this.words, problem || planWords(plan));
    if (!plan.problem) this.showFit(plan);
    this.ask.planned(!problem);
  }

  /** The part of the film that is seen, or the film in the frame with black around it.
   * @param {Plan} plan */
  showFit(plan) {
    const { width, height } = plan;
    const { film } = this.state ?? {};
    if (!film) return;
    const pad = this.fit === 'pad';
    const aspect = pad ? width / height : (film.width * film.aspect) / film.height;
    this.view.style.aspectRatio = String(aspect);
    this.view.style.setProperty('--aspect', String(aspect));
    put(this.picture, pad ? plan.inner : [0, 0, 1, 1], pad ? [height, width] : [1, 1]);
    put(this.kept, pad ? [0, 0, 1, 1] : plan.source, pad ? [1, 1] : [film.height, film.width]);
  }
}

/** Place an element at a box of a picture of (height, width).
 * @param {HTMLElement} element
 * @param {number[]} box top, left, bottom, right
 * @param {[number, number]} size */
function put(element, [top = 0, left = 0, bottom = 1, right = 1], [height, width]) {
  element.style.top = `${(100 * top) / height}%`;
  element.style.left = `${(100 * left) / width}%`;
  element.style.width = `${(100 * (right - left)) / width}%`;
  element.style.height = `${(100 * (bottom - top)) / height}%`;
}

/** @param {Plan} plan */
function planWords({ frames, rate, bytes, width, height }) {
  const count = frames === 1 ? '1 frame' : `${frames} frames`;
  const megabytes = Math.max(1, Math.round(bytes / 1e6));
  const disk = megabytes < 1000 ? `${megabytes} MB` : `${(megabytes / 1000).toFixed(1)} GB`;
  return `${count} of ${width} × ${height}, ${rateText(String(rate))} a second. Takes ${disk} of disk for a while.`;
}

/** Width and height of about so many pixels, in multiples of 16.
 * @param {number} aspect
 * @param {number} pixels
 * @returns {[number, number]} */
function sizeOfShape(aspect, pixels) {
  const near = (/** @type {number} */ side) => Math.max(MULTIPLE, Math.round(side / MULTIPLE) * MULTIPLE);
  const width = near(Math.sqrt(pixels * aspect));
  return [width, near(width / aspect)];
}

/** Frames a second of 12, 29.97 or 30000/1001; 0 where it is none.
 * @param {string} text */
function rateNumber(text) {
  const [above, below = '1'] = text.split('/');
  const rate = Number(above) / Number(below);
  return Number.isFinite(rate) && rate > 0 ? rate : 0;
}

/** @param {string} rate */
function rateText(rate) {
  return String(Math.round(rateNumber(rate) * 100) / 100);
}
