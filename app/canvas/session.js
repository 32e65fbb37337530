// @ts-check
// What the tab asks of the server, one write at a time, and the state that the replies give.

import { ApiError, randomId } from './api.js';
import { Incoming } from './incoming.js';
import { changedEdits, complete, isOutdated, keepKnown } from './replies.js';
import { Saving } from './saving.js';
import { projectState } from './store.js';

/** @import { Api } from './api.js' */
/** @import { HowToSave } from './saving.js' */
/** @import { Store } from './store.js' */
/** @import { Edit, EventHandlers, Frames, Mode, ProjectChange, ServerState, Shadow } from './types' */

export class Session {
  /** @param {Api} api
   * @param {Store} store
   * @param {(project: string, handlers: EventHandlers) => {close: () => void}} makeEvents opens the socket; it is a
   *   parameter so that tests need none */
  constructor(api, store, makeEvents) {
    this.api = api;
    this.store = store;
    this.writes = 0;
    /** Settles with the changes that are on their way.
     * @type {Promise<unknown>} */
    this.changing = Promise.resolve();
    /** How often rendering was stopped. */
    this.stops = 0;
    /** Whether what the server had rendered is gone: it was started again. */
    this.restarted = false;
    this.incoming = new Incoming(this, makeEvents);
    this.saving = new Saving(this);
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
    this.incoming.clear();
    this.store.set(projectState());
    this.applyState(server);
    this.incoming.listen(server.project);
  }

  /** Take over the state of now. */
  async refresh() {
    this.applyState(await this.api.json(`projects/${this.server.project}`));
  }

  /** Take over the state of now, and go on with a render that has ended meanwhile. */
  async resync() {
    await this.refresh();
    if (this.server.ticket === null && this.store.state.rendering === 'running') await this.render();
  }

  /** Take over the state of now where no socket tells what is new. A render that was under way has ended where
   * there is no ticket any more. */
  async look() {
    const { project, revision } = this.server;
    const state = await this.api.json(`projects/${project}`);
    // A reply that came meanwhile knows better.
    if (this.writes || project !== this.server.project || revision !== this.server.revision) return;
    this.applyState(state);
    this.store.set({ progress: null });
    if (this.server.ticket === null && this.store.state.rendering === 'running') {
      this.store.set({ rendering: 'cancelled' });
    }
  }

  /** Take over a STATE of the server. Frames of the same revision that are known already are kept.
   * @param {ServerState} server */
  applyState(server) {
    const old = this.store.state.server;
    if (this.restarted) this.restarted = false;
    else if (old && old.project === server.project) {
      if (server.revision < old.revision) return;
      keepKnown(server, old);
    }
    this.incoming.hearOf(server.revision);
    const running = server.ticket !== null ? 'running' : complete(server) ? 'done' : this.store.state.rendering;
    this.store.set({ server, rendering: running });
    this.saving.letGo();
    this.incoming.replay();
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
    if (change.notice) this.say(change.notice);
    const { revision, mode, can_undo, can_redo, render, ticket } = change;
    this.applyState({ ...old, revision, mode, can_undo, can_redo, render, ticket, edits, label_keys: labelKeys });
    // No event says where edits act when that was known before.
    return change.lanes_known < edits.length || !edits.some(isOutdated);
  }

  /** A write with a base; the reply is a CHANGE. Frames that arrive meanwhile wait for it: they are rendered at once.
   * @param {string} method
   * @param {string} path
   * @param {object} fields */
  change(method, path, fields) {
    const done = this.changeNow(method, path, fields);
    this.changing = Promise.allSettled([this.changing, done]).then(() => {});
    return done;
  }

  /** @param {string} method
   * @param {string} path
   * @param {object} fields */
  async changeNow(method, path, fields) {
    this.writes++;
    try {
      const now = () => ({ base: this.server.revision, cursor: this.store.state.t, ...fields });
      if (!this.applyChange(await this.api.write(method, path, now))) await this.refresh();
      if (this.server.ticket !== null) this.store.set({ progress: null });
    } finally {
      this.writes--;
      this.incoming.catchUp();
    }
  }

  /** Save an edit. Returns whether it was saved.
   * @param {Edit} edit
   * @param {HowToSave} how */
  async edit(edit, how = {}) {
    return this.mayEdit() && this.saving.add(edit, how);
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

  /** Keep the footage, or render everything. Asked once more after a conflict: it says what it wants.
   * @param {Mode} mode */
  async switchTo(mode) {
    if (mode === this.server.mode || !this.mayEdit()) return;
    await this.plain('PUT', `projects/${this.server.project}/mode`, { mode }, true);
  }

  /** Let edits act in frames [start, stop). They are named, so a conflict only means asking once more.
   * @param {string[]} ids
   * @param {Frames} frames */
  reframe(ids, frames) {
    return this.plain('PUT', `projects/${this.server.project}/edits/frames`, { ids, frames }, true);
  }

  /** Keep less or more of the film around edits.
   * @param {string[]} ids
   * @param {{margin?: number, shadow?: Shadow}} wish */
  surround(ids, wish) {
    return this.plain('PUT', `projects/${this.server.project}/edits/surroundings`, { ids, ...wish }, true);
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

  /** Take over what the server replies of work that goes on for long, unless something newer was heard meanwhile:
   * events overtake replies.
   * @template {'futures' | 'learning'} Name
   * @param {Name} name
   * @param {Promise<any>} reply */
  async takeOver(name, reply) {
    const { project } = this.server;
    const before = this.store.state[name];
    const found = await reply;
    if (project === this.server.project && this.store.state[name] === before) this.store.set({ [name]: found });
  }

  /** What a change did not have rendered by itself. */
  async renderRest() {
    if (this.server.ticket === null) await this.render();
  }

  /** Ask for the frames that are missing, the one under the cursor first. */
  async render() {
    // A change that is on its way brings another revision; Stop, or another project, ends the waiting.
    const { project } = this.server;
    const { stops } = this;
    let awaited;
    do {
      awaited = this.changing;
      await awaited;
    } while (awaited !== this.changing);
    if (stops !== this.stops || project !== this.server.project) return;
    if (complete(this.server)) return this.store.set({ rendering: 'done', progress: null });
    this.writes++;
    try {
      const { revision } = this.server;
      const wish = { request_id: randomId(), revision, cursor: this.store.state.t };
      const { ticket } = await this.api.write('POST', `projects/${project}/render`, wish);
      if (revision !== this.server.revision || project !== this.server.project) return;
      this.server.ticket = ticket;
      this.store.touch('server');
      this.store.set({ rendering: 'running', progress: null });
      this.incoming.replay();
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      if (error.status && error.status !== 409) this.say(error.message, 'error');
    } finally {
      this.writes--;
    }
  }

  /** Stop rendering. From here on no frame of that ticket is shown, whatever is still on its way. */
  async cancel() {
    this.stops++;
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
    await this.saving.retry();
    await this.render();
  }

  /** Render the project with the network as it was shipped, or with the one that learnt its clip.
   * @param {'shipped' | 'learnt'} which */
  async use(which) {
    if (!this.mayEdit()) return;
    this.writes++;
    try {
      const wish = () => ({ use: which, cursor: this.store.state.t });
      this.applyState(await this.api.write('PUT', `projects/${this.server.project}/checkpoint`, wish));
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      this.say(error.message, 'error');
    } finally {
      this.writes--;
      this.incoming.catchUp();
    }
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
