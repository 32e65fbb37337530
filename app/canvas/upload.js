// @ts-check
// Files that a person drops or chooses, and their way to the server: piece by piece, from where it stopped.

import { ApiError } from './api.js';

/** @import { Api } from './api.js' */
/** @import { ChosenFile, ImportState } from './types' */

// What file managers leave in folders.
const CLUTTER = /^(\..*|Thumbs\.db|desktop\.ini)$/i;
const TRIES = 4;

/** What was chosen with a field for files or folders.
 * @param {FileList | null} list
 * @returns {ChosenFile[]} */
export function chosenFiles(list) {
  const files = [...(list ?? [])].map((file) => ({ path: file.webkitRelativePath || file.name, file }));
  return tidy(files);
}

/** What was dropped; folders with all that is in them.
 * @param {DataTransfer} data
 * @returns {Promise<ChosenFile[]>} */
export async function droppedFiles(data) {
  // Asked for at once: the list is empty as soon as the event is over.
  const items = [...data.items].map((item) => ({ entry: item.webkitGetAsEntry(), file: item.getAsFile() }));
  const found = items.map(({ entry, file }) => {
    if (entry) return filesOf(entry);
    return file ? [{ path: file.name, file }] : []; // it is no file of a disk
  });
  return tidy((await Promise.all(found)).flat());
}

/** @param {FileSystemEntry} entry
 * @returns {Promise<ChosenFile[]>} */
async function filesOf(entry) {
  const path = entry.fullPath.replace(/^\//, '');
  if (entry instanceof FileSystemFileEntry) {
    const file = await new Promise((resolve, reject) => entry.file(resolve, reject));
    return [{ path, file }];
  }
  if (!(entry instanceof FileSystemDirectoryEntry)) return [];
  const reader = entry.createReader();
  /** @type {ChosenFile[]} */
  const found = [];
  // A reader gives some at a time, and none at the end.
  for (;;) {
    /** @type {FileSystemEntry[]} */
    const some = await new Promise((resolve, reject) => reader.readEntries(resolve, reject));
    if (!some.length) return found;
    for (const one of some) found.push(...(await filesOf(one)));
  }
}

/** In the order of their names, without clutter and empty files.
 * @param {ChosenFile[]} files */
function tidy(files) {
  const kept = files.filter(({ path, file }) => file.size > 0 && !path.split('/').some((part) => CLUTTER.test(part)));
  return kept.sort((a, b) => (a.path < b.path ? -1 : 1));
}

/** One upload under way. */
export class Upload {
  /** @param {Api} api
   * @param {ChosenFile[]} files
   * @param {number} first number of the first of them among the files of the import
   * @param {number} piece bytes of one request */
  constructor(api, files, first, piece) {
    this.api = api;
    this.files = files;
    this.first = first;
    this.piece = piece;
    this.cancelled = false;
    this.began = performance.now();
    this.sent = 0;
  }

  /** Send what is not there yet. Throws `ApiError`; then it may be called again.
   * @param {ImportState} state
   * @param {(state: ImportState) => void} heard called after each piece */
  async send(state, heard) {
    this.began = performance.now();
    this.sent = 0;
    for (const [index, { file }] of this.files.entries()) {
      const number = this.first + index;
      let offset = state.files[number] ?? 0;
      while (offset < file.size && !this.cancelled) {
        const part = file.slice(offset, offset + this.piece);
        const now = await this.sendPiece(`imports/${state.id}/files/${number}/${offset}`, part);
        offset += part.size;
        this.sent += part.size;
        if (!this.cancelled) heard(now);
      }
    }
  }

  /** @param {string} path
   * @param {Blob} part
   * @returns {Promise<ImportState>} */
  async sendPiece(path, part) {
    for (let tries = 1; ; tries++) {
      try {
        return await this.api.send('PUT', path, part);
      } catch (error) {
        // Without an answer the same piece may be sent again.
        if (!(error instanceof ApiError) || error.status || tries === TRIES || this.cancelled) throw error;
        await new Promise((resolve) => setTimeout(resolve, 500 * 2 ** tries));
      }
    }
  }

  /** Seconds that it will take, null while that cannot be said.
   * @param {ImportState} state */
  secondsLeft({ size, received }) {
    const took = (performance.now() - this.began) / 1000;
    return this.sent && took > 1 ? (took / this.sent) * (size - received) : null;
  }
}
