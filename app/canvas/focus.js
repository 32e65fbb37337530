// @ts-check
// Who has the keyboard: the stage, unless a field, a menu or a button was reached with keys. After Enter or Esc in a
// field, and after a choice with the pointer, the stage has it again.

const TEXT = 'input:not([type=range]):not([type=checkbox]), textarea, [contenteditable=true]';

/** Whether letters typed there are text.
 * @param {Element} element */
export function isText(element) {
  return Boolean(element.closest(TEXT));
}

/** Whether an element takes keys of its own.
 * @param {Element} element */
export function isForm(element) {
  return isText(element) || element.matches('select, input');
}

/** Give the keyboard to the stage. */
export function focusStage() {
  /** @type {HTMLElement | null} */ (document.querySelector('.sb-canvas'))?.focus({ preventScroll: true });
}

/** Keep the keyboard where it belongs in everything inside `root`.
 * @param {HTMLElement} root */
export function returnFocus(root) {
  let byPointer = false;
  root.addEventListener(
    'pointerdown',
    () => {
      byPointer = true;
    },
    true,
  );
  root.addEventListener('keydown', (event) => {
    byPointer = false;
    const { target } = event;
    if (!(target instanceof HTMLElement) || !isForm(target)) return;
    if (event.key !== 'Enter' && event.key !== 'Escape') return;
    if (event.key === 'Escape') takeBack(target);
    // A menu closes itself, and says what comes next.
    if (target.closest('.sb-menu') || event.defaultPrevented) return;
    event.stopPropagation();
    event.preventDefault();
    target.blur(); // a field says `change` now
    focusStage();
  });
  root.addEventListener('change', ({ target }) => {
    if (byPointer && target instanceof HTMLElement && !target.closest('.sb-menu') && !isText(target)) focusStage();
  });
  root.addEventListener('click', (event) => {
    const button = event.target instanceof Element ? event.target.closest('button') : null;
    if (!byPointer || !button || button.closest('.sb-menu, dialog') || button.getAttribute('aria-haspopup')) return;
    if (document.activeElement === button || document.activeElement === document.body) focusStage();
  });
  root.addEventListener('pointerup', ({ target }) => {
    if (target instanceof HTMLInputElement && target.type === 'range') focusStage();
  });
  root.addEventListener('focusin', ({ target }) => {
    if (target instanceof HTMLInputElement && isText(target)) target.dataset.before = target.value;
  });
}

/** Escape in a field: what stood there before.
 * @param {HTMLElement} field */
function takeBack(field) {
  if (field instanceof HTMLInputElement && field.dataset.before !== undefined) field.value = field.dataset.before;
}
