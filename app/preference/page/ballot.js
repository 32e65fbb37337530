// @ts-check
// A judge's trials and answers, as the server has them.

import { ApiError } from '../../canvas/api.js';

/** @import { Api } from '../../canvas/api.js' */
/** @typedef {{id: string, text: string}} Question */
/** @typedef {{trial: string, left: string, right: string, rate: number, seconds: number, width: number, height: number}} Trial */
/** @typedef {{trial: string, question: string, choice: string}} Answer */
/** @typedef {{study: string, questions: Question[], trials: Trial[], answers: Answer[]}} JudgeState */
/** @typedef {'left' | 'right'} Choice */

export class Ballot {
  /** @param {Api} api
   * @param {string} judge
   * @param {JudgeState} state */
  constructor(api, judge, state) {
    this.api = api;
    this.judge = judge;
    this.state = state;
  }

  /** @param {Api} api
   * @param {string} judge */
  static async open(api, judge) {
    return new Ballot(api, judge, await api.json(`judges/${judge}`));
  }

  /** The trial and question that come next, or null when all are answered. */
  get next() {
    const answered = new Set(this.state.answers.map(({ trial, question }) => `${trial} ${question}`));
    for (const [index, trial] of this.state.trials.entries()) {
      const question = this.state.questions.find(({ id }) => !answered.has(`${trial.trial} ${id}`));
      if (question) return { index, trial, question };
    }
    return null;
  }

  /** About how long what is left takes, in minutes. */
  get minutes() {
    const left = this.state.trials.slice(this.next?.index ?? this.state.trials.length);
    // Each is watched about twice, and then thought about.
    return Math.max(1, Math.round(left.reduce((sum, { seconds }) => sum + 2 * seconds + 5, 0) / 60));
  }

  /** Answer the question that comes next. An answer that the server has already, from a reply that was lost or another
   * tab, is none to complain about: what the server has is taken.
   * @param {Choice} choice
   * @param {number} seconds */
  async vote(choice, seconds) {
    const { next } = this;
    if (!next) return;
    const body = { trial: next.trial.trial, question: next.question.id, choice, seconds };
    try {
      this.state = await this.api.write('POST', `judges/${this.judge}/votes`, body);
    } catch (error) {
      if (!(error instanceof ApiError) || error.status !== 409) throw error;
      this.state = await this.api.json(`judges/${this.judge}`);
    }
  }

  /** Take the last answer back. */
  async takeBack() {
    this.state = await this.api.write('DELETE', `judges/${this.judge}/votes/last`);
  }

  /** @param {string} video */
  videoUrl(video) {
    return this.api.url(`videos/${video}.mp4`);
  }
}
