// The state of the tab, in one place. Views read it and are told when it changed; only `set` changes it.

export const TOOLS = ['select', 'brush', 'eraser', 'fill', 'lasso', 'pick', 'hand'];
export const VIEWS = ['render', 'labels', 'camera', 'wipe', 'before'];

/** What a tab starts with; `server` is the last STATE that the server sent. */
export function initialState() {
  return {
    server: null,
    t: 0,
    playing: false,
    loop: true,
    tool: 'select',
    size: 24,
    paintClass: null,
    over: null, // Set of class ids that may be painted over; null: all
    extend: false, // painted things join the picked object
    follow: 'auto', // 'auto' | 'flow' | 'still' | {object}
    reframing: null, // {id, frames, held}: the edit whose lane is being dragged, not saved yet
    range: null, // [start, stop) set by the person; null: whole clip
    stroke: null, // {title, edit}: what the last stroke follows, and its edit's id
    view: 'render',
    comparing: false,
    wipe: 0.5,
    overlay: 0.38,
    overlayOn: true,
    hover: null, // {object, label}
    picked: null, // object id
    objects: {}, // object id -> {frames: [first, last], nearest, area, label}
    objectsRevision: null, // revision that `objects` are of
    pending: [], // strokes and edits that the server has not acknowledged
    saving: 'saved', // 'saved' | 'saving' | 'unsaved'
    online: true,
    progress: null, // {done, total, secondsLeft}
    rendering: 'idle', // 'idle' | 'running' | 'cancelled' | 'failed' | 'done'
    message: null, // {text, kind}
  };
}

export class Store {
  constructor(state = initialState()) {
    this.state = state;
    this.listeners = new Set();
    this.changed = new Set();
  }

  /** Merge `patch`; listeners hear of all changes of this turn at once, as a set of names. */
  set(patch) {
    for (const [name, value] of Object.entries(patch)) {
      if (this.state[name] === value) continue;
      this.state[name] = value;
      if (!this.changed.size) queueMicrotask(() => this.tell());
      this.changed.add(name);
    }
  }

  /** Tell that something inside `name` changed in place. */
  touch(name) {
    if (!this.changed.size) queueMicrotask(() => this.tell());
    this.changed.add(name);
  }

  subscribe(listener) {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  tell() {
    const names = this.changed;
    this.changed = new Set();
    for (const listener of this.listeners) listener(this.state, names);
  }
}

/** Class entry by id. */
export function classOf(state, id) {
  return state.server?.classes.find((entry) => entry.id === id) ?? null;
}

/** The rendered entry {key, stage} of frame t, or null: to do. */
export function rendered(state, t = state.t) {
  return state.server?.render[t] ?? null;
}
