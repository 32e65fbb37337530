// What the frame is and what a stroke will do, said in chips on the picture.

import { h, setText, show } from './dom.js';
import { icon } from './icons.js';
import { item, toggleMenu } from './menu.js';
import { frameSpan, objectName } from './names.js';
import { rangeForm } from './ranges.js';
import { rendered } from './store.js';
import { PAINTING } from './tools.js';
import { effectiveView } from './view.js';

export class Chips {
  constructor(store, view) {
    Object.assign(this, { store, view });
    this.frame = h('div.sb-chip.top', { role: 'status' });
    this.follow = h('button.sb-chip.bottom', {
      type: 'button',
      ariaHaspopup: 'dialog',
      ariaExpanded: 'false',
      title: 'What strokes follow, and in which frames',
      onclick: () => this.openFollow(),
    });
    this.slider = h('input', {
      type: 'range',
      min: 0,
      max: 100,
      ariaLabel: 'Strength of the label overlay',
      oninput: () => store.set({ overlay: Number(this.slider.value) / 100, overlayOn: true }),
    });
    this.percent = h('span', {});
    this.labels = h(
      'div.sb-chip.bottom.right',
      { title: 'Label overlay; \\ switches it off and on' },
      this.percent,
      this.slider,
      h('kbd', { ariaHidden: 'true' }, '\\'),
    );
    this.hover = h('div.sb-chip.hover', { hidden: true, ariaHidden: 'true' });
    this.other = h('div.sb-chip.top.right', { hidden: true }, 'before');
    this.layer = h('div.sb-chips', {}, this.frame, this.other, this.follow, this.labels);
    this.element = h('div.sb-chip-stage', {}, this.layer, this.hover);
    store.subscribe((state) => this.update(state));
  }

  /** Keep the chips in the corners of what is seen of the picture. */
  place() {
    const seen = this.view.placement.visible();
    for (const side of ['left', 'top', 'width', 'height']) this.layer.style[side] = `${Math.round(seen[side])}px`;
  }

  /** Put the hover chip beside the pointer, inside the stage. */
  follows([x, y]) {
    const { stageWidth, stageHeight } = this.view.placement;
    const left = Math.min(x + 18, stageWidth - this.hover.offsetWidth - 8);
    const top = Math.min(y + 18, stageHeight - this.hover.offsetHeight - 8);
    this.hover.style.transform = `translate(${Math.max(4, left)}px, ${Math.max(4, top)}px)`;
  }

  update(state) {
    if (!state.server) return;
    this.updateFrame(state);
    const paints = PAINTING.includes(state.tool) && effectiveView(state) !== 'before' && !state.playing;
    show(this.follow, paints);
    if (paints)
      this.follow.replaceChildren(
        'Stroke follows ',
        h('b', {}, this.followed(state)),
        icon('down'),
        ` ${this.frames(state)}`,
      );
    const strong = Math.round(state.overlay * 100);
    show(this.labels, state.view === 'render' && !state.comparing);
    setText(
      this.percent,
      state.playing ? 'Labels off while playing' : state.overlayOn ? `Labels ${strong} %` : 'Labels off',
    );
    if (this.slider.value !== String(strong)) this.slider.value = String(strong);
    show(this.other, effectiveView(state) === 'wipe');
    this.updateHover(state);
  }

  updateFrame(state) {
    const [words, kind] = frameState(state);
    const text = `Frame ${state.t + 1} of ${state.server.clip.frames}`;
    this.frame.replaceChildren(text, h('span', { 'data-kind': kind }, words ? ` · ${words}` : ''));
  }

  /** What the next stroke will ride on, in words. */
  followed(state) {
    const object = riddenObject(state);
    if (object !== null) return objectName(object, labelOf(state, object), state.server.classes);
    if (state.follow === 'still') return 'nothing: it stands still';
    if (state.follow === 'auto' && !state.hover && state.stroke) return state.stroke.title;
    return 'the motion under it';
  }

  /** In which frames it will, as far as that is known. */
  frames(state) {
    if (state.range) return `frames ${frameSpan(state.range)}`;
    const seen = state.objects[riddenObject(state)]?.frames;
    if (seen) return `frames ${frameSpan([seen[0], seen[1] + 1])}`;
    const lane =
      state.follow === 'auto' && !state.hover && state.server.edits.find(({ edit }) => edit.id === state.stroke?.edit);
    if (lane?.spans?.length) return `frames ${frameSpan([lane.spans[0][0], lane.spans.at(-1)[1]])}`;
    return 'whole clip';
  }

  updateHover(state) {
    const visible = Boolean(state.hover) && state.tool === 'select' && !state.playing;
    show(this.hover, visible);
    if (!visible) return;
    const name = objectName(state.hover.object, state.hover.label, state.server.classes);
    setText(
      this.hover,
      state.hover.object === state.picked ? `${name} · selected, S to swap` : `${name} · click to select, S to swap`,
    );
  }

  openFollow() {
    const state = this.store.state;
    const set = (follow) => () => this.store.set({ follow });
    const picked = state.picked === null ? null : state.objects[state.picked];
    const lines = [
      item('What it touches most', set('auto'), {
        checked: state.follow === 'auto',
        note: 'a building, a car; else the motion under it',
      }),
      item('The motion under it', set('flow'), { checked: state.follow === 'flow' }),
      item('Nothing: stand still', set('still'), {
        checked: state.follow === 'still',
        note: 'stays where it was painted',
      }),
    ];
    if (picked)
      lines.push(
        item(objectName(state.picked, picked.label, state.server.classes), set({ object: state.picked }), {
          checked: typeof state.follow === 'object',
          note: 'the selected object',
        }),
      );
    toggleMenu(this.follow, [h('p.sb-menu-title', {}, 'Strokes follow'), ...lines, rangeForm(this.store)], {
      label: 'What strokes follow',
      side: 'above',
    });
  }
}

/** The object that a stroke would ride on: the chosen one, or by itself the thing under the pointer; null: none. */
function riddenObject({ follow, hover, server }) {
  if (typeof follow === 'object') return follow.object;
  const thing = hover && server.classes.find((entry) => entry.id === hover.label)?.kind === 'thing';
  return follow === 'auto' && thing ? hover.object : null;
}

function labelOf(state, object) {
  return state.hover?.object === object ? state.hover.label : state.objects[object]?.label;
}

/** [words, kind] for the state of what is on the screen. */
export function frameState(state) {
  const view = effectiveView(state);
  const entry = rendered(state);
  if (view === 'labels') return ['labels', 'plain'];
  if (view === 'camera') return ['camera', 'plain'];
  if (view === 'before') return [state.server.before[state.t] ? 'before' : 'before: to do', 'plain'];
  if (!entry) return ['to do', 'todo'];
  return entry.stage === 'final' ? ['', 'final'] : ['preview', 'preview'];
}
