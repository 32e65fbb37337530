// @ts-check
// Small helpers to build and update the page. No framework: a few hundred nodes, updated where they change.

/** @typedef {Node | string | number | null | undefined | false} Child */
/**
 * @typedef {string | number | boolean | null | undefined | Record<string, string> | ((event: any) => void)} Attribute
 * A listener takes the event of its kind, which only its place knows.
 */

/** An element: h('button.tool', {onclick, ariaLabel: 'Brush', 'data-tool': 'b'}, child, 'text').
 * @template {string} Spec
 * @param {Spec} spec tag and classes
 * @param {Record<string, Attribute>} attributes
 * @param {...(Child | Child[])} children
 * @returns {ElementOf<Spec>} */
export function h(spec, attributes = {}, ...children) {
  const [tag, ...classes] = spec.split('.');
  const element = document.createElement(tag || 'div');
  if (classes.length) element.className = classes.join(' ');
  for (const [name, value] of Object.entries(attributes)) setAttribute(element, name, value);
  const present = children.flat().filter((child) => child !== null && child !== undefined && child !== false);
  element.append(...present.map((child) => (child instanceof Node ? child : String(child))));
  return /** @type {ElementOf<Spec>} */ (element);
}

/**
 * @template {string} Spec
 * @typedef {TagOf<Spec> extends keyof HTMLElementTagNameMap ? HTMLElementTagNameMap[TagOf<Spec>] : HTMLElement} ElementOf
 */
/**
 * @template {string} Spec
 * @typedef {Spec extends `${infer Tag}.${string}` ? Tag : Spec} TagOf
 */

/** @param {HTMLElement} element
 * @param {string} name
 * @param {Attribute} value */
function setAttribute(element, name, value) {
  if (value === undefined || value === null || value === false) return;
  if (typeof value === 'function') element.addEventListener(name.slice(2), value);
  else if (typeof value === 'object') {
    for (const [key, part] of Object.entries(value)) element.style.setProperty(key, part);
  } else if (/^aria[A-Z]/.test(name)) element.setAttribute(`aria-${name.slice(4).toLowerCase()}`, String(value));
  else element.setAttribute(name, value === true ? '' : String(value));
}

/** Set text only where it differs, so that readers and selections are left alone.
 * @param {Node} element
 * @param {string} text */
export function setText(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

/** Show or hide without touching the layout of others.
 * @param {HTMLElement} element
 * @param {boolean} visible */
export function show(element, visible) {
  if (element.hidden === visible) element.hidden = !visible;
}

/** Set an attribute only where it differs.
 * @param {Element} element
 * @param {string} name
 * @param {string | number | boolean} value */
export function mark(element, name, value) {
  if (element.getAttribute(name) !== String(value)) element.setAttribute(name, String(value));
}

/** Arrow keys move through a group of radio buttons, of which one is in the tab order.
 * @param {HTMLElement} container
 * @param {number} columns */
export function rovingKeys(container, columns = 1) {
  container.addEventListener('keydown', (event) => {
    const steps = { ArrowRight: 1, ArrowLeft: -1, ArrowDown: columns, ArrowUp: -columns };
    const step = steps[/** @type {keyof typeof steps} */ (event.key)];
    if (!step || !(event.target instanceof HTMLButtonElement)) return;
    const buttons = [...container.querySelectorAll('button')].filter((one) => !one.disabled && one.offsetParent);
    const next = buttons[(buttons.indexOf(event.target) + step + buttons.length) % buttons.length];
    event.preventDefault();
    event.stopPropagation();
    next?.focus();
    if (next?.getAttribute('role') === 'radio') next.click();
  });
}

/** Radio buttons in a row.
 * @param {Record<string, string>} words of each, by its name
 * @param {string} label
 * @param {(choice: string) => void} choose */
export function radioGroup(words, label, choose) {
  const buttons = Object.entries(words).map(([name, title]) =>
    h('button.sb-view', { type: 'button', role: 'radio', 'data-choice': name, onclick: () => choose(name) }, title),
  );
  const group = h('div.sb-views', { role: 'radiogroup', ariaLabel: label }, ...buttons);
  rovingKeys(group);
  return group;
}

/** Mark one of a `radioGroup`.
 * @param {HTMLElement} group
 * @param {string} choice */
export function checkRadio(group, choice) {
  for (const button of group.querySelectorAll('button')) {
    mark(button, 'aria-checked', button.dataset.choice === choice);
    button.tabIndex = button.dataset.choice === choice ? 0 : -1;
  }
}
