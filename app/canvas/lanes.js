// @ts-check
// A lane for every edit: what it is, where it acts, and two ends to drag. Edits that belong together share one.

import { rgb } from './codec.js';
import { h, mark, setText, show } from './dom.js';
import { paintedFrames, spansWithin } from './edits.js';
import { icon } from './icons.js';
import { LaneRange } from './lane_range.js';
import { spansText, tidyTitle } from './names.js';
import { sharedLanes } from './shared_lanes.js';
import { classOf } from './store.js';

/** @import { Session } from './session.js' */
/** @import { Store } from './store.js' */
/** @import { Commands, Edit, EditEntry, Frames, Lane as LaneEntry, OpenState, State } from './types' */
/** @typedef {{session: Session, commands: Commands, store: Store}} Parts */

const PREDICTED = 'var(--violet)';
const PLAIN = '#8a9099';

export class Lanes {
  /** @param {Parts} parts */
  constructor(parts) {
    this.parts = parts;
    /** @type {Map<string, Lane>} */
    this.lanes = new Map();
    this.project = '';
    this.shownCount = 0;
    this.element = h('ol.sb-lanes', { ariaLabel: 'Edits' });
    this.empty = h(
      'li.sb-no-lanes',
      {},
      'Every edit gets a lane here: what it is, where it acts, where it leaves the picture.',
    );
    parts.store.subscribeOpen((state, names) => this.update(state, names));
  }

  /** @param {OpenState} state
   * @param {Set<string>} names */
  update(state, names) {
    if (this.project !== state.server.project) {
      this.project = state.server.project;
      this.lanes.clear();
    }
    if (names.has('server') || names.has('pending')) this.draw(state);
    if (names.has('reframing')) for (const lane of this.lanes.values()) lane.follow(state.reframing);
  }

  /** A lane stays as long as its edit does: nothing flickers, and a drag goes on while frames arrive.
   * @param {OpenState} state */
  draw(state) {
    /** @type {Map<string, Lane>} */
    const known = new Map();
    for (const entry of sharedLanes(state.server.edits)) {
      const old = this.lanes.get(entry.edit.id);
      const lane = old?.fits(entry, state) ? old : new Lane(this.parts, entry);
      lane.renew(entry);
      known.set(entry.edit.id, lane);
    }
    this.lanes = known;
    const added = state.server.edits.length > this.shownCount;
    this.shownCount = state.server.edits.length;
    this.show([...known.values()].map((lane) => lane.element));
    if (added) this.element.scrollTop = this.element.scrollHeight;
  }

  /** @param {HTMLElement[]} lines */
  show(lines) {
    const wanted = lines.length ? lines : [this.empty];
    const there = [...this.element.children];
    if (wanted.length === there.length && wanted.every((line, index) => line === there[index])) return;
    const { activeElement } = document;
    const focused = activeElement instanceof HTMLElement && this.element.contains(activeElement) ? activeElement : null;
    this.element.replaceChildren(...wanted);
    focused?.focus({ preventScroll: true });
  }
}

class Lane {
  /** @param {Parts} parts
   * @param {LaneEntry} entry */
  constructor({ session, commands, store }, entry) {
    const state = store.open;
    this.store = store;
    this.clip = state.server.clip;
    this.colour = laneColour(entry.edit, state);
    this.entry = entry;
    this.title = entry.title;
    this.signature = '';
    this.placed = '';
    const text = tidyTitle(entry.title);
    this.range = new LaneRange(session, store, text, entry.edit, this.colour);
    this.bars = h('div.sb-bars');
    this.diamonds = h('div.sb-bars');
    this.note = h('small.sb-note');
    this.name = h(
      'button.sb-lane-name',
      { type: 'button', onclick: () => commands.goToEdit(this.entry.edit, this.entry.spans) },
      h('i', { style: { background: swatch(entry.edit, state) } }),
      h('span', {}, text),
    );
    // Predicted frames stay where they are: there is nothing to drag.
    const [rail, ...ends] = entry.edit.kind === 'continue' ? [null] : [this.range.rail, ...this.range.parts];
    this.track = h('div.sb-lane-track', {}, rail, this.bars, this.diamonds, this.note, ...ends);
    const remove = h(
      'button.sb-lane-remove',
      {
        type: 'button',
        ariaLabel: `Remove ${text}`,
        title: 'Remove what this lane shows',
        onclick: () => session.remove(this.entry.ids),
      },
      icon('close'),
    );
    this.element = h('li.sb-lane', {}, this.name, this.track, remove);
    this.range.attach(this.element, this.track);
  }

  /** Whether it can show this. A clip that is continued has more frames: all of a lane lies elsewhere then.
   * @param {EditEntry} entry
   * @param {OpenState} state */
  fits(entry, { server }) {
    return entry.title === this.title && server.clip.frames === this.clip.frames;
  }

  /** What the server says of the edits now.
   * @param {LaneEntry} entry */
  renew(entry) {
    const signature = JSON.stringify([entry.spans, entry.note, entry.edit, entry.ids]);
    if (signature === this.signature) return;
    Object.assign(this, { entry, signature, placed: '' });
    const spans = spansText(entry.spans ?? [entry.edit.frames]);
    const about = [tidyTitle(entry.title), spans, entry.note].filter(Boolean).join(' · ');
    this.name.title = about;
    this.name.setAttribute('aria-label', `${about}. Go there.`);
    this.range.edit = entry.edit;
    this.range.ids = entry.ids;
    this.range.surroundings.put(entry.edit, entry.ids);
    const painted = paintedFrames(entry.edit);
    this.diamonds.replaceChildren(...painted.map((frame) => diamond(frame, this.clip.frames)));
    this.placeNote(entry);
    this.follow(this.store.state.reframing);
  }

  /** Show the frames of a drag, if it is this lane's, else those that are saved.
   * @param {State['reframing']} reframing */
  follow(reframing) {
    const mine = reframing?.id === this.entry.edit.id ? reframing : null;
    mark(this.element, 'data-dragging', mine !== null);
    mark(this.element, 'data-known', this.entry.spans !== null);
    this.place(mine?.frames ?? this.entry.edit.frames, mine?.held ?? null);
  }

  /** @param {Frames} frames
   * @param {number | null} held */
  place(frames, held) {
    const key = `${frames} ${held}`;
    if (this.placed === key) return;
    this.placed = key;
    const { edit } = this.entry;
    const within = edit.kind === 'paint' ? frames : null;
    const spans = spansWithin(this.entry.spans ?? [], frames);
    this.bars.replaceChildren(...spans.map((span) => bar(span, within ?? span, this.colour, this.clip.frames)));
    show(this.note, Boolean(this.entry.note) && String(frames) === String(edit.frames));
    this.range.place(frames, held);
  }

  /** Beside the bars where there is room, else over them.
   * @param {EditEntry} entry */
  placeNote({ note, spans }) {
    setText(this.note, note);
    const end = (spans?.at(-1)?.[1] ?? 0) / this.clip.frames;
    const start = (spans?.[0]?.[0] ?? 0) / this.clip.frames;
    const over = end > 0.72 && start < 0.28;
    this.note.classList.toggle('over', over);
    this.note.style.left = end <= 0.72 ? `calc(${100 * end}% + 12px)` : 'auto';
    const right = over ? '14px' : `calc(${100 * (1 - start)}% + 12px)`;
    this.note.style.right = end <= 0.72 ? 'auto' : right;
  }
}

/** One stretch in which an edit acts; it fades where the edit leaves the picture inside its frames.
 * @param {Frames} span
 * @param {Frames} frames
 * @param {string} colour
 * @param {number} count */
function bar([start, stop], frames, colour, count) {
  const fadeIn = start > frames[0];
  const fadeOut = stop < frames[1];
  const from = `${fadeIn ? 'transparent' : colour}, ${colour} ${fadeIn ? 14 : 0}%`;
  const to = `${colour} ${fadeOut ? 86 : 100}%, ${fadeOut ? 'transparent' : colour}`;
  const style = {
    left: `${(100 * start) / count}%`,
    width: `${(100 * (stop - start)) / count}%`,
    background: `linear-gradient(90deg, ${from}, ${to})`,
  };
  return h('i.sb-span', { style });
}

/** @param {number} frame
 * @param {number} count */
function diamond(frame, count) {
  const style = { left: `${(100 * (frame + 0.5)) / count}%` };
  return h('i.sb-diamond', { title: `Painted on frame ${frame + 1}`, style });
}

/** The class that an edit is about.
 * @param {Edit} edit
 * @param {State} state */
function editClass(edit, state) {
  if (edit.kind === 'set_style') return classOf(state, edit.label);
  return 'to' in edit && typeof edit.to === 'number' ? classOf(state, edit.to) : null;
}

/** The colour of an edit that is about no class.
 * @param {Edit} edit */
function plainColour(edit) {
  return edit.kind === 'continue' ? PREDICTED : PLAIN;
}

/** @param {Edit} edit
 * @param {State} state */
function swatch(edit, state) {
  const entry = editClass(edit, state);
  return entry ? `rgb(${rgb(entry.colour)})` : plainColour(edit);
}

/** The class's colour, lightened until it stands out from the dark track.
 * @param {Edit} edit
 * @param {State} state */
function laneColour(edit, state) {
  const entry = editClass(edit, state);
  if (!entry) return plainColour(edit);
  let [r, g, b] = rgb(entry.colour);
  const lighter = (/** @type {number} */ part) => Math.round(part + (255 - part) * 0.12);
  for (let i = 0; i < 12 && 0.2126 * r + 0.7152 * g + 0.0722 * b < 82; i++) {
    [r, g, b] = [lighter(r), lighter(g), lighter(b)];
  }
  return `rgb(${r}, ${g}, ${b})`;
}
