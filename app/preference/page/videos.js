// @ts-check
// Two videos that play in step: both are fetched whole, started together, and held together while they play.

import { h } from '../../canvas/dom.js';

const SLOW = 0.25;
/** Videos that are apart by so many frames are brought together: gently by their speed, or by a jump. */
const GENTLE = 0.25;
const JUMP = 2;

/** Videos as addresses in memory: a network that stutters cannot make one of two wait. */
export class Loader {
  constructor() {
    /** @type {Map<string, Promise<string>>} */
    this.loaded = new Map();
  }

  /** The address of a video in memory, fetched once.
   * @param {string} url
   * @returns {Promise<string>} */
  load(url) {
    let loading = this.loaded.get(url);
    if (!loading) {
      loading = fetchWhole(url);
      this.loaded.set(url, loading);
      loading.catch(() => this.loaded.delete(url));
    }
    return loading;
  }

  /** Forget all videos but these.
   * @param {string[]} urls */
  keep(urls) {
    for (const [url, loading] of this.loaded) {
      if (urls.includes(url)) continue;
      this.loaded.delete(url);
      loading.then((address) => URL.revokeObjectURL(address)).catch(() => {});
    }
  }
}

/** @param {string} url */
async function fetchWhole(url) {
  const reply = await fetch(url).catch(() => null);
  if (!reply?.ok) throw new Error('A video cannot be loaded.');
  return URL.createObjectURL(await reply.blob());
}

export class VideoPair {
  /** @param {() => void} onChange called when it starts, stops, or was seen to its end */
  constructor(onChange) {
    this.onChange = onChange;
    this.left = video('Left video');
    this.right = video('Right video');
    this.rate = 12;
    this.slow = false;
    this.playing = false;
    /** Whether both were played to their end since they were shown. */
    this.seen = false;
    this.turn = 0;
    for (const one of [this.left, this.right]) one.addEventListener('ended', () => this.ended());
  }

  /** Show two videos from their beginning. Resolves once they play; later calls take over.
   * @param {[string, string]} addresses
   * @param {number} rate frames a second */
  async show(addresses, rate) {
    this.pause();
    const { turn } = this;
    this.seen = false;
    this.rate = rate;
    await Promise.all([ready(this.left, addresses[0]), ready(this.right, addresses[1])]);
    if (turn === this.turn) await this.play();
  }

  toggle() {
    return this.playing ? this.pause() : this.play();
  }

  async play() {
    const { turn } = this;
    this.playing = true;
    this.setSpeed(1);
    // Refused where the tab is not seen, and cut short by a pause: both are for the next try.
    const done = await Promise.allSettled([this.left.play(), this.right.play()]);
    if (turn !== this.turn) return;
    if (done.some(({ status }) => status === 'rejected')) this.pause();
    else requestAnimationFrame(() => this.hold(turn));
    this.onChange();
  }

  /** Whatever was about to play no longer does. */
  pause() {
    this.turn += 1;
    this.playing = false;
    this.left.pause();
    this.right.pause();
    this.onChange();
  }

  async replay() {
    this.turn += 1;
    const { turn } = this;
    this.left.pause();
    this.right.pause();
    await Promise.all([begin(this.left), begin(this.right)]);
    if (turn === this.turn) await this.play();
  }

  /** @param {boolean} slow */
  setSlow(slow) {
    this.slow = slow;
    this.setSpeed(1);
    this.onChange();
  }

  /** @param {number} right how much faster the right one plays */
  setSpeed(right) {
    const speed = this.slow ? SLOW : 1;
    this.left.playbackRate = speed;
    this.right.playbackRate = speed * right;
  }

  /** How far the right one is ahead, in frames. */
  get ahead() {
    return (this.right.currentTime - this.left.currentTime) * this.rate;
  }

  /** At every drawn picture: hold the two together.
   * @param {number} turn the one it was begun in */
  hold(turn) {
    if (turn !== this.turn) return;
    const { ahead } = this;
    if (!this.left.ended && !this.right.ended) {
      if (Math.abs(ahead) > JUMP) this.right.currentTime = this.left.currentTime;
      this.setSpeed(Math.abs(ahead) < GENTLE ? 1 : ahead > 0 ? 0.9 : 1.1);
    }
    requestAnimationFrame(() => this.hold(turn));
  }

  ended() {
    if (!this.left.ended || !this.right.ended || !this.playing) return;
    this.seen = true;
    this.onChange();
    this.replay();
  }
}

/** @param {string} label */
function video(label) {
  const element = h('video', { ariaLabel: label, playsinline: true, preload: 'auto' });
  element.muted = true;
  element.disablePictureInPicture = true;
  return element;
}

/** @param {HTMLVideoElement} element
 * @param {string} address
 * @returns {Promise<void>} */
function ready(element, address) {
  return new Promise((resolve, reject) => {
    element.oncanplaythrough = () => resolve();
    element.onerror = () => reject(new Error('This browser cannot play the videos (H.264). Take another browser.'));
    element.src = address;
    element.load();
  });
}

/** @param {HTMLVideoElement} element
 * @returns {Promise<void>} */
function begin(element) {
  return new Promise((resolve) => {
    element.addEventListener('seeked', () => resolve(), { once: true });
    element.currentTime = 0;
  });
}
