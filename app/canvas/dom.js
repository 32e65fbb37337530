// Small helpers to build and update the page. No framework: a few hundred nodes, updated where they change.

/** An element: h('button.tool', {onclick, ariaLabel: 'Brush', 'data-tool': 'b'}, child, 'text'). */
export function h(spec, attributes = {}, ...children) {
  const [tag, ...classes] = spec.split('.');
  const element = document.createElement(tag || 'div');
  if (classes.length) element.className = classes.join(' ');
  for (const [name, value] of Object.entries(attributes)) {
    if (value === undefined || value === null || value === false) continue;
    if (name.startsWith('on')) element.addEventListener(name.slice(2), value);
    else if (name === 'style') Object.entries(value).forEach(([key, v]) => element.style.setProperty(key, v));
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

const SVG = 'http://www.w3.org/2000/svg';

/** A 20 px line icon from a path. */
export function icon(name) {
  const svg = document.createElementNS(SVG, 'svg');
  svg.setAttribute('viewBox', '0 0 20 20');
  svg.setAttribute('class', 'icon');
  svg.setAttribute('aria-hidden', 'true');
  for (const [d, filled] of ICONS[name]) {
    const path = document.createElementNS(SVG, 'path');
    path.setAttribute('d', d);
    path.setAttribute(filled ? 'fill' : 'stroke', 'currentColor');
    svg.append(path);
  }
  return svg;
}

const ICONS = {
  select: [['M5 2.5 15.5 11l-4.6.7 2.3 4.7-2 1-2.4-4.8L5.4 16z', true]],
  brush: [['M17.2 2.8c.6.6.5 1.5 0 2.2L11 12.2 8 9.4l7.100-6.700c.6-.5 1.500-.5 2.100.1z', true], ['M6.900 10.500l2.700 2.600c0 2.700-2.200 4.200-6.600 4 1.300-.8 1.500-1.800 1.600-3.200.1-1.700 1-2.900 2.300-3.400z', true]],
  eraser: [['M11.500 3.300 16.700 8.500a1 1 0 0 1 0 1.400l-4.600 4.600-6.600-6.600 4.600-4.600a1 1 0 0 1 1.400 0z', true], ['M5.500 8.200 3.300 10.400a1 1 0 0 0 0 1.400l3.400 3.400h5', false], ['M9.500 16.900h7.500', false]],
  fill: [['M8.800 3.200 15.300 9.700 9.300 15.700a1.200 1.200 0 0 1-1.700 0L2.800 10.900a1.200 1.200 0 0 1 0-1.700z', true], ['M7 1.800 9 4', false], ['M17 11.800c1 1.500 1.500 2.400 1.500 3.100a1.500 1.500 0 0 1-3 0c0-.7.500-1.600 1.500-3.100z', true]],
  lasso: [['M10 3.500c4.200 0 7.300 2 7.300 4.700s-3.100 4.600-7.300 4.600c-1.300 0-2.500-.2-3.500-.5C4.200 11.500 2.700 10 2.700 8.200c0-2.700 3.100-4.700 7.300-4.700z', false], ['M6.500 12.300c-1.300 0-2 .8-1.700 1.700.4 1 2 .5 2 1.700 0 .8-.6 1.400-1.500 1.600', false]],
  pick: [['M13 2.900a2.300 2.300 0 0 1 3.300 0l.8.8a2.300 2.300 0 0 1 0 3.300l-1.900 1.900.5.500-1.300 1.300-5.100-5.100 1.300-1.300.5.500z', true], ['M10.300 6.800 4.200 12.900l-.9 3.800 3.800-.9 6.100-6.100', false]],
  hand: [['M6.200 10V4.800a1.100 1.100 0 0 1 2.200 0V8.500 3.300a1.100 1.100 0 0 1 2.200 0v5.200V4a1.100 1.100 0 0 1 2.200 0v5.200V6a1.100 1.100 0 0 1 2.200 0v6c0 3.200-2 5.500-5 5.500-2.600 0-3.700-1.200-5-3.600L3 10.700c-.6-1.200.9-2.300 1.900-1.200z', true]],
  play: [['M6 3.600v12.800L16.500 10z', true]],
  pause: [['M5.500 4h3.200v12H5.500zM11.300 4h3.200v12h-3.200z', true]],
  loop: [['M4 10a6 6 0 0 1 10.500-4M16 10a6 6 0 0 1-10.500 4', false], ['M15 2.700v3.600h-3.600M5 17.300v-3.600h3.600', false]],
  undo: [['M8 4 4 8l4 4', false], ['M4.500 8H12a4 4 0 0 1 0 8H8', false]],
  redo: [['M12 4l4 4-4 4', false], ['M15.500 8H8a4 4 0 0 0 0 8h4', false]],
  down: [['M5 7.500l5 5 5-5', false]],
  find: [['M9 3.500a5.500 5.500 0 1 1 0 11 5.500 5.500 0 0 1 0-11zM13.200 13.200 17 17', false]],
  close: [['M5 5l10 10M15 5 5 15', false]],
  shuffle: [['M3 6h2.500c4.500 0 4.500 8 9 8H17M3 14h2.500c1.600 0 2.600-1 3.400-2.300M11.100 8.300C11.900 7 12.900 6 14.500 6H17', false], ['M15 3.800 17.300 6 15 8.200M15 11.800l2.300 2.200-2.300 2.200', false]],
};

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
