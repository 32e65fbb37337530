// @ts-check
// The size of the brush, in pixels of the picture.

const SIZES = { least: 1, most: 128 };

/** The next brush size: about a sixth more or less, at least one pixel.
 * @param {number} size
 * @param {number} direction */
export function nextSize(size, direction) {
  const step = Math.max(1, Math.round(size / 6));
  return Math.min(SIZES.most, Math.max(SIZES.least, size + direction * step));
}

/** Slider 0..100 to size, finer for small brushes.
 * @param {number} value */
export function fromSlider(value) {
  return Math.round(SIZES.least + (SIZES.most - SIZES.least) * (value / 100) ** 2);
}

/** @param {number} size */
export function toSlider(size) {
  return Math.round(100 * Math.sqrt((size - SIZES.least) / (SIZES.most - SIZES.least)));
}

/** The size for the pressure of a pen, which is full at full pressure; a mouse and a finger have none.
 * @param {number} size
 * @param {{pointerType: string, pressure: number}} event */
export function pressedSize(size, { pointerType, pressure }) {
  return pointerType === 'pen' ? Math.max(1, Math.round(size * pressure)) : size;
}
