// Edits in the form in which projects keep them (core/project/edits.py).

import { randomId } from './api.js';

const newId = () => `e${randomId().slice(0, 12)}`;

/** A stroke. `to` is a class id or 'source'; `over` a Set of class ids or null. */
export function paintEdit({ frame, mask, to, object = null, motion, frames, over = null }) {
  return {
    kind: 'paint', id: newId(), frames, keyframes: [{ frame, mask }], to, object, motion,
    over: over ? [...over].sort((a, b) => a - b) : null,
  };
}

/** A swap of an object or of a class; `to` is a class id or 'surroundings'. */
export function swapEdit({ target, to, frames }) {
  return { kind: 'set_class', id: newId(), frames, target, to };
}

/** A look of an object while it is of class `label`. */
export function styleEdit({ object, label, code, provenance, frames }) {
  return { kind: 'set_style', id: newId(), frames, target: { object }, label, code, provenance };
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
  const start = Math.min(count, Math.max(1, low)), stop = Math.min(count, Math.max(1, high));
  return [start - 1, stop];
}
