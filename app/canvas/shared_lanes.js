// Edits that share a lane of the timeline: strokes that belong together.

/** One entry for each lane: that of its edit, or what is common to its edits; `ids` are those of all of them. */
export function sharedLanes(entries) {
  const lanes = new Map();
  for (const entry of entries) {
    const key = entry.lane ?? entry.edit.id;
    lanes.set(key, [...(lanes.get(key) ?? []), entry]);
  }
  return [...lanes.values()].map(together);
}

function together(entries) {
  const [first] = entries;
  const ids = entries.map(({ edit }) => edit.id);
  if (entries.length === 1) return { ...first, ids };
  const edit = { ...first.edit, keyframes: entries.flatMap((entry) => entry.edit.keyframes ?? []) };
  const known = entries.every(({ spans }) => spans);
  const notes = new Set(entries.map(({ note }) => note));
  return {
    ...first,
    ids,
    edit,
    title: `${first.title} · ${entries.length} strokes`,
    spans: known ? union(entries.flatMap(({ spans }) => spans)) : null,
    note: notes.size === 1 ? first.note : '',
  };
}

/** Spans [start, stop) in order, those that meet as one. */
function union(spans) {
  const joined = [];
  for (const [start, stop] of [...spans].sort((a, b) => a[0] - b[0])) {
    const last = joined.at(-1);
    if (last && start <= last[1]) last[1] = Math.max(last[1], stop);
    else joined.push([start, stop]);
  }
  return joined;
}
