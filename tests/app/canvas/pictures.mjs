// Pictures drawn with letters, and numbers that are the same at each run.

/** '#' is set. */
export function mask(...rows) {
  const width = rows[0].length;
  return { width, height: rows.length, pixels: Uint8Array.from(rows.join(''), (letter) => (letter === '#' ? 1 : 0)) };
}

export function draw(pixels, width) {
  return Array.from({ length: pixels.length / width }, (_, y) =>
    Array.from(pixels.slice(y * width, (y + 1) * width), (set) => (set ? '#' : '.')).join(''),
  );
}

/** Each letter is a label (its code) and an object (ten times that). */
export function maps(...rows) {
  const labels = Uint8Array.from(rows.join(''), (letter) => letter.charCodeAt(0));
  return {
    labels,
    objects: Int32Array.from(labels, (label) => label * 10),
    width: rows[0].length,
    height: rows.length,
  };
}

export function seeded(seed) {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
}
