// @ts-check
// Words and numbers as the page says them. Frames are counted from 0 in code and from 1 on the screen.

/** @import { ClassEntry, Frames } from './types' */

const FIRST_NEW_OBJECT = 1_000_000;

// Classes that people reach for come first; the rest follow in the order of the label set.
const FAVOURITES = [
  'road',
  'sidewalk',
  'building',
  'sky',
  'vegetation',
  'terrain',
  'car',
  'truck',
  'bus',
  'person',
  'motorcycle',
  'bicycle',
  'pole',
  'traffic light',
  'traffic sign',
  'fence',
  'wall',
  'street furniture',
];

/** Classes to paint with, in the order of the panel: favourites, then the others; void is not painted.
 * @param {ClassEntry[]} classes */
export function panelOrder(classes) {
  const rank = (/** @type {ClassEntry} */ entry) => {
    const at = FAVOURITES.indexOf(entry.name);
    return at < 0 ? FAVOURITES.length : at;
  };
  return classes.filter((entry) => entry.kind !== 'void').sort((a, b) => rank(a) - rank(b));
}

/** Which names are meant by what is typed: those of which a word begins with it, where there is none those that have it
 * anywhere.
 * @param {string[]} names
 * @param {string} typed
 * @returns {boolean[]} */
export function meant(names, typed) {
  const words = typed.trim().toLowerCase();
  const begin = names.map((name) => ` ${name.toLowerCase()}`.includes(` ${words}`));
  return begin.some(Boolean) ? begin : names.map((name) => name.toLowerCase().includes(words));
}

/** 'car 46', 'new tree 2', or just 'road' for stuff.
 * @param {number} object
 * @param {number} label
 * @param {ClassEntry[]} classes */
export function objectName(object, label, classes) {
  const entry = classes.find((one) => one.id === label);
  const name = entry ? entry.name : `class ${label}`;
  if (object >= FIRST_NEW_OBJECT) return `new ${name} ${object - FIRST_NEW_OBJECT + 1}`;
  if (entry && entry.kind !== 'thing') return name;
  return object % 1000 ? `${name} ${object % 1000}` : name;
}

/** [start, stop) -> '22 – 47' as frames are counted on the screen; one frame -> '22'.
 * @param {Frames} span */
export function frameSpan([start, stop]) {
  return stop - start === 1 ? `${start + 1}` : `${start + 1} – ${stop}`;
}

/** Spans of an edit in words: 'frames 22 – 47', 'frame 3', 'no frame'.
 * @param {Frames[]} spans */
export function spansText(spans) {
  if (!spans.length) return 'no frame';
  const frames = spans.reduce((sum, [start, stop]) => sum + stop - start, 0);
  return `${frames === 1 ? 'frame' : 'frames'} ${spans.map(frameSpan).join(', ')}`;
}

/** Single frames in words, neighbours together: '1 – 3, 7'.
 * @param {number[]} frames */
export function frameList(frames) {
  /** @type {Frames[]} */
  const spans = [];
  for (const t of frames) {
    const last = spans.at(-1);
    if (last?.[1] === t) last[1] = t + 1;
    else spans.push([t, t + 1]);
  }
  return spans.map(frameSpan).join(', ');
}

/** Seconds as 0:02.5.
 * @param {number} seconds */
export function timecode(seconds) {
  const tenths = Math.floor(seconds * 10 + 1e-6);
  const whole = Math.floor(tenths / 10);
  return `${Math.floor(whole / 60)}:${String(whole % 60).padStart(2, '0')}.${tenths % 10}`;
}

/** Time left in words.
 * @param {number | null | undefined} seconds */
export function timeLeft(seconds) {
  if (seconds === null || seconds === undefined || !Number.isFinite(seconds)) return '';
  if (seconds < 10) return `${seconds.toFixed(1)} s left`;
  if (seconds < 90) return `${Math.round(seconds)} s left`;
  return `${Math.round(seconds / 60)} min left`;
}

/** A title of the server with a proper arrow.
 * @param {string} title */
export function tidyTitle(title) {
  return title.replace(/\s*->\s*/g, ' → ');
}

/** Everything a person may call a clip: its folder name with a capital.
 * @param {string} name */
export function clipName(name) {
  return name.charAt(0).toUpperCase() + name.slice(1);
}

/** '1 edit', '3 edits'.
 * @param {number} count
 * @param {string} word */
export function countOf(count, word) {
  return `${count} ${word}${count === 1 ? '' : 's'}`;
}

/** How long ago something was, in words.
 * @param {number} seconds */
export function ago(seconds) {
  if (seconds < 60) return 'just now';
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min ago`;
  if (seconds < 86_400) return `${Math.floor(seconds / 3600)} h ago`;
  return `${countOf(Math.floor(seconds / 86_400), 'day')} ago`;
}
