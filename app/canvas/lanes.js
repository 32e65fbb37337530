// A lane for every edit: what it is, where it acts, and two ends to drag.

import { rgb } from './codec.js';
import { h, setText, show } from './dom.js';
import { spansWithin } from './edits.js';
import { icon } from './icons.js';
import { LaneRange } from './lane_range.js';
import { spansText, tidyTitle } from './names.js';
import { sharedLanes } from './shared_lanes.js';
import { classOf } from './store.js';

export class Lanes {
  constructor(actions, store) {
    Object.assign(this, { actions, store, lanes: new Map() });
    this.element = h('ol.sb-lanes', { ariaLabel: 'Edits' });
    store.subscribe((state, names) => this.update(state, names));
  }

  update(state, names) {
    if (!state.server) return;
    if (names.has('server') || names.has('pending')) this.draw(state);
    if (names.has('reframing')) for (const lane of this.lanes.values()) lane.follow(state.reframing);
  }

  /** A lane stays as long as its edit does: nothing flickers, and a drag goes on while frames arrive. */
  draw(state) {
    const known = new Map();
    for (const entry of sharedLanes(state.server.edits)) {
      const old = this.lanes.get(entry.edit.id);
      const lane = old?.fits(entry, state) ? old : new Lane(this.actions, this.store, entry);
      lane.renew(entry);
      known.set(entry.edit.id, lane);
    }
    const added = known.size > this.lanes.size;
    this.lanes = known;
    this.show([...known.values()].map((lane) => lane.element));
    if (added) this.element.scrollTop = this.element.scrollHeight;
  }

  show(lines) {
    const empty = h(
      'li.sb-no-lanes',
      {},
      'Every edit gets a lane here: what it is, where it acts, where it leaves the picture.',
    );
    const wanted = lines.length ? lines : [empty];
    const same =
      wanted.length === this.element.children.length &&
      wanted.every((line, index) => line === this.element.children[index]);
    if (same || (!lines.length && this.element.querySelector('.sb-no-lanes'))) return;
    const focused = this.element.contains(document.activeElement) ? document.activeElement : null;
    this.element.replaceChildren(...wanted);
    focused?.focus({ preventScroll: true });
  }
}

class Lane {
  constructor(actions, store, entry) {
    Object.assign(this, { actions, store, clip: store.state.server.clip, colour: laneColour(entry.edit, store.state) });
    this.title = entry.title;
    const text = tidyTitle(entry.title);
    this.range = new LaneRange(actions, store, text, entry.edit, this.colour);
    this.bars = h('div.sb-bars');
    this.diamonds = h('div.sb-bars');
    this.note = h('small.sb-note');
    this.name = h(
      'button.sb-lane-name',
      { type: 'button', onclick: () => actions.goToEdit(this.entry.edit, this.entry.spans) },
      h('i', { style: { background: swatch(entry.edit, store.state) } }),
      h('span', {}, text),
    );
    this.track = h('div.sb-lane-track', {}, this.range.rail, this.bars, this.diamonds, this.note, ...this.range.parts);
    this.element = h(
      'li.sb-lane',
      {},
      this.name,
      this.track,
      h(
        'button.sb-lane-remove',
        {
          type: 'button',
          ariaLabel: `Remove ${text}`,
          title: 'Remove what this lane shows',
          onclick: () => actions.removeEdits(this.entry.ids),
        },
        icon('close'),
      ),
    );
    this.range.attach(this.element, this.track);
  }

  fits(entry, state) {
    return entry.title === this.title && state.server.clip.hash === this.clip.hash;
  }

  /** What the server says of the edit now. */
  renew(entry) {
    const signature = JSON.stringify([entry.spans, entry.note, entry.edit.frames, entry.ids]);
    if (signature === this.signature) return;
    Object.assign(this, { entry, signature, placed: null });
    const about = [tidyTitle(entry.title), spansText(entry.spans ?? [entry.edit.frames]), entry.note]
      .filter(Boolean)
      .join(' · ');
    this.name.title = about;
    this.name.setAttribute('aria-label', `${about}. Go there.`);
    Object.assign(this.range, { edit: entry.edit, ids: entry.ids });
    this.diamonds.replaceChildren(...(entry.edit.keyframes ?? []).map((keyframe) => this.diamond(keyframe)));
    this.placeNote(entry);
    this.follow(this.store.state.reframing);
  }

  /** Show the frames of a drag, if it is this lane's, else those that are saved. */
  follow(reframing) {
    const mine = reframing?.id === this.entry.edit.id;
    this.element.dataset.dragging = String(mine);
    this.element.dataset.told = String(Boolean(this.entry.spans));
    this.place(mine ? reframing.frames : this.entry.edit.frames, mine ? reframing.held : null);
  }

  place(frames, held = null) {
    const key = `${frames} ${held}`;
    if (this.placed === key) return;
    this.placed = key;
    this.bars.replaceChildren(...spansWithin(this.entry.spans ?? [], frames).map((span) => this.bar(span, frames)));
    show(this.note, Boolean(this.entry.note) && String(frames) === String(this.entry.edit.frames));
    this.range.place(frames, held);
  }

  /** One stretch in which the edit acts; it fades where the edit leaves the picture inside its frames. */
  bar([start, stop], frames) {
    const {
      colour,
      clip: { frames: count },
    } = this;
    const paints = this.entry.edit.kind === 'paint';
    const fadeIn = paints && start > frames[0],
      fadeOut = paints && stop < frames[1];
    return h('i.sb-span', {
      style: {
        left: `${(100 * start) / count}%`,
        width: `${(100 * (stop - start)) / count}%`,
        background: `linear-gradient(90deg, ${fadeIn ? 'transparent' : colour}, ${colour} ${fadeIn ? 14 : 0}%, ${colour} ${fadeOut ? 86 : 100}%, ${fadeOut ? 'transparent' : colour})`,
      },
    });
  }

  diamond({ frame }) {
    return h('i.sb-diamond', {
      title: `Painted on frame ${frame + 1}`,
      style: { left: `${(100 * (frame + 0.5)) / this.clip.frames}%` },
    });
  }

  /** Beside the bars where there is room, else over them. */
  placeNote({ note, spans: told }) {
    const spans = told ?? [];
    setText(this.note, note);
    const end = spans.length ? spans[spans.length - 1][1] / this.clip.frames : 0,
      start = spans.length ? spans[0][0] / this.clip.frames : 0;
    const over = end > 0.72 && start < 0.28;
    this.note.classList.toggle('over', over);
    this.note.style.left = end <= 0.72 ? `calc(${100 * end}% + 12px)` : 'auto';
    this.note.style.right = end <= 0.72 ? 'auto' : over ? '14px' : `calc(${100 * (1 - start)}% + 12px)`;
  }
}

/** The class that an edit is about. */
function editClass(edit, state) {
  if (edit.kind === 'set_style') return classOf(state, edit.label);
  if (typeof edit.to === 'number') return classOf(state, edit.to);
  return null;
}

function swatch(edit, state) {
  const entry = editClass(edit, state);
  return entry ? `rgb(${rgb(entry.colour)})` : '#8a9099';
}

/** The class's colour, lightened until it stands out from the dark track. */
export function laneColour(edit, state) {
  const entry = editClass(edit, state);
  if (!entry) return '#8a9099';
  let [r, g, b] = rgb(entry.colour);
  for (let i = 0; i < 12 && 0.2126 * r + 0.7152 * g + 0.0722 * b < 82; i++)
    [r, g, b] = [r, g, b].map((part) => Math.round(part + (255 - part) * 0.12));
  return `rgb(${r}, ${g}, ${b})`;
}
