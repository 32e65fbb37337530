// @ts-check
// Edits that share a lane of the timeline: strokes that belong together.

/** @import { EditEntry, Frames, Lane } from './types' */

/** One entry for each lane: that of its edit, or what is common to its edits; `ids` are those of all of them.
 * @param {EditEntry[]} entries
 * @returns {Lane[]} */
export function sharedLanes(entries) {
  /** @type {Map<string, EditEntry[]>} */
  const lanes = new Map();
  for (const entry of entries) {
    const key = entry.lane;
    lanes.set(key, [...(lanes.get(key) ?? []), entry]);
  }
  return [...lanes.values()].flatMap(([first, ...others]) => (first ? [together(first, others)] : []));
}

/** @param {EditEntry} first
 * @param {EditEntry[]} others
 * @returns {Lane} */
function together(first, others) {
  const entries = [first, ...others];
  const ids = entries.map(({ edit }) => edit.id);
  if (!others.length) return { ...first, ids };
  const keyframes = entries.flatMap(({ edit }) => (edit.kind === 'paint' ? edit.keyframes : []));
  const edit = first.edit.kind === 'paint' ? { ...first.edit, keyframes } : first.edit;
  const spans = entries.map((entry) => entry.spans).filter((one) => one !== null);
  const notes = new Set(entries.map(({ note }) => note));
  return {
    ...first,
    ids,
    edit,
    title: `${first.title} · ${entries.length} ${first.edit.kind === 'paint' ? 'strokes' : 'edits'}`,
    spans: spans.length === entries.length ? union(spans.flat()) : null,
    note: notes.size === 1 ? first.note : '',
  };
}

/** Spans [start, stop) in order, those that meet as one.
 * @param {Frames[]} spans */
function union(spans) {
  /** @type {Frames[]} */
  const joined = [];
  for (const [start, stop] of [...spans].sort((a, b) => a[0] - b[0])) {
    const last = joined.at(-1);
    if (last && start <= last[1]) last[1] = Math.max(last[1], stop);
    else joined.push([start, stop]);
  }
  return joined;
}
