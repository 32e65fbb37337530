// @ts-check
// The state of the tab, in one place. Views read it and are called when it changed; only `set` changes it.

/** @import { ClassEntry, Listener, Mode, OpenState, ProjectState, FrameState, State, TabState, ViewName } from './types' */

/** @type {ViewName[]} */
export const VIEWS = ['render', 'labels', 'camera', 'wipe', 'before'];
/** @type {Mode[]} */
export const MODES = ['footage', 'rendered'];

/** What a project starts with: opening another one sets all of it.
 * @returns {ProjectState} */
export function projectState() {
  return {
    server: null,
    t: 0,
    playing: false,
    range: null,
    scope: 'clip',
    scopeRange: null,
    everyone: false,
    over: null,
    correcting: false,
    gesture: null,
    doubts: null,
    doubt: null,
    extend: false,
    follow: 'auto',
    stroke: null,
    reframing: null,
    hover: null,
    picked: null,
    objects: {},
    objectsRevision: null,
    pending: [],
    settling: [],
    saving: 'saved',
    progress: null,
    rendering: 'idle',
    learning: null,
    futures: null,
  };
}

/** @returns {TabState} */
function tabState() {
  return {
    loop: true,
    tool: 'select',
    size: 24,
    paintClass: null,
    view: 'render',
    comparing: false,
    wipe: 0.5,
    overlay: 0.38,
    overlayOn: true,
    kindsOn: false,
    online: true,
    blocked: false,
    downloading: new Map(),
    message: null,
    importing: null,
  };
}

/** What a tab starts with. @returns {State} */
export function initialState() {
  return { ...projectState(), ...tabState() };
}

export class Store {
  constructor(state = initialState()) {
    this.state = state;
    /** @type {Set<Listener>} */
    this.listeners = new Set();
    /** @type {Set<string>} */
    this.changed = new Set();
  }

  /** Merge `patch`; listeners hear of all changes of this turn at once, as a set of names.
   * @param {Partial<State>} patch */
  set(patch) {
    for (const name of Object.keys(patch)) {
      const key = /** @type {keyof State} */ (name);
      if (this.state[key] !== patch[key]) this.touch(name);
    }
    Object.assign(this.state, patch);
  }

  /** Tell that something inside `name` changed in place.
   * @param {string} name */
  touch(name) {
    if (!this.changed.size) queueMicrotask(() => this.tell());
    this.changed.add(name);
  }

  /** @param {Listener} listener
   * @returns {() => void} what ends it */
  subscribe(listener) {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  /** Listen while a project is open.
   * @param {(state: OpenState, names: Set<string>) => void} listener */
  subscribeOpen(listener) {
    return this.subscribe((state, names) => {
      if (isOpen(state)) listener(state, names);
    });
  }

  /** The state while a project is open. Throws when none is.
   * @returns {OpenState} */
  get open() {
    if (!isOpen(this.state)) throw new Error('no project is open');
    return this.state;
  }

  tell() {
    const names = this.changed;
    this.changed = new Set();
    for (const listener of this.listeners) listener(this.state, names);
  }
}

/** @param {State} state
 * @returns {state is OpenState} */
function isOpen(state) {
  return state.server !== null;
}

/** Class entry by id.
 * @param {State} state
 * @param {number | null | undefined} id
 * @returns {ClassEntry | null} */
export function classOf(state, id) {
  return state.server?.classes.find((entry) => entry.id === id) ?? null;
}

/** The rendered entry {key, stage} of frame t, or null: to do.
 * @param {State} state
 * @returns {FrameState | null} */
export function rendered(state, t = state.t) {
  return state.server?.render[t] ?? null;
}

/** The view that is on the screen: 'before' while the compare key is held.
 * @param {State} state
 * @returns {ViewName} */
export function effectiveView(state) {
  return state.comparing ? 'before' : state.view;
}

/** Whether what is painted is seen: not on the unedited clip and not on the filmed frames.
 * @param {State} state */
export function showsEdits(state) {
  return !['before', 'camera'].includes(effectiveView(state));
}
