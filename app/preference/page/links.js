// @ts-check
// Who votes: the judge of the address, the one that this browser had last, or a new one.

import { randomId } from '../../canvas/api.js';

const KEPT = 'scenebrush-judge';

/** The judge whose link was opened, or null. */
export function linkedJudge() {
  return new URL(location.href).searchParams.get('judge');
}

/** The judge that began in this browser, or a new one; nothing is kept yet. */
export function likelyJudge() {
  return keptJudge() ?? randomId();
}

/** Put a judge into the address, which is their link from now on, and keep them for this browser.
 * @param {string} judge */
export function beginAs(judge) {
  const url = new URL(location.href);
  url.searchParams.set('judge', judge);
  history.replaceState(null, '', url);
  try {
    localStorage.setItem(KEPT, judge);
  } catch {
    // Some browsers keep nothing: the link does.
  }
}

function keptJudge() {
  try {
    const kept = localStorage.getItem(KEPT);
    return kept && /^[0-9a-f]{32}$/.test(kept) ? kept : null;
  } catch {
    return null;
  }
}
