// @ts-check
// Line icons, drawn here so that the page asks for nothing.

const SVG = 'http://www.w3.org/2000/svg';

/** A 20 px line icon from a path.
 * @param {string} name */
export function icon(name) {
  const svg = document.createElementNS(SVG, 'svg');
  svg.setAttribute('viewBox', '0 0 20 20');
  svg.setAttribute('class', 'icon');
  svg.setAttribute('aria-hidden', 'true');
  for (const [d, filled] of ICONS[name] ?? []) {
    const path = document.createElementNS(SVG, 'path');
    path.setAttribute('d', d);
    path.setAttribute(filled ? 'fill' : 'stroke', 'currentColor');
    svg.append(path);
  }
  return svg;
}

/** Name: [path, filled or drawn as a line].
 * @type {Record<string, [string, boolean][]>} */
const ICONS = {
  correct: [
    ['M3 4.2v5l7.6 7.6 5-5L8 4.200z', false],
    ['M6.200 7.300h.1', false],
    ['M12.400 4.500l2.100 2.100 4-4', false],
  ],
  learn: [
    ['M10 3.8 18 7.4 10 11 2 7.4z', false],
    ['M5.2 9v4.2c1.3 1.3 2.9 2 4.8 2s3.5-.7 4.8-2V9', false],
  ],
  select: [['M5 2.5 15.5 11l-4.6.7 2.3 4.7-2 1-2.4-4.8L5.4 16z', true]],
  brush: [
    ['M17.2 2.8c.6.6.5 1.5 0 2.2L11 12.2 8 9.4l7.1-6.7c.6-.5 1.5-.5 2.1.1z', true],
    ['M6.9 10.5l2.7 2.6c0 2.7-2.2 4.2-6.6 4 1.3-.8 1.5-1.8 1.6-3.2.1-1.7 1-2.9 2.3-3.4z', true],
  ],
  eraser: [
    ['M11.5 3.3 16.7 8.5a1 1 0 0 1 0 1.4l-4.6 4.6-6.6-6.6 4.6-4.6a1 1 0 0 1 1.4 0z', true],
    ['M5.5 8.2 3.3 10.4a1 1 0 0 0 0 1.4l3.4 3.4h5', false],
    ['M9.5 16.9h7.5', false],
  ],
  fill: [
    ['M8.8 3.2 15.3 9.7 9.3 15.7a1.2 1.2 0 0 1-1.7 0L2.8 10.9a1.2 1.2 0 0 1 0-1.7z', true],
    ['M7 1.8 9 4', false],
    ['M17 11.8c1 1.5 1.5 2.4 1.5 3.1a1.5 1.5 0 0 1-3 0c0-.7.5-1.6 1.5-3.1z', true],
  ],
  lasso: [
    [
      'M10 3.5c4.2 0 7.3 2 7.3 4.7s-3.1 4.6-7.3 4.6c-1.3 0-2.5-.2-3.5-.5C4.2 11.5 2.7 10 2.7 8.2c0-2.7 3.1-4.7 7.3-4.7z',
      false,
    ],
    ['M6.5 12.3c-1.3 0-2 .8-1.7 1.7.4 1 2 .5 2 1.7 0 .8-.6 1.4-1.5 1.6', false],
  ],
  pick: [
    ['M13 2.9a2.3 2.3 0 0 1 3.3 0l.8.8a2.3 2.3 0 0 1 0 3.3l-1.9 1.9.5.5-1.3 1.3-5.1-5.1 1.3-1.3.5.5z', true],
    ['M10.3 6.8 4.2 12.9l-.9 3.8 3.8-.9 6.1-6.1', false],
  ],
  hand: [
    [
      'M6.2 10V4.8a1.1 1.1 0 0 1 2.2 0V8.5 3.3a1.1 1.1 0 0 1 2.2 0v5.2V4a1.1 1.1 0 0 1 2.2 0v5.2V6a1.1 1.1 0 0 1 2.2 0v6c0 3.2-2 5.5-5 5.5-2.6 0-3.7-1.2-5-3.6L3 10.7c-.6-1.2.9-2.3 1.9-1.2z',
      true,
    ],
  ],
  play: [['M6 3.6v12.8L16.5 10z', true]],
  pause: [['M5.5 4h3.2v12H5.5zM11.3 4h3.2v12h-3.2z', true]],
  loop: [
    ['M4 10a6 6 0 0 1 10.5-4M16 10a6 6 0 0 1-10.5 4', false],
    ['M15 2.7v3.6h-3.6M5 17.3v-3.6h3.6', false],
  ],
  slow: [
    ['M10 3.200a6.800 6.800 0 1 1 0 13.600 6.800 6.800 0 0 1 0-13.600z', false],
    ['M10 6.200V10l2.800 2', false],
  ],
  undo: [
    ['M8 4 4 8l4 4', false],
    ['M4.5 8H12a4 4 0 0 1 0 8H8', false],
  ],
  redo: [
    ['M12 4l4 4-4 4', false],
    ['M15.5 8H8a4 4 0 0 0 0 8h4', false],
  ],
  down: [['M5 7.5l5 5 5-5', false]],
  find: [['M9 3.5a5.5 5.5 0 1 1 0 11 5.5 5.5 0 0 1 0-11zM13.2 13.2 17 17', false]],
  film: [
    ['M3.5 4.500h13a1 1 0 0 1 1 1v9a1 1 0 0 1-1 1h-13a1 1 0 0 1-1-1v-9a1 1 0 0 1 1-1z', false],
    ['M6 4.500v11M14 4.500v11M2.500 8H6M2.500 12H6M14 8h3.500M14 12h3.500', false],
  ],
  pen: [['M12.500 4.500l3 3L7 16l-3.600.600L4 13z', false]],
  right: [['M4.5 10.500l3.500 3.500 7.500-8', false]],
  before: [['M12.500 5l-5 5 5 5', false]],
  after: [['M7.500 5l5 5-5 5', false]],
  close: [['M5 5l10 10M15 5 5 15', false]],
  bin: [['M4 5.5h12M8 5.500V3.500h4v2M5.500 5.500l.7 11h7.600l.7-11M8.500 8.500v5M11.500 8.500v5', false]],
};
