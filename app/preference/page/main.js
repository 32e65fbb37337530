// @ts-check
// The page of a study: a welcome, one trial after another, and thanks.

import { Api, ApiError, randomId } from '../../canvas/api.js';
import { h, mark, setText, show } from '../../canvas/dom.js';
import { isForm } from '../../canvas/focus.js';
import { keyName } from '../../canvas/keynames.js';
import { Ballot } from './ballot.js';
import { beginAs, likelyJudge, linkedJudge } from './links.js';
import { TrialView } from './trial_view.js';

/** @import { Choice } from './ballot.js' */

export class StudyPage {
  /** @param {Api} api */
  constructor(api) {
    this.api = api;
    /** @type {Ballot | null} */
    this.ballot = null;
    /** When the question was shown. */
    this.since = 0;
    /** What is done when a person tries again. */
    this.retry = () => {};
    this.trial = new TrialView(
      (choice) => this.answer(choice),
      () => this.takeBack(),
    );
    this.count = h('span.sb-time');
    this.bar = h('i');
    this.progress = h('div.sb-progress', {}, this.count, h('div.sb-bar', { ariaHidden: 'true' }, this.bar));
    this.card = h('main.sb-card', {});
    this.problem = h('span');
    const again = h('button.sb-button', { type: 'button', onclick: () => this.tryAgain() }, 'Try again');
    this.message = h('div.sb-message', { role: 'alert', 'data-kind': 'error', hidden: true }, this.problem, again);
    this.element = h(
      'div.sb.sb-study',
      { 'data-screen': 'loading' },
      h(
        'header.sb-header',
        {},
        h('div.sb-start', {}, h('i.sb-logo', { ariaHidden: 'true' }), h('h1', {}, 'Scenebrush')),
        h('div.sb-middle'),
        h('div.sb-end', {}, this.progress),
      ),
      this.card,
      this.trial.element,
      this.message,
    );
    this.screen('loading', h('p', {}, 'Loading …'));
    addEventListener('keydown', (event) => this.key(event));
    // A button that was clicked must not be pressed again by the space bar.
    this.element.addEventListener('click', (event) => {
      if (event.detail && document.activeElement instanceof HTMLElement) document.activeElement.blur();
    });
  }

  /** Open the judge of the address, or greet a new one. */
  async start() {
    await this.careful(
      async () => {
        await this.api.renewToken();
        const linked = linkedJudge();
        try {
          this.ballot = await Ballot.open(this.api, linked ?? likelyJudge());
        } catch (error) {
          if (!(error instanceof ApiError) || error.status !== 404) throw error;
          this.wrongLink(error.message);
          return;
        }
        this.welcome();
      },
      () => this.start(),
    );
  }

  /** @param {string} problem */
  wrongLink(problem) {
    const anew = h('button.sb-button.primary', { type: 'button', onclick: () => this.beginAnew() }, 'Begin anew');
    this.screen('wrong', h('h2', {}, 'This link leads nowhere'), h('p', {}, problem), h('div.sb-choices', {}, anew));
  }

  async beginAnew() {
    await this.careful(
      async () => {
        this.ballot = await Ballot.open(this.api, randomId());
        this.begin();
      },
      () => this.beginAnew(),
    );
  }

  welcome() {
    const { ballot } = this;
    if (!ballot) return;
    const { questions, trials, answers } = ballot.state;
    const begun = answers.length > 0;
    if (begun && !ballot.next) return this.thanks();
    const lines = [
      `You will see ${trials.length} pairs of short videos, side by side. For each pair there are ${questions.length} questions:`,
      'Judge by what you see; there is no right answer. Videos repeat until you answer.',
      `It takes about ${ballot.minutes} ${ballot.minutes === 1 ? 'minute' : 'minutes'}. You can stop at any time: the address of this page is your link, and leads you back to where you were.`,
    ];
    const go = h(
      'button.sb-button.primary',
      { type: 'button', onclick: () => this.begin() },
      begun ? 'Go on' : 'Begin',
    );
    const other = h('button.sb-button', { type: 'button', onclick: () => this.beginAnew() }, 'Begin as someone else');
    this.screen(
      'welcome',
      h('h2', {}, begun ? 'Welcome back' : 'Which video do you prefer?'),
      h('p', {}, begun ? `You have judged ${ballot.next?.index} of ${trials.length} pairs.` : lines[0]),
      h('ul', {}, ...questions.map(({ text }) => h('li', {}, text))),
      h('p', {}, lines[1]),
      h('p', {}, lines[2]),
      keyTable(),
      h('div.sb-choices', {}, go, begun ? other : null),
    );
    go.focus();
  }

  begin() {
    if (!this.ballot) return;
    beginAs(this.ballot.judge);
    this.proceed(false);
  }

  /** Show what comes next.
   * @param {boolean} known whether its videos were seen before */
  async proceed(known) {
    const { ballot } = this;
    if (!ballot) return;
    if (!ballot.next) return this.thanks();
    this.screen('trial');
    await this.careful(
      () => this.trial.show(ballot, known),
      () => this.proceed(known),
    );
    this.since = performance.now();
  }

  thanks() {
    this.trial.hide();
    const back = h('button.sb-button', { type: 'button', onclick: () => this.takeBack() }, 'Take the last answer back');
    const other = h('button.sb-button', { type: 'button', onclick: () => this.beginAnew() }, 'Begin as someone else');
    const all = this.ballot?.state.trials.length ?? 0;
    this.screen(
      'thanks',
      h('h2', {}, 'Thank you'),
      h('p', {}, `All ${all} pairs are judged, and your answers are saved. You can close this page.`),
      h('div.sb-choices', {}, back, other),
    );
  }

  /** @param {Choice} choice */
  async answer(choice) {
    const { ballot, trial } = this;
    if (!ballot || !trial.open) return;
    const seconds = (performance.now() - this.since) / 1000;
    await this.write(() => ballot.vote(choice, seconds), false);
  }

  async takeBack() {
    const { ballot } = this;
    if (!ballot || this.trial.busy || !ballot.state.answers.length) return;
    await this.write(() => ballot.takeBack(), true);
  }

  /** @param {() => Promise<void>} change
   * @param {boolean} known whether the videos that are shown then were seen before */
  async write(change, known) {
    this.trial.busy = true;
    this.trial.update();
    let done = false;
    await this.careful(
      async () => {
        await change();
        done = true;
      },
      () => this.write(change, known),
    );
    this.trial.busy = false;
    this.trial.update();
    if (done) await this.proceed(known);
  }

  /** Do something that may fail; then say so, and offer to try again.
   * @param {() => Promise<void>} work
   * @param {() => void} again */
  async careful(work, again) {
    try {
      await work();
      show(this.message, false);
    } catch (error) {
      if (!(error instanceof Error)) throw error;
      this.retry = again;
      setText(this.problem, error.message);
      show(this.message, true);
    }
  }

  tryAgain() {
    show(this.message, false);
    this.retry();
  }

  /** @param {string} name
   * @param {...(Node | null)} content of the card; without it the trial is shown */
  screen(name, ...content) {
    mark(this.element, 'data-screen', name);
    show(this.card, content.length > 0);
    show(this.trial.element, content.length === 0);
    this.card.replaceChildren(...content.filter((child) => child !== null));
    const { ballot } = this;
    show(this.progress, Boolean(ballot) && name !== 'welcome');
    if (!ballot) return;
    const all = ballot.state.trials.length;
    const done = ballot.next?.index ?? all;
    setText(this.count, `Pair ${Math.min(done + 1, all)} of ${all}`);
    this.bar.style.width = `${(100 * ballot.state.answers.length) / (all * ballot.state.questions.length)}%`;
  }

  /** @param {KeyboardEvent} event */
  key(event) {
    const { target } = event;
    if (event.repeat || event.altKey || this.element.dataset.screen !== 'trial') return;
    if (target instanceof Element && (isForm(target) || (event.key === ' ' && target.closest('button')))) return;
    const { pair } = this.trial;
    /** @type {Record<string, () => void>} */
    const actions = {
      ArrowLeft: () => this.answer('left'),
      ArrowRight: () => this.answer('right'),
      Space: () => pair.toggle(),
      r: () => pair.replay(),
      s: () => pair.setSlow(!pair.slow),
      Backspace: () => this.takeBack(),
    };
    const action = actions[keyName(event)];
    if (!action) return;
    event.preventDefault();
    action();
  }
}

function keyTable() {
  const keys = [
    ['← →', 'answer'],
    ['Space', 'pause, play'],
    ['R', 'from the start'],
    ['S', 'slow motion'],
    ['⌫', 'take the last answer back'],
  ];
  return h(
    'dl.sb-study-keys',
    {},
    ...keys.flatMap(([key, words]) => [h('dt', {}, h('kbd', {}, key)), h('dd', {}, words)]),
  );
}

const page = new StudyPage(new Api(new URL('api/v1/', document.baseURI).href, ''));
document.body.append(page.element);
page.start();
