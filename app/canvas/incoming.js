// @ts-check
// What the server sends over the socket: no frame of another revision or ticket is shown, and nothing is missed.

import { Polling } from './polling.js';
import { better } from './replies.js';

/** @import { Session } from './session.js' */
/** @import { EventHandlers, ServerEvent } from './types' */

// Frames that arrive before the reply that explains them.
const EARLY = 1000;

export class Incoming {
  /** @param {Session} session
   * @param {(project: string, handlers: EventHandlers) => {close: () => void}} makeEvents opens the socket */
  constructor(session, makeEvents) {
    this.session = session;
    this.store = session.store;
    this.makeEvents = makeEvents;
    this.polling = new Polling(session);
    /** Events that came too early.
     * @type {ServerEvent[]} */
    this.early = [];
    /** The newest revision that was heard of. */
    this.newest = 0;
    /** Whether a state was asked for, of the same revision. */
    this.refreshing = false;
    /** @type {{close: () => void} | null} */
    this.events = null;
    /** Called when another tab has called doubts right. */
    this.onDoubts = () => {};
  }

  /** Another project: nothing of the one before stays. */
  clear() {
    this.early = [];
    this.newest = 0;
  }

  /** @param {number} revision */
  hearOf(revision) {
    this.newest = Math.max(this.newest, revision);
  }

  /** @param {string} project */
  listen(project) {
    this.events?.close();
    this.polling.stop();
    let first = true;
    this.events = this.makeEvents(project, {
      onEvent: (event) => this.onEvent(event),
      onLost: (opened) => this.onLost(opened),
      onOpen: () => {
        this.polling.stop();
        // What was sent before the socket was there is in the state; what is not saved is sent when it comes back.
        const again = !first;
        first = false;
        const online = () => this.store.set({ online: true, blocked: false });
        this.session.resync().then(() => {
          online();
          if (!again) return;
          this.session.saving.retry();
          // What was sent since the last answer and before the socket was there.
          this.polling.onAnswer();
        }, online);
      },
    });
  }

  /** Requests go on without a socket. It is blocked where they are answered and it does not open.
   * @param {boolean} opened whether it was open before */
  onLost(opened) {
    if (this.polling.answered && !opened) this.store.set({ blocked: true });
    else if (!this.store.state.blocked) this.store.set({ online: false });
    this.polling.start();
  }

  /** @param {ServerEvent} event */
  onEvent(event) {
    if (event.type === 'frame') this.onFrame(event);
    if (event.type === 'before') this.onBefore(event);
    if (event.type === 'lanes') this.onLanes(event);
    if (event.type === 'changed') this.onChanged(event);
    if (event.type === 'refresh') this.onRefresh();
    if (event.type === 'doubts') this.onDoubts();
    if (event.type === 'futures') this.store.set({ futures: event.futures });
    if (event.type === 'learning') this.store.set({ learning: event.learning });
    if (event.type === 'progress') this.onProgress(event);
    if (event.type === 'download') this.onDownload(event);
    if (event.type === 'done' || event.type === 'cancelled' || event.type === 'failed') this.onEnd(event, event.type);
  }

  /** @param {ServerEvent} event */
  keepEarly(event) {
    if (this.early.length < EARLY) this.early.push(event);
  }

  /** A frame is shown only when its revision and ticket are the current ones.
   * @param {ServerEvent} event */
  onFrame(event) {
    const server = this.session.server;
    if (event.revision !== server.revision || event.ticket !== server.ticket) {
      const later = event.revision > server.revision;
      if (later || (event.revision === server.revision && this.awaited)) this.keepEarly(event);
      return;
    }
    server.render[event.t] = better({ key: event.key, stage: event.stage }, server.render[event.t] ?? null);
    this.store.touch('server');
    this.session.saving.letGo();
  }

  /** @param {ServerEvent} event */
  onBefore({ t, key }) {
    this.session.server.before[t] = key;
    this.store.touch('server');
  }

  /** Where the edits of a revision act.
   * @param {ServerEvent} event */
  onLanes(event) {
    const server = this.session.server;
    if (event.revision > server.revision) this.keepEarly(event);
    if (event.revision !== server.revision) return;
    const said = new Map(event.edits.map(({ id, spans, note }) => [id, { spans, note, outdated: false }]));
    server.edits = server.edits.map((entry) => ({ ...entry, ...said.get(entry.edit.id) }));
    this.store.touch('server');
  }

  /** @param {ServerEvent} event */
  onChanged({ revision }) {
    this.hearOf(revision);
    this.catchUp();
  }

  /** Ask for a state that was heard of, once no reply is on its way that may bring it. */
  catchUp() {
    if (!this.session.writes && this.newest > this.session.server.revision) this.session.resync().catch(() => {});
  }

  /** Something that is no revision: its name, what renders it, or whether it can be saved. */
  onRefresh() {
    if (this.session.writes) return;
    this.refreshing = true;
    this.session
      .resync()
      .catch(() => {})
      .finally(() => {
        this.refreshing = false;
      });
  }

  /** Whether a reply is on its way that may explain what came too early. */
  get awaited() {
    return this.refreshing || this.session.writes > 0;
  }

  /** @param {ServerEvent} event */
  onProgress(event) {
    if (event.ticket !== this.session.server.ticket) return;
    const progress = { done: event.done, total: event.total, secondsLeft: event.seconds_left };
    this.store.set({ rendering: 'running', progress });
  }

  /** @param {ServerEvent} event */
  onDownload({ job, done, total }) {
    const found = [...this.store.state.downloading.values()].find(({ id }) => id === job);
    if (!found) return;
    Object.assign(found, { done, total });
    this.store.touch('downloading');
  }

  /** @param {ServerEvent} event
   * @param {'done' | 'cancelled' | 'failed'} type */
  onEnd(event, type) {
    if (event.ticket !== this.session.server.ticket) {
      if (this.awaited) this.keepEarly(event);
      return;
    }
    if (event.note) this.session.say(event.note);
    // A newer request took its place; the reply that says so is on its way.
    if (type === 'cancelled' && this.session.writes) return;
    this.session.server.ticket = null;
    this.store.touch('server');
    this.store.set({ rendering: type, progress: type === 'cancelled' ? this.store.state.progress : null });
    // Another tab may have asked for a newer one.
    if (type === 'cancelled') this.session.resync().catch(() => {});
    if (type === 'failed') this.session.say(`Rendering stopped: ${event.error ?? 'unknown reason'}`, 'error');
  }

  replay() {
    const waiting = this.early;
    this.early = [];
    for (const event of waiting) this.onEvent(event);
  }
}
