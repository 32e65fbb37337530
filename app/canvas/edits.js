// @ts-check
// Edits in the form in which projects keep them (core/project/edits.py).

import { randomId } from './api.js';

/** @import { CarryEdit, Edit, Frames, JoinEdit, Mask, Motion, PaintEdit, Scope, SplitEdit, StyleEdit, SwapEdit, Target } from './types' */

// What a new object's id is at least; the server gives the next one that is free.
const FIRST_NEW_OBJECT = 1_000_000;
const newId = () => `e${randomId().slice(0, 12)}`;

/** A stroke.
 * @param {{frame: number, mask: Mask, to: number | 'source', object?: number | null, motion: Motion, frames: Frames,
 *   over?: Set<number> | null, corrects?: boolean}} stroke `over`: class ids that may be painted over; corrects: it says
 *   what was filmed, and asks for no other picture
 * @returns {PaintEdit} */
export function paintEdit({ frame, mask, to, object = null, motion, frames, over = null, corrects = false }) {
  return {
    kind: 'paint',
    id: newId(),
    frames,
    keyframes: [{ frame, mask }],
    to,
    object,
    motion,
    over: over ? [...over].sort((a, b) => a - b) : null,
    corrects,
  };
}

/** A swap of an object or of a class; `to` is a class id or 'surroundings'.
 * @param {{target: Target, to: number | 'surroundings', frames: Frames, corrects?: boolean}} swap corrects: it says what
 *   was filmed, and asks for no other picture
 * @returns {SwapEdit} */
export function swapEdit({ target, to, frames, corrects = false }) {
  return { kind: 'set_class', id: newId(), frames, target, to, corrects };
}

/** @param {Edit} edit
 * @returns {edit is SwapEdit} */
export function isRemoval(edit) {
  return edit.kind === 'set_class' && edit.to === 'surroundings';
}

/** A removal, with as much of the shadow as the removal before it takes along.
 * @param {{target: Target, frames: Frames}} removal
 * @param {Edit[]} before
 * @returns {SwapEdit} */
export function removalEdit({ target, frames }, before) {
  const { shadow = true } = before.findLast(isRemoval) ?? {};
  return { ...swapEdit({ target, to: 'surroundings', frames }), shadow };
}

/** Object `other` is `object`, of class `to` where that is said.
 * @param {{object: number, other: number, to: number | null, frames: Frames}} join
 * @returns {JoinEdit} */
export function joinEdit({ object, other, to, frames }) {
  return { kind: 'join', id: newId(), frames, object, other, to };
}

/** A part of an object, as it is on a frame, is another one. The server numbers that.
 * @param {{object: number, frame: number, part: Mask, rest: Mask, frames: Frames}} split
 * @returns {SplitEdit} */
export function splitEdit({ object, frame, part, rest, frames }) {
  return { kind: 'split', id: newId(), frames, object, new: object + FIRST_NEW_OBJECT, frame, part, rest };
}

/** The labels and objects of a frame are those of others too.
 * @param {{frame: number, frames: Frames}} carry
 * @returns {CarryEdit} */
export function carryEdit({ frame, frames }) {
  return { kind: 'carry', id: newId(), frames, frame };
}

/** A look of an object, or of all of a class, while it is of class `label`.
 * @param {{target: Target, label: number, code: number[], provenance: unknown, frames: Frames}} look
 * @returns {StyleEdit} */
export function styleEdit({ target, label, code, provenance, frames }) {
  return { kind: 'set_style', id: newId(), frames, target, label, code, provenance };
}

/** The object that an edit is about, or null.
 * @param {Edit} edit */
export function editObject(edit) {
  if ('object' in edit) return edit.object;
  return 'target' in edit && 'object' in edit.target ? edit.target.object : null;
}

/** Frames that an edit was painted on.
 * @param {Edit} edit */
export function paintedFrames(edit) {
  return 'keyframes' in edit ? edit.keyframes.map(({ frame }) => frame) : [];
}

/** Frames of a scope: 'clip', 'range' (as set), 'onward' (from t to the end).
 * @param {Scope} scope
 * @param {number} t
 * @param {Frames | null} range
 * @param {number} count
 * @returns {Frames} */
export function scopeFrames(scope, t, range, count) {
  if (scope === 'onward') return [t, count];
  if (scope === 'range' && range) return [...range];
  return [0, count];
}

/** A range with one end as it was typed, counted from 1; the other end follows where it would be passed.
 * @param {Frames} range
 * @param {'start' | 'stop'} end
 * @param {string} text
 * @param {number} count frames of the clip
 * @returns {Frames | null} null: no whole number was typed */
export function typedRange([start, stop], end, text, count) {
  if (!/^\s*-?\d+\s*$/.test(text)) return null;
  const frame = Math.min(count, Math.max(1, Number(text)));
  return end === 'start' ? [frame - 1, Math.max(frame, stop)] : [Math.min(frame - 1, start), frame];
}

/**
 * An edit's frames with one end moved to `at`. At least one frame stays, and what the stroke was painted on.
 * @param {Edit} edit
 * @param {Frames} frames
 * @param {'start' | 'stop'} end
 * @param {number} at
 * @param {number} count
 * @returns {{frames: Frames, held: number | null}} held: the painted frame that the end could not pass
 */
export function movedEnd(edit, frames, end, at, count) {
  const painted = paintedFrames(edit);
  if (end === 'start') {
    const latest = Math.min(frames[1] - 1, ...painted);
    const start = Math.max(0, Math.min(at, latest));
    return { frames: [start, frames[1]], held: at > start && painted.includes(start) ? start : null };
  }
  const earliest = Math.max(frames[0] + 1, ...painted.map((frame) => frame + 1));
  const stop = Math.min(count, Math.max(at, earliest));
  return { frames: [frames[0], stop], held: at < stop && painted.includes(stop - 1) ? stop - 1 : null };
}

/** Spans of an edit as far as they lie within other frames.
 * @param {Frames[]} spans
 * @param {Frames} frames
 * @returns {Frames[]} */
export function spansWithin(spans, [start, stop]) {
  return spans
    .map(([from, to]) => /** @type {Frames} */ ([Math.max(from, start), Math.min(to, stop)]))
    .filter(([from, to]) => from < to);
}
