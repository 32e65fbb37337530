// @ts-check
// The tab's side of the protocol: one write at a time, no frame of another revision or ticket, nothing lost.

import { ApiError, randomId } from './api.js';
import { projectState } from './store.js';

/** @import { Api } from './api.js' */
/** @import { Edit, EditEntry, EventHandlers, Frames, Pending, FrameState, ProjectChange, ServerEvent, ServerState, Stroke } from './types' */
/** @import { Store } from './store.js' */

// Frames that arrive before the reply that explains them.
const EARLY = 1000;

export class Session {
  /** @param {Api} api
   * @param {Store} store
   * @param {(project: string, handlers: EventHandlers) => {close: () => void}} makeEvents opens the socket; it is a
   *   parameter so that tests need none */
  constructor(api, store, makeEvents) {
    this.api = api;
    this.store = store;
    this.makeEvents = makeEvents;
    this.writes = 0;
    /** Events that came too early, and the newest revision that was heard of. */
    this.heard = { early: /** @type {ServerEvent[]} */ ([]), revision: 0 };
    /** Whether what the server had rendered is gone: it was started again. */
    this.restarted = false;
    /** @type {{close: () => void} | null} */
    this.events = null;
    /** Called when an edit is saved, before its stroke is let go of.
     * @type {(entry: Pending) => Promise<void>} */
    this.settle = async () => {};
    api.onRestart = () => {
      this.restarted = true;
    };
  }

  /** The open project as the server has it. Throws when none is open. */
  get server() {
    return this.store.open.server;
  }

  /** @param {string} project */
  async open(project) {
    this.enter(await this.api.json(`projects/${project}`));
  }

  /** @param {string} clip */
  async create(clip) {
    this.enter(await this.api.write('POST', 'projects', { clip }));
  }

  /** Another project: nothing of the one before stays.
   * @param {ServerState} server */
  enter(server) {
    this.heard = { early: [], revision: 0 };
    this.store.set(projectState());
    this.applyState(server);
    this.listen(server.project);
  }

  /** @param {string} project */
  listen(project) {
    this.events?.close();
    let first = true;
    this.events = this.makeEvents(project, {
      onEvent: (event) => this.onEvent(event),
      onLost: () => this.store.set({ online: false }),
      onOpen: () => {
        this.store.set({ online: true });
        // What was sent before the socket was there is in the state; what is not saved is sent when it comes back.
        const again = !first;
        first = false;
        this.resync().then(
          () => (again ? this.retry() : undefined),
          () => {},
        );
      },
    });
  }

  async resync() {
    this.applyState(await this.api.json(`projects/${this.server.project}`));
    if (this.server.ticket === null && this.store.state.rendering === 'running') await this.render(this.store.state.t);
  }

  /** Take over a STATE of the server. Frames of the same revision that are known already are kept.
   * @param {ServerState} server */
  applyState(server) {
    const old = this.store.state.server;
    if (this.restarted) this.restarted = false;
    else if (old && old.project === server.project) {
      if (server.revision < old.revision) return;
      server.before = server.before.map((key, t) => key ?? old.before[t] ?? null);
      if (server.revision === old.revision) {
        server.render = server.render.map((entry, t) => better(entry, old.render[t] ?? null));
      }
      server.edits = server.edits.map((entry) => remembered(entry, old, server.revision > old.revision));
    }
    this.heard.revision = Math.max(this.heard.revision, server.revision);
    const running = server.ticket !== null ? 'running' : complete(server) ? 'done' : this.store.state.rendering;
    this.store.set({ server, rendering: running });
    this.letGo();
    this.replay();
  }

  /** Take over what a change of the project made different.
   * @param {ProjectChange} change
   * @returns {boolean} whether the page can: it may show another revision */
  applyChange(change) {
    const old = this.server;
    if (this.restarted) return false;
    if (change.project !== old.project || change.base !== old.revision) return change.revision <= old.revision;
    const edits = changedEdits(old.edits, change);
    const labelKeys = old.label_keys.map((key, t) => change.label_keys[t] ?? key);
    const { revision, can_undo, can_redo, render, ticket } = change;
    this.applyState({ ...old, revision, can_undo, can_redo, render, ticket, edits, label_keys: labelKeys });
    // No event says where edits act when that was known before.
    return change.lanes_known < edits.length || !edits.some(isOutdated);
  }

  /** @param {ServerEvent} event */
  onEvent(event) {
    if (event.type === 'frame') this.onFrame(event);
    if (event.type === 'before') this.onBefore(event);
    if (event.type === 'lanes') this.onLanes(event);
    if (event.type === 'changed') this.onChanged(event);
    if (event.type === 'refresh') this.onRefresh();
    if (event.type === 'progress') this.onProgress(event);
    if (event.type === 'done' || event.type === 'cancelled' || event.type === 'failed') this.onEnd(event, event.type);
  }

  /** @param {ServerEvent} event */
  keepEarly(event) {
    if (this.heard.early.length < EARLY) this.heard.early.push(event);
  }

  /** A frame is shown only when its revision and ticket are the current ones.
   * @param {ServerEvent} event */
  onFrame(event) {
    const server = this.server;
    if (event.revision !== server.revision || event.ticket !== server.ticket) {
      const later = event.revision > server.revision;
      if (later || (event.revision === server.revision && this.writes > 0)) this.keepEarly(event);
      return;
    }
    server.render[event.t] = better({ key: event.key, stage: event.stage }, server.render[event.t] ?? null);
    this.store.touch('server');
    this.letGo();
  }

  /** Strokes are drawn until their frame is rendered with them. */
  letGo() {
    const { settling, server } = this.store.open;
    const waiting = settling.filter(({ frame }) => !server.render[frame]);
    if (waiting.length < settling.length) this.store.set({ settling: waiting });
  }

  /** @param {ServerEvent} event */
  onBefore({ t, key }) {
    this.server.before[t] = key;
    this.store.touch('server');
  }

  /** Where the edits of a revision act.
   * @param {ServerEvent} event */
  onLanes(event) {
    const server = this.server;
    if (event.revision > server.revision) this.keepEarly(event);
    if (event.revision !== server.revision) return;
    const said = new Map(event.edits.map(({ id, spans, note }) => [id, { spans, note, outdated: false }]));
    server.edits = server.edits.map((entry) => ({ ...entry, ...said.get(entry.edit.id) }));
    this.store.touch('server');
  }

  /** @param {ServerEvent} event */
  onChanged({ revision }) {
    this.heard.revision = Math.max(this.heard.revision, revision);
    this.catchUp();
  }

  /** Ask for a state that was heard of, once no reply is on its way that may bring it. */
  catchUp() {
    if (!this.writes && this.heard.revision > this.server.revision) this.resync().catch(() => {});
  }

  /** Something that is no revision: its name, or whether it can be saved. */
  onRefresh() {
    if (!this.writes) this.resync().catch(() => {});
  }

  /** @param {ServerEvent} event */
  onProgress(event) {
    if (event.ticket !== this.server.ticket) return;
    const progress = { done: event.done, total: event.total, secondsLeft: event.seconds_left };
    this.store.set({ rendering: 'running', progress });
  }

  /** @param {ServerEvent} event
   * @param {'done' | 'cancelled' | 'failed'} type */
  onEnd(event, type) {
    if (event.ticket !== this.server.ticket) {
      if (this.writes) this.keepEarly(event);
      return;
    }
    if (event.note) this.say(event.note);
    // A newer request took its place; the reply that says so is on its way.
    if (type === 'cancelled' && this.writes) return;
    this.server.ticket = null;
    this.store.touch('server');
    this.store.set({ rendering: type, progress: type === 'cancelled' ? this.store.state.progress : null });
    // Another tab may have asked for a newer one.
    if (type === 'cancelled') this.resync().catch(() => {});
    if (type === 'failed') this.say(`Rendering stopped: ${event.error ?? 'unknown reason'}`, 'error');
  }

  replay() {
    const waiting = this.heard.early;
    this.heard.early = [];
    for (const event of waiting) this.onEvent(event);
  }

  /** A write with a base; the reply is a CHANGE. Frames that arrive meanwhile wait for it: they are rendered at once.
   * @param {string} method
   * @param {string} path
   * @param {object} fields */
  async change(method, path, fields) {
    this.writes++;
    try {
      const now = () => ({ base: this.server.revision, cursor: this.store.state.t, ...fields });
      if (!this.applyChange(await this.api.write(method, path, now))) await this.resync();
      if (this.server.ticket !== null) this.store.set({ progress: null });
    } finally {
      this.writes--;
      this.catchUp();
    }
  }

  /** Save an edit; it stays in `pending` until the server has it. Returns whether it was saved.
   * @param {Edit} edit
   * @param {{newObject?: boolean, stroke?: Stroke | null, rebase?: boolean}} how rebase: after a conflict it is put on
   *   top of the newer state */
  async edit(edit, { newObject = false, stroke = null, rebase = true } = {}) {
    if (!this.mayEdit()) return false;
    /** @type {Pending} */
    const entry = { id: edit.id, requestId: randomId(), edit, newObject, stroke, rebase, status: 'sending', why: '' };
    this.store.set({ pending: [...this.store.state.pending, entry], saving: 'saving' });
    return this.send(entry);
  }

  /** @param {Pending} entry
   * @returns {Promise<boolean>} */
  async send(entry) {
    entry.status = 'sending';
    this.showSaving();
    try {
      await this.change('POST', `projects/${this.server.project}/edits`, {
        request_id: entry.requestId,
        edits: [entry.edit],
        new_object: entry.newObject,
      });
      await this.saved(entry);
      return true;
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      return this.refused(entry, error);
    }
  }

  /** @param {Pending} entry */
  async saved(entry) {
    entry.status = 'saved';
    await this.settle(entry);
    const { stroke } = entry;
    if (stroke && !this.server.render[stroke.frame]) {
      this.store.set({ settling: [...this.store.state.settling, stroke] });
    }
    this.drop(entry);
    await this.renderRest();
  }

  /** @param {Pending} entry
   * @param {ApiError} error
   * @returns {Promise<boolean>} whether it is saved after all */
  async refused(entry, error) {
    if (error.status === 409) {
      await this.resync().catch(() => {});
      // The reply to the first try was lost, and the server that gave it has ended since.
      if (this.server.edits.some(({ edit }) => edit.id === entry.id)) {
        await this.saved(entry);
        return true;
      }
      if (entry.rebase && !entry.rebased) {
        Object.assign(entry, { rebased: true, requestId: randomId() });
        return this.send(entry);
      }
    }
    // Saved as soon as somebody makes that possible; a fresh state says what stands in the way.
    if (error.status === 423) await this.resync().catch(() => {});
    if (error.status === 422 || error.status === 413) {
      this.drop(entry);
      this.say(`Not saved: ${error.message}`, 'error');
      return false;
    }
    Object.assign(entry, { status: 'unsaved', why: error.message });
    this.showSaving();
    return false;
  }

  /** Send again what is not saved, oldest first. */
  async retry() {
    for (const entry of this.store.state.pending.filter((one) => one.status === 'unsaved')) {
      entry.rebased = false;
      if (!(await this.send(entry))) return;
    }
  }

  discard() {
    this.store.set({ pending: this.store.state.pending.filter((entry) => entry.status !== 'unsaved') });
    this.showSaving();
  }

  /** @param {Pending} entry */
  drop(entry) {
    this.store.set({ pending: this.store.state.pending.filter((other) => other !== entry) });
    this.showSaving();
  }

  showSaving() {
    const pending = this.store.state.pending;
    const unsaved = pending.some((entry) => entry.status === 'unsaved');
    this.store.set({ saving: unsaved ? 'unsaved' : pending.length ? 'saving' : 'saved' });
    this.store.touch('pending');
  }

  undo() {
    return this.step('undo', this.server.can_undo);
  }

  redo() {
    return this.step('redo', this.server.can_redo);
  }

  /** @param {'undo' | 'redo'} which
   * @param {boolean} possible */
  async step(which, possible) {
    if (!possible || !this.mayEdit()) return;
    await this.plain('POST', `projects/${this.server.project}/${which}`);
  }

  /** Remove the edits of these ids, all or none.
   * @param {string[]} ids */
  async remove(ids) {
    return this.mayEdit() && this.plain('DELETE', `projects/${this.server.project}/edits`, { ids });
  }

  /** Let edits act in frames [start, stop). They are named, so a conflict only means asking once more.
   * @param {string[]} ids
   * @param {Frames} frames */
  reframe(ids, frames) {
    return this.plain('PUT', `projects/${this.server.project}/edits/frames`, { ids, frames }, true);
  }

  /** A change that is no edit. Returns whether it was saved.
   * @param {string} method
   * @param {string} path
   * @param {object} fields
   * @param {boolean} again after a conflict it is tried once more
   * @returns {Promise<boolean>} */
  async plain(method, path, fields = {}, again = false) {
    try {
      await this.change(method, path, { request_id: randomId(), ...fields });
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      if (error.status === 409 || error.status === 423) {
        await this.resync().catch(() => {});
        if (again && error.status === 409) return this.plain(method, path, fields);
      }
      this.say(`Not saved: ${error.message}`, 'error');
      return false;
    }
    await this.renderRest();
    return true;
  }

  /** What a change did not have rendered by itself. */
  async renderRest() {
    if (this.server.ticket === null) await this.render(this.store.state.t);
  }

  /** Ask for the frames that are missing, the one under the cursor first.
   * @param {number} cursor */
  async render(cursor) {
    if (complete(this.server)) return this.store.set({ rendering: 'done', progress: null });
    this.writes++;
    try {
      const { revision, project } = this.server;
      const wish = { request_id: randomId(), revision, cursor };
      const { ticket } = await this.api.write('POST', `projects/${project}/render`, wish);
      if (revision !== this.server.revision || project !== this.server.project) return;
      this.server.ticket = ticket;
      this.store.touch('server');
      this.store.set({ rendering: 'running', progress: null });
      this.replay();
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      if (error.status && error.status !== 409) this.say(error.message, 'error');
    } finally {
      this.writes--;
    }
  }

  /** Stop rendering. From here on no frame of that ticket is shown, whatever is still on its way. */
  async cancel() {
    const ticket = this.server.ticket;
    if (ticket === null) return;
    this.server.ticket = null;
    this.store.touch('server');
    this.store.set({ rendering: 'cancelled' });
    await this.api.write('DELETE', `projects/${this.server.project}/render/${ticket}`).catch(() => {});
  }

  /** Whether changes are taken; if not, it is said. */
  mayEdit() {
    const { read_only: refusal } = this.server;
    if (refusal) this.say(`Not changed: this project is read only. ${refusal.error}`, 'error');
    return !refusal;
  }

  /** Try to save where that was not possible; what waited for it is sent. */
  async claim() {
    try {
      this.applyState(await this.api.write('POST', `projects/${this.server.project}/claim`));
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      return this.say(error.message, 'error');
    }
    const { read_only: refusal } = this.server;
    if (refusal) return this.say(`Still read only. ${refusal.error}`);
    this.say('Changes are saved again.');
    await this.retry();
    await this.render(this.store.state.t);
  }

  /** Call the project something else; no step of its history.
   * @param {string} name */
  async rename(name) {
    if (!this.mayEdit()) return;
    try {
      this.applyState(await this.api.write('PUT', `projects/${this.server.project}/name`, { name }));
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      this.say(`Not renamed: ${error.message}`, 'error');
    }
  }

  /** @param {string} text
   * @param {'info' | 'error'} kind */
  say(text, kind = 'info') {
    this.store.set({ message: { text, kind } });
  }
}

/** Whether the server has still to say where an edit acts.
 * @param {EditEntry} entry */
export function isOutdated({ spans, outdated }) {
  return outdated ?? !spans;
}

/** Of two entries of the same frame and revision, the one that is nearer to the final render.
 * @param {FrameState | null} entry
 * @param {FrameState | null} known */
function better(entry, known) {
  if (!entry) return known;
  return known?.stage === 'final' && entry.stage !== 'final' ? known : entry;
}

/** The edits of a page after a change. Spans stay as they were known until the server says them for this revision.
 * @param {EditEntry[]} old
 * @param {ProjectChange} change
 * @returns {EditEntry[]} */
function changedEdits(old, { edits: changed, removed, lanes_known: known }) {
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
function complete(server) {
  return server.render.every((entry) => entry?.stage === 'final');
}
