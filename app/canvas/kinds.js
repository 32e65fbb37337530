// @ts-check
// Where the pixels of a frame come from, as a tint over the result: so that a person sees what is not the film.

import { rgb } from './codec.js';
import { h } from './dom.js';
import { Loader } from './frames.js';
import { effectiveView } from './store.js';

/** @import { Api } from './api.js' */
/** @import { Clip, OpenState } from './types' */

// Of the film itself nothing is said. In the order of `Kind` (core/conditioning.py).
const KINDS = [
  { word: 'made up', hint: 'By the network', colour: '#ff8a3d' },
  {
    word: 'repeated',
    hint: 'Filmed on the same wall, a floor up or down: no frame shows what is here',
    colour: '#ffd14d',
  },
  { word: 'another look', hint: 'Filmed here, in other colours', colour: '#c78bff' },
  { word: 'from other frames', hint: 'Filmed in other frames: what is behind something', colour: '#3fb0ff' },
];
const ALPHA = 150;

/** Loader of tints, canvases of the film's size; keys are paths below the project.
 * @param {Api} api
 * @param {() => string} project
 * @param {() => Clip} clip
 * @param {(key: string) => void} onLoad
 * @returns {Loader<HTMLCanvasElement>} */
export function kindLoader(api, project, clip, onLoad) {
  /** @param {string} path */
  const load = async (path) => {
    const { film_width: width, film_height: height } = clip();
    const reply = await api.request(`projects/${project()}/${path}`);
    const kinds = new Uint8Array(await reply.arrayBuffer());
    return { value: tint(kinds, width, height), size: width * height * 4 };
  };
  return new Loader(load, 32 * 2 ** 20, onLoad);
}

/** @param {Uint8Array} kinds
 * @param {number} width
 * @param {number} height */
function tint(kinds, width, height) {
  const canvas = h('canvas', { width, height });
  const pixels = new ImageData(width, height);
  const words = new Uint32Array(pixels.data.buffer);
  const table = KINDS.map(({ colour }) => {
    const [r, g, b] = rgb(colour);
    return ((ALPHA << 24) | (b << 16) | (g << 8) | r) >>> 0;
  });
  for (let i = 0; i < words.length; i++) words[i] = table[kinds[i] ?? KINDS.length] ?? 0;
  canvas.getContext('2d')?.putImageData(pixels, 0, 0);
  return canvas;
}

/** Whether kinds can be shown now: the result, where the footage is kept, at rest.
 * @param {OpenState} state */
export function mayShowKinds(state) {
  return state.server.mode === 'footage' && effectiveView(state) === 'render' && !state.playing;
}

/** Whether they are shown.
 * @param {OpenState} state */
export function showsKinds(state) {
  return state.kindsOn && mayShowKinds(state);
}

/** Path below the project of the kinds of a frame.
 * @param {OpenState} state */
export function kindsPath({ server, t }) {
  return `kinds/${server.revision}/${t}`;
}

/** What each colour says. */
export function legend() {
  return KINDS.map(({ word, hint, colour }) =>
    h('span.sb-kind', { title: hint }, h('i', { style: { background: colour } }), word),
  );
}
