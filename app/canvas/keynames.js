// @ts-check
// Names of keys: as the actions list them, and as a person reads them.

const KEY_WORDS = /** @type {Record<string, string>} */ ({
  ArrowLeft: '←',
  ArrowRight: '→',
  Escape: 'Esc',
  '-': '−',
});

/** A key as a person reads it.
 * @param {string} key as keyName() writes it */
export function keyWords(key) {
  const parts = key.length > 1 ? key.split('+') : [key];
  return parts.map((part) => KEY_WORDS[part] ?? (part.length === 1 ? part.toUpperCase() : part)).join(' ');
}

/** A key with what is held beside it: 'b', 'Shift+ArrowLeft', 'Ctrl+Shift+z', '?', 'Space'.
 * @param {Pick<KeyboardEvent, 'key' | 'ctrlKey' | 'metaKey' | 'shiftKey'>} event */
export function keyName({ key, ctrlKey, metaKey, shiftKey }) {
  const plain = key === ' ' ? 'Space' : key.length === 1 ? key.toLowerCase() : key;
  // Shift belongs to a sign such as ? already.
  const shifted = shiftKey && (key.length > 1 || plain !== plain.toUpperCase());
  return `${ctrlKey || metaKey ? 'Ctrl+' : ''}${shifted ? 'Shift+' : ''}${plain}`;
}
