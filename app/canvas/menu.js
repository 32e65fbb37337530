// Popovers: a menu or a small form beside the button that opened it. One at a time; Escape gives the focus back.

import { h } from './dom.js';

let open = null;
// Who works with the pointer gets the keys of the stage back, who works with keys the button.
let byPointer = false;

/** Close the popover that is open. Returns whether there was one. */
export function closeMenu(giveFocusBack = true) {
  if (!open) return false;
  const { box, anchor, onClose, pointer } = open;
  open = null;
  box.remove();
  anchor.setAttribute('aria-expanded', 'false');
  onClose?.();
  const heir = pointer ? document.querySelector('.sb-canvas') : anchor;
  if (giveFocusBack) heir?.focus({ preventScroll: true });
  return true;
}

/** Open `content` beside `anchor`; a second click on the anchor closes it, a click outside of it and of `keep` too. */
export function toggleMenu(anchor, content, { label, side = 'below', onClose, keep = anchor } = {}) {
  const same = open?.anchor === anchor;
  closeMenu(false);
  if (same) return anchor.focus({ preventScroll: true });
  const box = h('div.sb-menu', { role: 'dialog', ariaLabel: label }, content);
  anchor.closest('.sb').append(box);
  place(box, anchor.getBoundingClientRect(), side);
  anchor.setAttribute('aria-expanded', 'true');
  open = { box, anchor, onClose, keep, pointer: byPointer };
  box.addEventListener('keydown', (event) => moveFocus(box, event));
  focusables(box)[0]?.focus({ preventScroll: true });
}

function place(box, at, side) {
  const { offsetWidth: width, offsetHeight: height } = box;
  const left = Math.min(
    Math.max(8, at.right - width > 8 && at.left + width > innerWidth - 8 ? at.right - width : at.left),
    innerWidth - width - 8,
  );
  const above = side === 'above' || at.bottom + height + 6 > innerHeight;
  const top =
    above && at.top - height - 6 > 0 ? at.top - height - 6 : Math.min(at.bottom + 6, innerHeight - height - 8);
  box.style.left = `${Math.max(8, left)}px`;
  box.style.top = `${Math.max(8, top)}px`;
}

const focusables = (box) => [...box.querySelectorAll('button:not([disabled]), a[href], input, select')];

function moveFocus(box, event) {
  if (event.key === 'Escape') {
    event.stopPropagation();
    return closeMenu();
  }
  const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
  if (!step || ['INPUT', 'SELECT'].includes(event.target.tagName)) return;
  event.preventDefault();
  event.stopPropagation();
  const all = focusables(box);
  all[(all.indexOf(document.activeElement) + step + all.length) % all.length]?.focus();
}

/** A line of a menu. */
export function item(text, run, { note = '', checked, disabled } = {}) {
  const role = checked === undefined ? 'menuitem' : 'menuitemradio';
  return h(
    'button.sb-item',
    {
      type: 'button',
      role,
      ariaChecked: checked === undefined ? null : String(checked),
      disabled,
      onclick: () => {
        closeMenu();
        run();
      },
    },
    h('span', {}, text),
    note ? h('small', {}, note) : null,
  );
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
  (event) => {
    byPointer = true;
    if (open && ![open.box, open.anchor, open.keep].some((part) => part.contains(event.target))) closeMenu(false);
  },
  true,
);
