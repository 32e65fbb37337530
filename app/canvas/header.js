// @ts-check
// The bar at the top: clip, saved or not, views, undo and redo, downloads, help.

import { h, rovingKeys, setText, show } from './dom.js';
import { icon } from './icons.js';
import { importWords } from './imports.js';
import { learnWords } from './learn.js';
import { clipName } from './names.js';
import { MODES, VIEWS } from './store.js';

/** @import { Actions } from './actions.js' */
/** @import { Downloads } from './downloads.js' */
/** @import { Imports } from './imports.js' */
/** @import { LearnPanel } from './learn.js' */
/** @import { Projects } from './projects.js' */
/** @import { Store } from './store.js' */
/** @import { OpenState } from './types' */

const SAVED_WORDS = {
  saved: 'Saved',
  saving: 'Saving…',
  unsaved: 'Not saved',
  offline: 'Offline',
  looking: 'Read only',
};

export class Header {
  /** @param {Actions} actions
   * @param {Store} store
   * @param {Projects} projects
   * @param {Downloads} downloads
   * @param {LearnPanel} learn
   * @param {Imports} imports */
  constructor(actions, store, projects, downloads, learn, imports) {
    this.importWord = h('span');
    const open = { type: 'button', title: 'Your own clip', hidden: true, onclick: () => imports.open() };
    this.importButton = h('button.sb-button.sb-import-button', open, icon('film'), this.importWord);
    this.learn = learn;
    this.learnWord = h('small');
    const popover = { ariaHaspopup: 'dialog', ariaExpanded: 'false' };
    const look = 'sb-button.square.sb-learn-button';
    this.learnButton = actions.button('learn', { look, attributes: popover }, icon('learn'), this.learnWord);
    this.clip = this.clipButton(projects);
    this.title = '';
    this.savedKind = '';
    this.saved = h('span.sb-saved', { role: 'status' });
    this.unsaved = [actions.button('retry', { look: 'sb-link' }), actions.button('discard', { look: 'sb-link' })];
    this.views = viewButtons(actions);
    this.modes = modeButtons(actions);
    this.download = this.downloadButton(downloads);
    const logo = h('span.sb-logo', { ariaHidden: 'true' });
    this.element = h(
      'header.sb-header',
      {},
      h('div.sb-start', {}, logo, h('h1', {}, 'Scenebrush'), this.clip, this.saved, this.importButton),
      h('div.sb-middle', {}, this.views, this.modes),
      h(
        'div.sb-end',
        {},
        actions.button('undo', {}, icon('undo'), h('span', {}, 'Undo')),
        actions.button('redo', {}, icon('redo'), h('span', {}, 'Redo')),
        this.learnButton,
        this.download,
        actions.button('help', { look: 'sb-button.square', attributes: { ariaLabel: 'Help and keys' } }, '?'),
      ),
    );
    store.subscribeOpen((state) => this.update(state));
  }

  /** @param {Projects} projects
   * @returns {HTMLButtonElement} */
  clipButton(projects) {
    return h('button.sb-quiet', {
      type: 'button',
      ariaHaspopup: 'dialog',
      ariaExpanded: 'false',
      title: 'Projects and clips',
      onclick: () => projects.openMenu(this.clip),
    });
  }

  /** @param {Downloads} downloads
   * @returns {HTMLButtonElement} */
  downloadButton(downloads) {
    return h(
      'button.sb-button.primary',
      {
        type: 'button',
        ariaHaspopup: 'dialog',
        ariaExpanded: 'false',
        onclick: () => downloads.openMenu(this.download),
      },
      'Download',
      icon('down'),
    );
  }

  openLearning() {
    this.learn.openMenu(this.learnButton);
  }

  /** @param {OpenState} state */
  update(state) {
    const { server } = state;
    setText(this.learnWord, learnWords(state.learning));
    const importing = importWords(state.importing);
    setText(this.importWord, importing);
    show(this.importButton, Boolean(importing));
    const title = server.name || clipName(server.clip.name);
    if (this.title !== title) {
      this.title = title;
      this.clip.replaceChildren(h('span', {}, title), icon('down'));
    }
    this.updateSaved(state);
    for (const button of this.views.querySelectorAll('button')) {
      button.tabIndex = button.dataset.view === state.view ? 0 : -1;
    }
    for (const button of this.modes.querySelectorAll('button')) {
      button.tabIndex = button.dataset.mode === server.mode ? 0 : -1;
    }
  }

  /** @param {OpenState} state */
  updateSaved(state) {
    const quiet = !state.online ? 'offline' : state.server.read_only ? 'looking' : 'saved';
    const kind = state.saving === 'saved' ? quiet : state.saving;
    if (this.savedKind === kind) return;
    this.savedKind = kind;
    this.saved.dataset.kind = kind;
    const buttons = kind === 'unsaved' ? this.unsaved : [];
    this.saved.replaceChildren(h('i', { ariaHidden: 'true' }), SAVED_WORDS[kind], ...buttons);
  }
}

/** One button for every view, as a radio group.
 * @param {Actions} actions */
function viewButtons(actions) {
  const buttons = VIEWS.map((view) =>
    actions.button(`view-${view}`, { look: 'sb-view', role: 'radio', attributes: { 'data-view': view } }),
  );
  const views = h('div.sb-views', { role: 'radiogroup', ariaLabel: 'What is shown' }, ...buttons);
  rovingKeys(views);
  return views;
}

/** Whether the footage is kept, as a radio group.
 * @param {Actions} actions */
function modeButtons(actions) {
  const buttons = MODES.map((mode) =>
    actions.button(`mode-${mode}`, { look: 'sb-view', role: 'radio', attributes: { 'data-mode': mode } }),
  );
  const modes = h('div.sb-views.sb-modes', { role: 'radiogroup', ariaLabel: 'What is rendered' }, ...buttons);
  rovingKeys(modes);
  return modes;
}

// What is under way says itself when it is over.
const STAYS_MS = { error: 9000, info: 4500, busy: null };

/** Messages at the bottom of the stage; they go away by themselves, errors after a longer time. */
export class Messages {
  /** @param {Store} store */
  constructor(store) {
    this.element = h('div.sb-message', { role: 'alert', hidden: true });
    store.subscribe((state, names) => {
      if (!names.has('message')) return;
      clearTimeout(this.timer);
      show(this.element, Boolean(state.message));
      if (!state.message) return;
      this.element.dataset.kind = state.message.kind;
      setText(this.element, state.message.text);
      const stays = STAYS_MS[state.message.kind];
      if (stays) this.timer = setTimeout(() => store.set({ message: null }), stays);
    });
    /** @type {ReturnType<typeof setTimeout> | undefined} */
    this.timer = undefined;
  }
}
