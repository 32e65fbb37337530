// Edits in the form in which projects keep them (core/project/edits.py).

import { randomId } from './api.js';

const newId = () => `e${randomId().slice(0, 12)}`;

/** A stroke. `to` is a class id or 'source'; `over` a Set of class ids or null. */
export function paintEdit({ frame, mask, to, object = null, motion, frames, over = null }) {
  return {
    kind: 'paint',
    id: newId(),
    frames,
    keyframes: [{ frame, mask }],
    to,
    object,
    motion,
    over: over ? [...over].sort((a, b) => a - b) : null,
  };
}

/** A swap of an object or of a class; `to` is a class id or 'surroundings'. */
export function swapEdit({ target, to, frames }) {
  return { kind: 'set_class', id: newId(), frames, target, to };
}

/** A look of an object, or of all of a class, while it is of class `label`. */
export function styleEdit({ target, label, code, provenance, frames }) {
  return { kind: 'set_style', id: newId(), frames, target, label, code, provenance };
}

/** Frames [start, stop) of a scope: 'clip', 'range' (as set), 'onward' (from t to the end). */
export function scopeFrames(scope, t, range, count) {
  if (scope === 'onward') return [t, count];
  if (scope === 'range' && range) return [...range];
  return [0, count];
}

/** A range as typed (from 1, both ends included) -> [start, stop), put in order and inside the clip; null when unusable. */
export function typedRange(from, to, count) {
  if (!Number.isInteger(from) || !Number.isInteger(to)) return null;
  const [low, high] = from <= to ? [from, to] : [to, from];
  const start = Math.min(count, Math.max(1, low)),
    stop = Math.min(count, Math.max(1, high));
  return [start - 1, stop];
}

/**
 * An edit's frames with one end moved to `at`: {frames, held}. At least one frame stays, and what the stroke was painted
 * on: `held` is the frame that the end could not pass, or null.
 */
export function movedEnd(edit, frames, end, at, count) {
  const painted = (edit.keyframes ?? []).map(({ frame }) => frame);
  if (end === 'start') {
    const latest = Math.min(frames[1] - 1, ...painted);
    const start = Math.max(0, Math.min(at, latest));
    return { frames: [start, frames[1]], held: at > start && painted.includes(start) ? start : null };
  }
  const earliest = Math.max(frames[0] + 1, ...painted.map((frame) => frame + 1));
  const stop = Math.min(count, Math.max(at, earliest));
  return { frames: [frames[0], stop], held: at < stop && painted.includes(stop - 1) ? stop - 1 : null };
}

/** Spans of an edit as far as they lie within other frames. */
export function spansWithin(spans, [start, stop]) {
  return spans.map(([from, to]) => [Math.max(from, start), Math.min(to, stop)]).filter(([from, to]) => from < to);
}
