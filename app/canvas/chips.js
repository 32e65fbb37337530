// @ts-check
// What the frame is and what a stroke will do, said in chips on the picture.

import { h, setText, show } from './dom.js';
import { icon } from './icons.js';
import { legend, mayShowKinds, showsKinds } from './kinds.js';
import { item, lines, toggleMenu } from './menu.js';
import { frameSpan, objectName } from './names.js';
import { rangeFields } from './ranges.js';
import { effectiveView, rendered, showsEdits } from './store.js';
import { toolOf } from './tools.js';

/** @import { Store } from './store.js' */
/** @import { Follow, OpenState, Point, State } from './types' */
/** @import { View } from './view.js' */

export class Chips {
  /** @param {Store} store
   * @param {View} view */
  constructor(store, view) {
    this.store = store;
    this.view = view;
    this.frame = h('div.sb-chip.top', { role: 'status' });
    this.follow = h('button.sb-chip.bottom', {
      type: 'button',
      ariaHaspopup: 'dialog',
      ariaExpanded: 'false',
      title: 'What strokes follow, and in which frames',
      onclick: () => this.openFollow(),
    });
    this.slider = slider('Strength of the label overlay', (overlay) => store.set({ overlay, overlayOn: true }));
    this.percent = h('span', {});
    this.labels = h(
      'div.sb-chip.bottom.right',
      { title: 'Label overlay; \\ switches it off and on' },
      this.percent,
      this.slider,
      h('kbd', { ariaHidden: 'true' }, '\\'),
    );
    this.wipeSlider = slider('Where the line of the wipe is', (wipe) => store.set({ wipe }));
    this.wipe = h('div.sb-chip.bottom.right', { hidden: true }, 'Line', this.wipeSlider);
    this.range = rangeFields((range) => {
      const whole = range[0] === 0 && range[1] === store.open.server.clip.frames;
      store.set({ range: whole ? null : range });
    });
    this.hover = h('div.sb-chip.hover', { hidden: true, ariaHidden: 'true' });
    this.other = h('div.sb-chip.top.right', { hidden: true }, 'before');
    this.kinds = h('button.sb-chip.top.right.sb-kinds', {
      type: 'button',
      title: 'Tint what is not the film as it was (T)',
      onclick: () => store.set({ kindsOn: !store.state.kindsOn }),
    });
    const chips = [this.frame, this.other, this.kinds, this.follow, this.labels, this.wipe];
    this.layer = h('div.sb-chips', {}, ...chips);
    this.element = h('div.sb-chip-stage', {}, this.layer, this.hover);
    store.subscribeOpen((state) => this.update(state));
  }

  /** Keep the chips in the corners of what is seen of the picture. */
  place() {
    const { left, top, width, height } = this.view.placement.visible();
    for (const [side, value] of Object.entries({ left, top, width, height })) {
      this.layer.style.setProperty(side, `${Math.round(value)}px`);
    }
  }

  /** Put the hover chip beside the pointer, inside the stage.
   * @param {Point} at */
  follows([x, y]) {
    const { stageWidth, stageHeight } = this.view.placement;
    const left = Math.min(x + 18, stageWidth - this.hover.offsetWidth - 8);
    const top = Math.min(y + 18, stageHeight - this.hover.offsetHeight - 8);
    this.hover.style.transform = `translate(${Math.max(4, left)}px, ${Math.max(4, top)}px)`;
  }

  /** @param {OpenState} state */
  update(state) {
    const [words, kind] = frameState(state);
    const text = `Frame ${state.t + 1} of ${state.server.clip.frames}`;
    this.frame.replaceChildren(text, h('span', { 'data-kind': kind }, words ? ` · ${words}` : ''));
    const paints = toolOf(state).paints && showsEdits(state) && !state.playing;
    show(this.follow, paints);
    if (paints) {
      const followed = h('b', {}, this.followed(state));
      const words = state.correcting ? 'Stroke corrects labels, follows ' : 'Stroke follows ';
      this.follow.replaceChildren(words, followed, icon('down'), ` ${this.frames(state)}`);
    }
    const strong = Math.round(state.overlay * 100);
    show(this.labels, state.view === 'render' && !state.comparing && !showsKinds(state));
    this.updateKinds(state);
    const off = state.playing ? 'Labels off while playing' : 'Labels off';
    setText(this.percent, state.overlayOn && !state.playing ? `Labels ${strong} %` : off);
    if (this.slider.value !== String(strong)) this.slider.value = String(strong);
    const wipe = String(Math.round(state.wipe * 100));
    if (this.wipeSlider.value !== wipe) this.wipeSlider.value = wipe;
    for (const part of [this.other, this.wipe]) show(part, effectiveView(state) === 'wipe');
    this.range.put(state.range ?? [0, state.server.clip.frames], state.server.clip.frames);
    this.updateHover(state);
  }

  /** @param {OpenState} state */
  updateKinds(state) {
    show(this.kinds, mayShowKinds(state));
    if (this.kinds.getAttribute('aria-pressed') === String(state.kindsOn)) return;
    this.kinds.setAttribute('aria-pressed', String(state.kindsOn));
    this.kinds.replaceChildren(...(state.kindsOn ? ['Not film: ', ...legend()] : ['What is film?']));
  }

  /** What the next stroke will ride on, in words.
   * @param {OpenState} state */
  followed(state) {
    const object = riddenObject(state);
    const label = object === null ? undefined : labelOf(state, object);
    if (object !== null && label !== undefined) return objectName(object, label, state.server.classes);
    if (state.follow === 'still') return 'nothing: it stands still';
    if (state.follow === 'auto' && !state.hover && state.stroke) return state.stroke.title;
    return 'the motion under it';
  }

  /** In which frames it will, as far as that is known.
   * @param {OpenState} state */
  frames(state) {
    if (state.range) return `frames ${frameSpan(state.range)}`;
    const object = riddenObject(state);
    const seen = object === null ? undefined : state.objects[object]?.frames;
    if (seen) return `frames ${frameSpan([seen[0], seen[1] + 1])}`;
    const last = state.follow === 'auto' && !state.hover ? state.stroke?.edit : undefined;
    const spans = state.server.edits.find(({ edit }) => edit.id === last)?.spans;
    const [first, final] = [spans?.[0], spans?.at(-1)];
    return first && final ? `frames ${frameSpan([first[0], final[1]])}` : 'whole clip';
  }

  /** @param {OpenState} state */
  updateHover({ hover, tool, playing, picked, server }) {
    show(this.hover, hover !== null && tool === 'select' && !playing);
    if (!hover) return;
    const name = objectName(hover.object, hover.label, server.classes);
    setText(this.hover, `${name} · ${hover.object === picked ? 'selected' : 'click to select'}, S to swap`);
  }

  openFollow() {
    const state = this.store.open;
    const { follow } = state;
    const set = (/** @type {Follow} */ next) => () => this.store.set({ follow: next });
    const touched = { checked: follow === 'auto', note: 'a building, a car; else the motion under it' };
    const still = { checked: follow === 'still', note: 'stays where it was painted' };
    const choices = [
      item('What it touches most', set('auto'), touched),
      item('The motion under it', set('flow'), { checked: follow === 'flow' }),
      item('Nothing: stand still', set('still'), still),
    ];
    const picked = state.picked === null ? undefined : state.objects[state.picked];
    if (picked && state.picked !== null) {
      const name = objectName(state.picked, picked.label, state.server.classes);
      const selected = { checked: typeof follow === 'object', note: 'the selected object' };
      choices.push(item(name, set({ object: state.picked }), selected));
    }
    const title = 'Strokes follow';
    const content = [h('p.sb-menu-title', {}, title), lines(title, ...choices), this.range.element];
    toggleMenu(this.follow, content, { label: 'What strokes follow', side: 'above' });
  }
}

/** A slider for a share.
 * @param {string} label
 * @param {(share: number) => void} change takes 0 to 1 */
function slider(label, change) {
  const input = h('input', {
    type: 'range',
    min: 0,
    max: 100,
    ariaLabel: label,
    oninput: () => change(Number(input.value) / 100),
  });
  return input;
}

/** The object that a stroke would ride on: the chosen one, or by itself the thing under the pointer; null: none.
 * @param {OpenState} state
 * @returns {number | null} */
function riddenObject({ follow, hover, server }) {
  if (typeof follow === 'object') return follow.object;
  const thing = server.classes.find((entry) => entry.id === hover?.label)?.kind === 'thing';
  return follow === 'auto' && hover && thing ? hover.object : null;
}

/** @param {State} state
 * @param {number} object */
function labelOf(state, object) {
  return state.hover?.object === object ? state.hover.label : state.objects[object]?.label;
}

/** [words, kind] for the state of what is on the screen.
 * @param {OpenState} state */
function frameState(state) {
  const view = effectiveView(state);
  const entry = rendered(state);
  const predicted = state.t >= state.server.clip.filmed;
  if (view === 'labels') return ['labels', 'plain'];
  if (view === 'camera') return predicted ? ['predicted, not filmed', 'predicted'] : ['camera', 'plain'];
  if (view === 'before') return [state.server.before[state.t] ? 'before' : 'before: to do', 'plain'];
  if (!entry) return ['to do', 'todo'];
  if (entry.stage !== 'final') return ['preview', 'preview'];
  return predicted ? ['predicted', 'predicted'] : ['', 'final'];
}
