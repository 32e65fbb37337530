// @ts-check
// What a person can do, each as one object: keys, buttons, menu lines and the help are made from this list.

import { h, mark } from './dom.js';
import { keyWords } from './keynames.js';
import { item } from './menu.js';
import { nextSize } from './size.js';
import { TOOLS } from './tools.js';

/** @import { Action, Mode, State, ViewName } from './types' */
/** @import { Attribute, Child } from './dom.js' */
/** @import { Editor } from './main.js' */
/** @import { Store } from './store.js' */

/** Gestures that are no action: lines of the help, after the actions of their section. */
const GESTURES = /** @type {const} */ ([
  ['Tools', 'Shift', 'brush: straight line from the last stroke; fill: only this object'],
  ['Tools', 'Alt', 'eyedropper while painting'],
  ['Lanes', 'Drag an end', 'other frames for the edit'],
  ['Lanes', '←  →', 'the end by a frame, Shift by ten'],
  ['Lanes', 'Enter', 'frames, surroundings, shadow'],
  ['Lanes', 'Esc', 'leave it as it was'],
  ['Picture', 'Wheel, pinch', 'zoom at the pointer'],
  ['Picture', 'Space + drag', 'move (or middle button, two fingers)'],
]);
const SECTIONS = ['Tools', 'Correct', 'Frames', 'Lanes', 'Picture', 'Project'];
const DIGITS = ['1', '2', '3', '4', '5', '6', '7', '8', '9'];

/** All actions of the page.
 * @param {Editor} editor
 * @returns {Action[]} */
export function makeActions(editor) {
  return [
    ...toolActions(editor),
    ...editor.correct.actions(),
    ...frameActions(editor),
    ...viewActions(editor),
    ...modeActions(editor),
    ...pictureActions(editor),
    ...projectActions(editor),
  ];
}

/** @param {Editor} editor
 * @returns {Action[]} */
function toolActions(editor) {
  const { store, classes, objects } = editor;
  /** @param {number} direction */
  const resize = (direction) => () => store.set({ size: nextSize(store.state.size, direction) });
  return [
    ...TOOLS.map((tool) => ({
      id: tool.name,
      title: tool.title,
      hint: tool.hint,
      group: 'Tools',
      help: tool.help,
      keys: [tool.key],
      pressed: (/** @type {State} */ state) => state.tool === tool.name,
      run: () => store.set({ tool: tool.name }),
    })),
    {
      id: 'correct',
      title: 'Correct labels',
      hint: 'Correct labels: strokes and classes say what was filmed there; the picture stays as it is',
      group: 'Correct',
      help: 'on, off: strokes and classes correct labels',
      keys: ['k'],
      pressed: (state) => state.correcting,
      // What is corrected is to be seen.
      run: () => store.set(store.state.correcting ? { correcting: false } : { correcting: true, overlayOn: true }),
    },
    { id: 'smaller', title: 'Smaller brush', group: 'Tools', keys: ['['], run: resize(-1) },
    { id: 'larger', title: 'Larger brush', group: 'Tools', keys: [']'], run: resize(1) },
    {
      id: 'class',
      title: 'Class to paint with',
      group: 'Tools',
      keys: DIGITS,
      run: (key) => classes.chooseAt(Number(key) - 1),
    },
    { id: 'find', title: 'Find a class', group: 'Tools', keys: ['/'], run: () => classes.toggleFind() },
    {
      id: 'swap',
      title: 'Swap the object',
      group: 'Tools',
      keys: ['s'],
      enabled: (state) => state.picked !== null || (state.hover !== null && state.tool === 'select'),
      run: () => objects.openSwap(),
    },
    { id: 'escape', title: 'Deselect, stop a stroke', group: 'Tools', keys: ['Escape'], run: () => editor.escape() },
  ];
}

/** @param {Editor} editor
 * @returns {Action[]} */
function frameActions(editor) {
  const { store, player, session } = editor;
  /** @param {number} by */
  const step = (by) => () => {
    store.set({ playing: false });
    editor.goTo(store.state.t + by);
  };
  return [
    {
      id: 'play',
      title: 'Play, pause',
      group: 'Frames',
      keys: ['Space'],
      run: () => player.toggle(),
    },
    { id: 'back', title: 'A frame back', group: 'Frames', keys: ['ArrowLeft'], run: step(-1) },
    { id: 'forward', title: 'A frame forward', group: 'Frames', keys: ['ArrowRight'], run: step(1) },
    { id: 'back-ten', title: 'Ten frames back', group: 'Frames', keys: ['Shift+ArrowLeft'], run: step(-10) },
    { id: 'forward-ten', title: 'Ten frames forward', group: 'Frames', keys: ['Shift+ArrowRight'], run: step(10) },
    { id: 'first', title: 'First frame', group: 'Frames', keys: ['Home'], run: () => editor.goTo(0) },
    { id: 'last', title: 'Last frame', group: 'Frames', keys: ['End'], run: () => editor.goTo(Infinity) },
    {
      id: 'loop',
      title: 'Loop',
      hint: 'Start again at the end',
      pressed: (state) => state.loop,
      run: () => store.set({ loop: !store.state.loop }),
    },
    { id: 'cancel', title: 'Cancel', hint: 'Stop rendering', run: () => session.cancel() },
    { id: 'render', title: 'Go on', hint: 'Render what is missing', run: () => session.render() },
  ];
}

/** @type {Record<ViewName, [string, string]>} */
const VIEW_WORDS = {
  render: ['Result', 'The clip with your edits'],
  labels: ['Labels', 'The label map, exact pixels'],
  camera: ['Camera', 'The filmed frame'],
  wipe: ['Wipe', 'The result at the left, the unedited clip at the right: drag the line'],
  before: ['Before', 'The unedited clip, as this mode shows it (hold C to compare)'],
};

/** @type {Record<Mode, [string, string]>} */
const MODE_WORDS = {
  footage: ['Footage', 'Keep the footage: your film stays as it is wherever you change nothing'],
  rendered: ['Render all', 'Render everything: every pixel comes from the network, also where you change nothing'],
};

/** @param {Editor} editor
 * @returns {Action[]} */
function viewActions({ store }) {
  return Object.entries(VIEW_WORDS).map(([name, [title, hint]]) => {
    const view = /** @type {ViewName} */ (name);
    return {
      id: `view-${view}`,
      title,
      hint,
      enabled: (state) => view !== 'camera' || Boolean(state.server?.clip.camera),
      pressed: (state) => state.view === view,
      run: () => store.set({ view }),
    };
  });
}

/** @param {Editor} editor
 * @returns {Action[]} */
function modeActions({ session }) {
  return Object.entries(MODE_WORDS).map(([name, [title, hint]]) => {
    const mode = /** @type {Mode} */ (name);
    return {
      id: `mode-${mode}`,
      title,
      hint,
      enabled: ({ server }) => Boolean(server && !server.read_only && (mode !== 'footage' || server.clip.camera)),
      pressed: (state) => state.server?.mode === mode,
      run: () => session.switchTo(mode),
    };
  });
}

/** @param {Editor} editor
 * @returns {Action[]} */
function pictureActions(editor) {
  const { store } = editor;
  return [
    { id: 'nearer', title: 'Zoom in', group: 'Picture', keys: ['+', '='], run: () => editor.zoom(1.25) },
    { id: 'farther', title: 'Zoom out', group: 'Picture', keys: ['-'], run: () => editor.zoom(0.8) },
    { id: 'fit', title: 'Fit', group: 'Picture', keys: ['0'], run: () => editor.fit() },
    {
      id: 'labels',
      title: 'Labels on, off',
      group: 'Picture',
      keys: ['\\'],
      pressed: (state) => state.overlayOn,
      run: () => store.set({ overlayOn: store.state.kindsOn || !store.state.overlayOn, kindsOn: false }),
    },
    {
      id: 'kinds',
      title: 'What is film',
      group: 'Picture',
      help: 'tint what is not the film as it was',
      keys: ['t'],
      enabled: (state) => state.server?.mode === 'footage',
      pressed: (state) => state.kindsOn,
      run: () => store.set({ kindsOn: !store.state.kindsOn }),
    },
    {
      id: 'compare',
      title: 'Hold to compare with before',
      group: 'Picture',
      keys: ['c'],
      run: () => store.set({ comparing: true }),
      release: () => store.set({ comparing: false }),
    },
  ];
}

/** @param {Editor} editor
 * @returns {Action[]} */
function projectActions(editor) {
  const { session, help, downloads } = editor;
  const writable = (/** @type {State} */ state) => Boolean(state.server && !state.server.read_only);
  return [
    {
      id: 'undo',
      title: 'Undo',
      group: 'Project',
      keys: ['Ctrl+z'],
      enabled: (state) => writable(state) && Boolean(state.server?.can_undo),
      run: () => session.undo(),
    },
    {
      id: 'redo',
      title: 'Redo',
      group: 'Project',
      keys: ['Ctrl+Shift+z', 'Ctrl+y'],
      enabled: (state) => writable(state) && Boolean(state.server?.can_redo),
      run: () => session.redo(),
    },
    {
      id: 'learn',
      title: 'Learn this clip',
      hint: 'Learn this clip: tune the network on its own film',
      group: 'Project',
      keys: ['n'],
      run: () => editor.header.openLearning(),
    },
    { id: 'help', title: 'Help and keys', group: 'Project', help: 'this help', keys: ['?'], run: () => help.open() },
    { id: 'retry', title: 'Try again', hint: 'Save what is not saved', run: () => session.saving.retry() },
    { id: 'discard', title: 'Discard', hint: 'Give up what is not saved', run: () => session.saving.discard() },
    { id: 'claim', title: 'Try again', hint: 'See whether changes can be saved now', run: () => session.claim() },
    { id: 'steps', title: 'Show the four steps again', run: () => editor.steps.open() },
    ...downloads.actions(),
    ...editor.learn.actions(),
    ...editor.futures.actions(),
    ...editor.imports.actions(),
  ];
}

/** The list, looked up by id or by key. */
export class Actions {
  /** @param {Action[]} list
   * @param {Store} store */
  constructor(list, store) {
    this.list = list;
    this.store = store;
    /** @type {Map<string, Action>} */
    this.byKey = new Map();
    for (const action of list) {
      for (const key of action.keys ?? []) {
        if (this.byKey.has(key)) throw new Error(`${key} is the key of ${this.byKey.get(key)?.id} and ${action.id}`);
        this.byKey.set(key, action);
      }
    }
  }

  /** @param {string} id */
  get(id) {
    const action = this.list.find((one) => one.id === id);
    if (!action) throw new Error(`no action is called ${id}`);
    return action;
  }

  /** Do it, unless it can't be done now.
   * @param {Action} action
   * @param {string} [key] */
  run(action, key) {
    if (action.enabled?.(this.store.state) ?? true) action.run(key);
  }

  /** A button for an action: its words, its tooltip with the key, disabled and pressed as the action says.
   * @param {string} id
   * @param {{look?: string, role?: string, attributes?: Record<string, Attribute>}} how look: classes of the button
   * @param {...Child} content else the title */
  button(id, { look = 'sb-button', role, attributes = {} } = {}, ...content) {
    const action = this.get(id);
    const key = action.keys?.[0];
    const title = (action.hint ?? action.title) + (key && key !== 'Space' ? ` (${keyWords(key)})` : '');
    const button = h(
      'button',
      { class: look.replaceAll('.', ' '), type: 'button', role, title, 'data-action': id, ...attributes },
      ...(content.length ? content : [action.title]),
    );
    button.addEventListener('click', () => this.run(action));
    if (content.length && !button.textContent?.trim()) button.setAttribute('aria-label', action.hint ?? action.title);
    const update = () => {
      const { state } = this.store;
      button.disabled = !(action.enabled?.(state) ?? true);
      if (action.pressed) mark(button, role === 'radio' ? 'aria-checked' : 'aria-pressed', action.pressed(state));
    };
    this.store.subscribe(update);
    update();
    return button;
  }

  /** A line of a menu for an action.
   * @param {string} id
   * @param {string} note */
  line(id, note = '') {
    const action = this.get(id);
    const disabled = !(action.enabled?.(this.store.state) ?? true);
    return item(action.title, () => this.run(action), { note, disabled });
  }

  /** What the help shows: [section, [keys, words]].
   * @returns {[string, [string, string][]][]} */
  table() {
    return SECTIONS.map((section) => {
      const actions = this.list.filter((action) => action.group === section);
      const lines = actions.map((action) => /** @type {[string, string]} */ ([helpKeys(action), helpWords(action)]));
      const gestures = GESTURES.filter(([group]) => group === section);
      return [
        section,
        [...lines, ...gestures.map(([, keys, words]) => /** @type {[string, string]} */ ([keys, words]))],
      ];
    });
  }
}

/** @param {Action} action */
function helpWords({ help, title }) {
  return help ?? title.charAt(0).toLowerCase() + title.slice(1);
}

/** A row of keys by its ends, else the first: the others do the same.
 * @param {Action} action */
function helpKeys({ keys = [] }) {
  const [first = '', ...others] = keys.map(keyWords);
  return others.length > 1 ? `${first} – ${others.at(-1)}` : first;
}
