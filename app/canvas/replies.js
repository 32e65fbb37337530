// @ts-check
// What a reply changes in what the page knows of the project.

/** @import { EditEntry, FrameState, ProjectChange, ServerState } from './types' */

/** Put into a STATE what the page knows already of the same project and that the STATE does not have: pictures
 * from before, frames of the same revision, and where edits act.
 * @param {ServerState} server
 * @param {ServerState} old */
export function keepKnown(server, old) {
  const sameNetwork = server.checkpoint.hash === old.checkpoint.hash;
  // The unedited clip looks otherwise in another mode.
  if (sameNetwork && server.mode === old.mode)
    server.before = server.before.map((key, t) => key ?? old.before[t] ?? null);
  if (sameNetwork && server.revision === old.revision) {
    server.render = server.render.map((entry, t) => better(entry, old.render[t] ?? null));
  }
  server.edits = server.edits.map((entry) => remembered(entry, old, server.revision > old.revision));
}

/** Whether the server has still to say where an edit acts.
 * @param {EditEntry} entry */
export function isOutdated({ spans, outdated }) {
  return outdated ?? !spans;
}

/** Of two entries of the same frame and revision, the one that is nearer to the final render.
 * @param {FrameState | null} entry
 * @param {FrameState | null} known */
export function better(entry, known) {
  if (!entry) return known;
  return known?.stage === 'final' && entry.stage !== 'final' ? known : entry;
}

/** The edits of a page after a change. Spans stay as they were known until the server says them for this revision.
 * @param {EditEntry[]} old
 * @param {ProjectChange} change
 * @returns {EditEntry[]} */
export function changedEdits(old, { edits: changed, removed, lanes_known: known }) {
  const before = new Map(old.map(({ edit, spans, note }) => [edit.id, { spans, note }]));
  const gone = new Set([...removed, ...changed.map(({ edit }) => edit.id)]);
  const now = old.filter(({ edit }) => !gone.has(edit.id));
  for (const { place, ...entry } of changed) now.splice(place, 0, entry);
  return now.map((entry, place) => {
    if (place < known) return entry;
    return { ...entry, ...(entry.spans ? {} : before.get(entry.edit.id)), outdated: true };
  });
}

/** A lane of a fresh STATE; spans that are not there yet stay as they were known, outdated until the server says them.
 * @param {EditEntry} entry
 * @param {ServerState} old
 * @param {boolean} newer
 * @returns {EditEntry} */
function remembered(entry, old, newer) {
  const known = entry.spans ? null : old.edits.find(({ edit }) => edit.id === entry.edit.id);
  return known ? { ...entry, spans: known.spans, note: known.note, outdated: newer || isOutdated(known) } : entry;
}

/** @param {ServerState} server */
export function complete(server) {
  return server.render.every((entry) => entry?.stage === 'final');
}
