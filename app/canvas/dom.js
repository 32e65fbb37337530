// Small helpers to build and update the page. No framework: a few hundred nodes, updated where they change.

/** An element: h('button.tool', {onclick, ariaLabel: 'Brush', 'data-tool': 'b'}, child, 'text'). */
export function h(spec, attributes = {}, ...children) {
  const [tag, ...classes] = spec.split('.');
  const element = document.createElement(tag || 'div');
  if (classes.length) element.className = classes.join(' ');
  for (const [name, value] of Object.entries(attributes)) {
    if (value === undefined || value === null || value === false) continue;
    if (name.startsWith('on')) element.addEventListener(name.slice(2), value);
    else if (name === 'style') for (const [key, part] of Object.entries(value)) element.style.setProperty(key, part);
    else if (/^aria[A-Z]/.test(name)) element.setAttribute(`aria-${name.slice(4).toLowerCase()}`, value);
    else element.setAttribute(name, value === true ? '' : value);
  }
  element.append(...children.flat().filter((child) => child !== null && child !== undefined && child !== false));
  return element;
}

/** Set text only where it differs, so that readers and selections are left alone. */
export function setText(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

/** Show or hide without touching the layout of others. */
export function show(element, visible) {
  if (element.hidden === visible) element.hidden = !visible;
}

/** Arrow keys move through a group of radio buttons, of which one is in the tab order. */
export function rovingKeys(container, columns = 1) {
  container.addEventListener('keydown', (event) => {
    const step = { ArrowRight: 1, ArrowLeft: -1, ArrowDown: columns, ArrowUp: -columns }[event.key];
    if (!step || event.target.tagName !== 'BUTTON') return;
    const buttons = [...container.querySelectorAll('button:not([disabled])')].filter((button) => button.offsetParent);
    const next = buttons[(buttons.indexOf(event.target) + step + buttons.length) % buttons.length];
    event.preventDefault();
    event.stopPropagation();
    next?.focus();
    if (next?.getAttribute('role') === 'radio') next.click();
  });
}
