// @ts-check
// Which network reads the labels of a film: its kind, and its name or file, as `core import --labeller` takes them.

import { h, setText, show } from './dom.js';

/** @typedef {{title: string, field?: string, example?: string, hint?: string, models?: string[], rest?: boolean}} Kind */

const HERE = 'on the machine that runs Scenebrush';
const LICENCE = 'The licence of weights that would be fetched is shown first.';
/** How each kind is named; rest: the shipped network may read what it knows nothing of.
 * @type {Record<string, Kind>} */
const KINDS = {
  shipped: { title: 'The shipped one' },
  file: {
    title: 'One of your own, from train-labels',
    field: 'File',
    example: '/data/mine.safetensors',
    hint: `A file ${HERE}.`,
  },
  torchvision: {
    title: 'One of torchvision',
    field: 'Model',
    example: 'maskrcnn_resnet50_fpn_v2',
    hint: `What torchvision publishes finds cars, people and other things, but no ground and no buildings. ${LICENCE}`,
    models: [
      'maskrcnn_resnet50_fpn_v2',
      'maskrcnn_resnet50_fpn',
      'deeplabv3_resnet101',
      'deeplabv3_resnet50',
      'deeplabv3_mobilenet_v3_large',
      'fcn_resnet101',
      'fcn_resnet50',
      'lraspp_mobilenet_v3_large',
    ],
    rest: true,
  },
  transformers: {
    title: 'One of Hugging Face transformers',
    field: 'Model',
    example: 'OWNER/MODEL',
    hint: `The name of a segmentation model, or a folder ${HERE}. ${LICENCE}`,
    rest: true,
  },
  onnx: {
    title: 'An ONNX file',
    field: 'File',
    example: '/data/network.onnx',
    hint: `A file ${HERE}: pictures in, scores or ids of classes out.`,
    rest: true,
  },
  words: {
    title: 'Several, one over another',
    field: 'Names',
    example: 'onnx:signs.onnx, torchvision:fcn_resnet50, shipped',
    hint: `Named as core import --labeller takes them, with commas between. ${LICENCE}`,
  },
};
const OVER = ',shipped';

export class ImportNetwork {
  /** @param {() => void} changed */
  constructor(changed) {
    const options = Object.entries(KINDS).map(([value, { title }]) => h('option', { value }, title));
    const chosen = () => {
      this.name.value = '';
      this.rest.checked = this.kind.value === 'torchvision';
      this.update();
      if (this.known.field) this.name.focus();
      changed();
    };
    this.kind = h('select.sb-select', { ariaLabel: 'Network that reads labels', onchange: chosen }, ...options);
    const list = 'sb-models';
    this.name = h('input.sb-find', { type: 'text', maxlength: 280, list, oninput: changed });
    this.models = h('datalist', { id: list });
    this.rest = h('input', { type: 'checkbox', onchange: changed });
    this.restRow = h('label.sb-extend', {}, this.rest, 'the shipped one reads what it does not know');
    this.word = h('span');
    this.field = h('label', {}, this.word, this.name);
    this.element = h(
      'div.sb-import-network',
      {},
      h('label', {}, h('span', {}, 'Network'), this.kind),
      this.field,
      this.restRow,
      this.models,
    );
  }

  get known() {
    return /** @type {Kind} */ (KINDS[this.kind.value]);
  }

  /** As `--labeller` takes it, "" for the shipped one. */
  get value() {
    const { value: kind } = this.kind;
    const name = this.name.value.trim();
    if (kind === 'shipped') return '';
    if (kind === 'file' || kind === 'words') return name;
    return `${kind}:${name}${this.rest.checked ? OVER : ''}`;
  }

  /** What is still to be said, in a sentence. */
  get missing() {
    return this.known.field && !this.name.value.trim() ? 'Name the network that reads labels.' : '';
  }

  /** About the kind that is chosen; "": the import knows more of the shipped one. */
  get hint() {
    return this.known.hint ?? '';
  }

  /** Show what was asked for.
   * @param {string} value */
  put(value) {
    const rest = value.endsWith(OVER);
    const one = rest ? value.slice(0, -OVER.length) : value;
    const [before, ...after] = one.split(':');
    const named = before && after.length && KINDS[before]?.rest ? before : '';
    const kind = !one ? 'shipped' : one.includes(',') || (rest && !named) ? 'words' : named || 'file';
    this.kind.value = kind;
    this.rest.checked = rest && kind === named;
    this.name.value = kind === 'words' ? value : kind === named ? after.join(':') : one;
    this.update();
  }

  update() {
    const { field = '', example = '', models = [], rest = false } = this.known;
    show(this.field, Boolean(field));
    show(this.restRow, rest);
    setText(this.word, field);
    this.name.placeholder = example;
    this.name.setAttribute('aria-label', `${field} of the network`);
    this.models.replaceChildren(...models.map((value) => h('option', { value })));
  }
}
