// @ts-check
// Asks for what is new once a second while no socket is open: where WebSockets are blocked the page works by requests.

/** @import { Session } from './session.js' */

const PAUSE_MS = 1000;

export class Polling {
  /** @param {Session} session
   * @param {number} pause milliseconds between an answer and the next question */
  constructor(session, pause = PAUSE_MS) {
    this.session = session;
    this.store = session.store;
    this.pause = pause;
    /** Whether the last question was answered. */
    this.answered = false;
    /** Counts starts and stops: what belongs to an earlier start is dropped. */
    this.round = 0;
    this.running = false;
    /** @type {ReturnType<typeof setTimeout> | undefined} */
    this.timer = undefined;
    /** Called after each answer, and when the socket is back, for what the state does not say. */
    this.onAnswer = () => {};
  }

  start() {
    if (this.running) return;
    this.running = true;
    this.ask(++this.round);
  }

  stop() {
    this.running = false;
    this.answered = false;
    this.round++;
    clearTimeout(this.timer);
  }

  /** @param {number} round */
  async ask(round) {
    const answered = await this.look();
    if (round !== this.round) return;
    if (answered) this.answers();
    else this.store.set({ online: false });
    this.answered = answered;
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.ask(round), this.pause);
  }

  /** Take over the state of now, unless a reply is on its way that brings it.
   * @returns {Promise<boolean>} whether the server answers */
  async look() {
    const { session } = this;
    if (this.answered && session.writes) return true;
    await session.api.renewToken();
    const look = this.answered && !session.restarted ? () => session.look() : () => session.resync();
    return look().then(
      () => true,
      () => false,
    );
  }

  answers() {
    this.store.set({ online: true });
    if (!this.answered) this.session.saving.retry();
    this.onAnswer();
  }
}
