// @ts-check
// One trial on the screen: the question, two videos in step, an answer below each, and how they are played.

import { h, mark, setText } from '../../canvas/dom.js';
import { icon } from '../../canvas/icons.js';
import { Loader, VideoPair } from './videos.js';

/** @import { Ballot, Choice, Trial } from './ballot.js' */

export class TrialView {
  /** @param {(choice: Choice) => void} answer
   * @param {() => void} takeBack */
  constructor(answer, takeBack) {
    this.loader = new Loader();
    this.pair = new VideoPair(() => this.update());
    this.shown = '';
    this.busy = false;
    this.ready = false;
    this.canTakeBack = false;
    this.question = h('h2', { ariaLive: 'polite' });
    this.hint = h('p.sb-hint', { role: 'status' });
    this.left = answerButton('Left', '←', () => answer('left'));
    this.right = answerButton('Right', '→', () => answer('right'));
    this.playButton = button('Pause', 'Space', 'pause', () => this.pair.toggle());
    this.replayButton = button('From the start', 'R', 'loop', () => this.pair.replay());
    this.slowButton = button('Slow motion', 'S', 'slow', () => this.pair.setSlow(!this.pair.slow));
    this.backButton = button('Take back', '⌫', 'undo', takeBack);
    this.element = h(
      'main.sb-trial',
      {},
      h('div.sb-asked', {}, this.question, this.hint),
      h('div.sb-two', {}, h('figure', {}, this.pair.left, this.left), h('figure', {}, this.pair.right, this.right)),
      h('div.sb-playing', {}, this.playButton, this.replayButton, this.slowButton, h('i'), this.backButton),
    );
  }

  /** Show what comes next; videos that are shown already play on.
   * @param {Ballot} ballot
   * @param {boolean} known whether the judge has seen this pair before */
  async show(ballot, known) {
    const { next } = ballot;
    if (!next) return;
    setText(this.question, next.question.text);
    this.canTakeBack = ballot.state.answers.length > 0;
    this.update();
    if (this.shown === next.trial.trial) return;
    this.shown = next.trial.trial;
    this.ready = false;
    const following = ballot.state.trials[next.index + 1];
    const urls = [...addresses(ballot, next.trial), ...(following ? addresses(ballot, following) : [])];
    this.loader.keep(urls);
    this.element.style.setProperty('--aspect', String(next.trial.width / next.trial.height));
    this.update();
    try {
      const [left, right] = addresses(ballot, next.trial);
      const loaded = await Promise.all([this.loader.load(left), this.loader.load(right)]);
      if (this.shown !== next.trial.trial) return;
      await this.pair.show(loaded, next.trial.rate);
      if (this.shown !== next.trial.trial) return;
    } catch (error) {
      this.shown = '';
      throw error;
    }
    this.ready = true;
    this.pair.seen = this.pair.seen || known;
    this.update();
    for (const url of urls.slice(2)) this.loader.load(url).catch(() => {});
  }

  hide() {
    this.shown = '';
    this.pair.pause();
  }

  /** Whether an answer is possible now. */
  get open() {
    return this.ready && this.pair.seen && !this.busy;
  }

  update() {
    if (!this.element) return; // called while it is made
    const { pair } = this;
    for (const one of [this.left, this.right]) one.disabled = !this.open;
    this.backButton.disabled = this.busy || !this.canTakeBack;
    const [play, words] = pair.playing ? ['pause', 'Pause'] : ['play', 'Play'];
    if (this.playButton.dataset.icon !== play) {
      this.playButton.dataset.icon = play;
      this.playButton.replaceChildren(...content(words, 'Space', play));
    }
    mark(this.slowButton, 'aria-pressed', pair.slow);
    const hint = this.ready
      ? pair.seen
        ? 'Answer with the buttons or the arrow keys.'
        : 'Watch both to the end once.'
      : 'Loading …';
    setText(this.hint, hint);
    mark(this.element, 'data-open', this.open);
  }
}

/** @param {Ballot} ballot
 * @param {Trial} trial
 * @returns {[string, string]} */
function addresses(ballot, trial) {
  return [ballot.videoUrl(trial.left), ballot.videoUrl(trial.right)];
}

/** @param {string} words
 * @param {string} key
 * @param {() => void} onclick */
function answerButton(words, key, onclick) {
  return h(
    'button.sb-button.primary.sb-answer',
    { type: 'button', onclick },
    words,
    h('kbd', { ariaHidden: 'true' }, key),
  );
}

/** @param {string} words
 * @param {string} key
 * @param {string} name of its icon
 * @param {() => void} onclick */
function button(words, key, name, onclick) {
  return h('button.sb-button', { type: 'button', onclick }, ...content(words, key, name));
}

/** @param {string} words
 * @param {string} key
 * @param {string} name */
function content(words, key, name) {
  return [icon(name), h('span', {}, words), h('kbd', { ariaHidden: 'true' }, key)];
}
