// @ts-check
// Keys of the whole page: each is looked up in the list of actions.

import { isForm, isText } from './focus.js';
import { keyName } from './keynames.js';

/** @import { Action } from './types' */
/** @import { Actions } from './actions.js' */
/** @import { Toolbox } from './tools.js' */

export class Keys {
  /** @param {Actions} actions
   * @param {Toolbox} toolbox */
  constructor(actions, toolbox) {
    this.actions = actions;
    this.toolbox = toolbox;
    /** Actions that last while their key is down.
     * @type {Map<string, Action>} */
    this.held = new Map();
    addEventListener('keydown', (event) => this.down(event));
    addEventListener('keyup', (event) => this.up(event));
    addEventListener('blur', () => this.release());
  }

  /** @param {KeyboardEvent} event */
  down(event) {
    if (event.defaultPrevented || document.querySelector('dialog[open]') || event.altKey) return;
    const name = keyName(event);
    if (!this.isOurs(event, name)) return;
    if (name === 'Space') return this.space(event);
    const action = this.actions.byKey.get(name);
    if (!action) return;
    event.preventDefault();
    if (action.release) this.held.set(event.key.toLowerCase(), action);
    this.actions.run(action, name);
  }

  /** Whether a key belongs to the page and not to what has the focus.
   * @param {KeyboardEvent} event
   * @param {string} name */
  isOurs({ target }, name) {
    if (!(target instanceof Element)) return true;
    if (isText(target)) return false;
    if (name.startsWith('Ctrl+')) return true;
    if (isForm(target) && (!target.matches('input') || /^(Arrow|Home|End|Page|Space)/.test(name))) return false;
    return !target.closest('.sb-menu') || name === 'Escape';
  }

  /** Space plays, unless it was held to move the picture or belongs to the button that has the focus.
   * @param {KeyboardEvent} event */
  space(event) {
    if (event.target instanceof Element && event.target.closest('button, a, input')) return;
    event.preventDefault();
    if (!event.repeat) this.toolbox.holdSpace();
  }

  /** @param {KeyboardEvent} event */
  up(event) {
    if (event.key === ' ' && this.toolbox.spaceHeld && !this.toolbox.letSpaceGo()) {
      this.actions.run(this.actions.get('play'));
    }
    const key = event.key.toLowerCase();
    this.held.get(key)?.release?.();
    this.held.delete(key);
  }

  release() {
    this.toolbox.letSpaceGo();
    for (const action of this.held.values()) action.release?.();
    this.held.clear();
  }
}
