// Keys of the whole page, and the table that the help shows.

import { nextSize, TOOL_KEYS } from './toolbar.js';

export const KEY_TABLE = [
  [
    'Tools',
    [
      ['V', 'select an object'],
      ['B', 'brush'],
      ['E', 'eraser: back to the clip'],
      ['G', 'fill'],
      ['L', 'lasso'],
      ['I', 'eyedropper (Alt while painting)'],
      ['H', 'hand'],
      ['[  ]', 'brush size'],
      ['Shift', 'straight line from the last stroke'],
      ['1 – 9', 'class'],
      ['/', 'find a class'],
      ['S', 'swap the object'],
      ['Esc', 'deselect, stop a stroke'],
    ],
  ],
  [
    'Frames',
    [
      ['Space', 'play, pause'],
      ['←  →', 'step'],
      ['Shift ←  →', 'ten frames'],
      ['Home  End', 'first, last frame'],
    ],
  ],
  [
    'Lanes',
    [
      ['Drag an end', 'other frames for the edit'],
      ['←  →', 'the end by a frame, Shift by ten'],
      ['Enter', 'type the frames'],
      ['Esc', 'leave it as it was'],
    ],
  ],
  [
    'Picture',
    [
      ['Wheel', 'zoom at the pointer'],
      ['+  −', 'zoom'],
      ['0', 'fit'],
      ['Space + drag', 'move (or middle button)'],
      ['\\', 'labels on, off'],
      ['C', 'hold to compare with before'],
    ],
  ],
  [
    'Project',
    [
      ['Ctrl Z', 'undo'],
      ['Ctrl Shift Z', 'redo'],
      ['?', 'this help'],
    ],
  ],
];

const typing = (target) =>
  target.closest?.('input:not([type=range]):not([type=checkbox]), textarea, select, [contenteditable=true]');

export class Keys {
  constructor(actions, store, toolbox) {
    Object.assign(this, { actions, store, toolbox });
    addEventListener('keydown', (event) => this.down(event));
    addEventListener('keyup', (event) => this.up(event));
    addEventListener('blur', () => this.release());
  }

  down(event) {
    if (event.defaultPrevented || document.querySelector('dialog[open]') || typing(event.target)) return;
    if (event.ctrlKey || event.metaKey) return this.withControl(event);
    if (event.altKey) return;
    if (event.target.closest?.('.sb-menu') && event.key !== 'Escape') return;
    if (event.key === ' ') return this.space(event);
    if (['ArrowLeft', 'ArrowRight', 'Home', 'End'].includes(event.key) && event.target.matches?.('input[type=range]'))
      return;
    const run = this.action(event);
    if (!run) return;
    event.preventDefault();
    run();
  }

  withControl(event) {
    const key = event.key.toLowerCase();
    const run =
      key === 'z' ? (event.shiftKey ? this.actions.redo : this.actions.undo) : key === 'y' ? this.actions.redo : null;
    if (!run) return;
    event.preventDefault();
    run();
  }

  /** Space plays, unless it was held to move the picture or belongs to the button that has the focus. */
  space(event) {
    if (event.target.closest?.('button, a, input')) return;
    event.preventDefault();
    if (event.repeat) return;
    this.toolbox.spaceHeld = true;
    this.toolbox.spaceUsed = false;
    this.toolbox.canvas.classList.add('grab');
  }

  up(event) {
    if (event.key === ' ' && this.toolbox.spaceHeld) {
      const used = this.toolbox.spaceUsed;
      this.release();
      if (!used) this.actions.togglePlay();
    }
    if (event.key.toLowerCase() === 'c') this.store.set({ comparing: false });
  }

  release() {
    this.toolbox.spaceHeld = false;
    this.toolbox.canvas.classList.remove('grab');
    this.store.set({ comparing: false });
  }

  /** What a key does, or null. */
  action(event) {
    const { actions, store } = this;
    const { state } = store;
    const tool = Object.keys(TOOL_KEYS).find((name) => TOOL_KEYS[name] === event.key.toUpperCase());
    if (tool && !event.shiftKey) return () => store.set({ tool });
    if (/^[1-9]$/.test(event.key)) return () => actions.chooseClass(Number(event.key) - 1);
    const stride = event.shiftKey ? 10 : 1;
    return (
      {
        ArrowLeft: () => actions.step(-stride),
        ArrowRight: () => actions.step(stride),
        Home: () => actions.goTo(0),
        End: () => actions.goTo(Infinity),
        '[': () => store.set({ size: nextSize(state.size, -1) }),
        ']': () => store.set({ size: nextSize(state.size, 1) }),
        '\\': () => store.set({ overlayOn: !state.overlayOn }),
        0: () => actions.fit(),
        '+': () => actions.zoom(1.25),
        '=': () => actions.zoom(1.25),
        '-': () => actions.zoom(0.8),
        c: () => store.set({ comparing: true }),
        s: () => actions.swap(),
        '/': () => actions.find(),
        '?': () => actions.help(),
        Escape: () => actions.escape(),
      }[event.key.length === 1 ? event.key.toLowerCase() : event.key] ?? null
    );
  }
}
