// @ts-check
// Popovers: a menu or a small form beside the button that opened it. One at a time; Escape gives the focus back.

import { h } from './dom.js';
import { focusStage } from './focus.js';

/** @import { Child } from './dom.js' */
/**
 * @typedef {{box: HTMLElement, anchor: HTMLElement, keep: Element, before: Element | null, pointer: boolean,
 *   onClose?: () => void}} OpenMenu before: what had the keyboard
 */

/** @type {OpenMenu | null} */
let open = null;
// Who works with the pointer gets the keys of the stage back, who works with keys what had them before.
let byPointer = false;

/** Close the popover that is open. Returns whether there was one.
 * @param {'back' | 'stage' | 'nowhere'} focus where the keyboard goes: to what had it before, the stage, or nowhere */
export function closeMenu(focus = 'back') {
  if (!open) return false;
  const { box, anchor, before, onClose, pointer } = open;
  open = null;
  box.remove();
  anchor.setAttribute('aria-expanded', 'false');
  onClose?.();
  if (focus === 'stage' || (focus === 'back' && pointer)) focusStage();
  else if (focus === 'back') (before instanceof HTMLElement ? before : anchor).focus({ preventScroll: true });
  return true;
}

/** Open `content` beside `anchor`; a second click on the anchor closes it, a click outside of it and of `keep` too.
 * @param {HTMLElement} anchor
 * @param {Child[] | HTMLElement} content
 * @param {{label: string, side?: 'below' | 'above', onClose?: () => void, keep?: Element}} how */
export function toggleMenu(anchor, content, { label, side = 'below', onClose, keep = anchor }) {
  const same = open?.anchor === anchor;
  closeMenu('nowhere');
  if (same) return anchor.focus({ preventScroll: true });
  const before = document.activeElement;
  const box = h('div.sb-menu', { role: 'dialog', ariaLabel: label }, ...[content].flat());
  anchor.closest('.sb')?.append(box);
  place(box, anchor.getBoundingClientRect(), side);
  anchor.setAttribute('aria-expanded', 'true');
  open = { box, anchor, onClose, keep, before, pointer: byPointer };
  box.addEventListener('keydown', (event) => moveFocus(box, event));
  focusables(box)[0]?.focus({ preventScroll: true });
}

/** @param {HTMLElement} box
 * @param {DOMRect} at
 * @param {'below' | 'above'} side */
function place(box, at, side) {
  const { offsetWidth: width, offsetHeight: height } = box;
  const flush = at.left + width > innerWidth - 8 ? at.right - width : at.left;
  const above = (side === 'above' || at.bottom + height + 6 > innerHeight) && at.top - height - 6 > 0;
  const below = Math.min(at.bottom + 6, innerHeight - height - 8);
  const covers = !above && below < at.bottom;
  // Where there is room neither below nor above it stands beside its button.
  const beside = at.left - width - 6 < 8 ? at.right + 6 : at.left - width - 6;
  const left = Math.min(Math.max(8, covers ? beside : flush), innerWidth - width - 8);
  box.style.left = `${Math.max(8, left)}px`;
  // What grows or shrinks stays at its button.
  if (above) box.style.bottom = `${innerHeight - at.top + 6}px`;
  else box.style.top = `${Math.max(8, below)}px`;
}

/** @param {HTMLElement} box
 * @returns {HTMLElement[]} */
function focusables(box) {
  const found = box.querySelectorAll('button:not([disabled]), a[href], input:not([disabled]), select');
  return [...found].filter((element) => element instanceof HTMLElement).filter((element) => element.offsetParent);
}

/** @param {HTMLElement} box
 * @param {KeyboardEvent} event */
function moveFocus(box, event) {
  const { target } = event;
  if (event.key === 'Escape') {
    event.stopPropagation();
    closeMenu();
    return;
  }
  if (event.key === 'Enter' && target instanceof HTMLInputElement) {
    event.stopPropagation();
    if (event.defaultPrevented) return;
    target.blur(); // a field says `change` now
    closeMenu('stage');
    return;
  }
  const step = event.key === 'ArrowDown' ? 1 : event.key === 'ArrowUp' ? -1 : 0;
  const number = target instanceof HTMLInputElement && target.type === 'number';
  if (!step || number || target instanceof HTMLSelectElement) return;
  event.preventDefault();
  event.stopPropagation();
  const all = focusables(box);
  const { activeElement } = document;
  const at = activeElement instanceof HTMLElement ? all.indexOf(activeElement) : -1;
  all[(at + step + all.length) % all.length]?.focus();
}

/** Lines of a menu; every line of a menu stands in one.
 * @param {string} label
 * @param {...Child} lines */
export function lines(label, ...lines) {
  return h('div.sb-lines', { role: 'menu', ariaLabel: label }, ...lines);
}

/** A line of a menu. checked: of those of which one is chosen.
 * @param {string} text
 * @param {() => void} run
 * @param {{note?: string, checked?: boolean, disabled?: boolean}} how */
export function item(text, run, { note = '', checked, disabled } = {}) {
  const attributes = {
    type: 'button',
    role: checked === undefined ? 'menuitem' : 'menuitemradio',
    ariaChecked: checked === undefined ? null : String(checked),
    disabled,
    onclick: () => {
      closeMenu();
      run();
    },
  };
  return h('button.sb-item', attributes, h('span', {}, text), note ? h('small', {}, note) : null);
}

addEventListener(
  'keydown',
  () => {
    byPointer = false;
  },
  true,
);
addEventListener(
  'pointerdown',
  ({ target }) => {
    byPointer = true;
    if (!open || !(target instanceof Node)) return;
    if (![open.box, open.anchor, open.keep].some((part) => part.contains(target))) closeMenu('nowhere');
  },
  true,
);
