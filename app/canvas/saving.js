// @ts-check
// Edits on their way: each stays until the server has it, so that nothing is lost.

import { ApiError, randomId } from './api.js';

/** @import { Session } from './session.js' */
/** @import { Edit, Pending, Stroke } from './types' */
/** @typedef {{newObject?: boolean, stroke?: Stroke | null, rebase?: boolean}} HowToSave
 * rebase: after a conflict the edit is put on top of the newer state */

export class Saving {
  /** @param {Session} session */
  constructor(session) {
    this.session = session;
    this.store = session.store;
    /** Called when an edit is saved, before its stroke is let go of.
     * @type {(entry: Pending) => Promise<void>} */
    this.settle = async () => {};
  }

  /** Save an edit; it stays in `pending` until the server has it. Returns whether it was saved.
   * @param {Edit} edit
   * @param {HowToSave} how */
  async add(edit, { newObject = false, stroke = null, rebase = true }) {
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
      await this.session.change('POST', `projects/${this.session.server.project}/edits`, {
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
    if (stroke && !this.session.server.render[stroke.frame]) {
      this.store.set({ settling: [...this.store.state.settling, stroke] });
    }
    this.drop(entry);
    await this.session.renderRest();
  }

  /** @param {Pending} entry
   * @param {ApiError} error
   * @returns {Promise<boolean>} whether it is saved after all */
  async refused(entry, error) {
    if (error.status === 409) {
      await this.session.resync().catch(() => {});
      // The reply to the first try was lost, and the server that gave it has ended since.
      if (this.session.server.edits.some(({ edit }) => edit.id === entry.id)) {
        await this.saved(entry);
        return true;
      }
      if (entry.rebase && !entry.rebased) {
        Object.assign(entry, { rebased: true, requestId: randomId() });
        return this.send(entry);
      }
    }
    // Saved as soon as somebody makes that possible; a fresh state says what stands in the way.
    if (error.status === 423) await this.session.resync().catch(() => {});
    if (error.status === 422 || error.status === 413) {
      this.drop(entry);
      this.session.say(`Not saved: ${error.message}`, 'error');
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

  /** Strokes are drawn until their frame is rendered with them. */
  letGo() {
    const { settling, server } = this.store.open;
    const waiting = settling.filter(({ frame }) => !server.render[frame]);
    if (waiting.length < settling.length) this.store.set({ settling: waiting });
  }
}
