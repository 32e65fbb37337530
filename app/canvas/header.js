// The bar at the top: clip, saved or not, views, undo and redo, downloads, help.

import { h, rovingKeys, setText, show } from './dom.js';
import { icon } from './icons.js';
import { clipName } from './names.js';

const VIEW_NAMES = { render: 'Render', labels: 'Labels', camera: 'Camera', wipe: 'Wipe', before: 'Before' };
const VIEW_HINTS = {
  render: 'The rendered clip',
  labels: 'The label map, exact pixels',
  camera: 'The filmed frame',
  wipe: 'Render beside the render of the unedited clip: drag the line',
  before: 'The render of the unedited clip (hold C to compare)',
};

export class Header {
  constructor(actions, store) {
    Object.assign(this, { actions, store });
    this.clip = h('button.sb-quiet', {
      type: 'button',
      ariaHaspopup: 'menu',
      ariaExpanded: 'false',
      title: 'Projects and clips',
      onclick: () => actions.openProjects(this.clip),
    });
    this.saved = h('span.sb-saved', { role: 'status' });
    this.views = h(
      'div.sb-views',
      { role: 'radiogroup', ariaLabel: 'What is shown' },
      ...Object.keys(VIEW_NAMES).map((view) => this.viewButton(view)),
    );
    this.undo = h(
      'button.sb-button',
      { type: 'button', title: 'Undo (Ctrl+Z)', onclick: () => actions.undo() },
      icon('undo'),
      h('span', {}, 'Undo'),
    );
    this.redo = h(
      'button.sb-button',
      { type: 'button', title: 'Redo (Ctrl+Shift+Z)', onclick: () => actions.redo() },
      icon('redo'),
      h('span', {}, 'Redo'),
    );
    this.download = h(
      'button.sb-button.primary',
      {
        type: 'button',
        ariaHaspopup: 'menu',
        ariaExpanded: 'false',
        onclick: () => actions.openDownloads(this.download),
      },
      'Download',
      icon('down'),
    );
    this.help = h(
      'button.sb-button.square',
      { type: 'button', ariaLabel: 'Help and keys', title: 'Help and keys (?)', onclick: () => actions.help() },
      '?',
    );
    this.element = h(
      'header.sb-header',
      {},
      h(
        'div.sb-start',
        {},
        h('span.sb-logo', { ariaHidden: 'true' }),
        h('h1', {}, 'Scenebrush'),
        this.clip,
        this.saved,
      ),
      this.views,
      h('div.sb-end', {}, this.undo, this.redo, this.download, this.help),
    );
    rovingKeys(this.views);
    store.subscribe((state) => this.update(state));
  }

  viewButton(view) {
    return h(
      'button',
      {
        type: 'button',
        role: 'radio',
        'data-view': view,
        title: VIEW_HINTS[view],
        onclick: () => this.actions.show(view),
      },
      VIEW_NAMES[view],
    );
  }

  update(state) {
    const server = state.server;
    if (!server) return;
    const title = server.name || clipName(server.clip.name);
    if (this.title !== title) {
      this.title = title;
      this.clip.replaceChildren(h('span', {}, title), icon('down'));
    }
    this.undo.disabled = !server.can_undo || Boolean(server.read_only);
    this.redo.disabled = !server.can_redo || Boolean(server.read_only);
    this.updateSaved(state);
    for (const button of this.views.children) {
      const on = button.dataset.view === state.view;
      button.setAttribute('aria-checked', String(on));
      button.tabIndex = on ? 0 : -1;
      if (button.dataset.view === 'camera') button.disabled = !server.clip.camera;
    }
  }

  updateSaved(state) {
    const quiet = !state.online ? 'offline' : state.server.read_only ? 'looking' : 'saved';
    const kind = state.saving === 'saved' ? quiet : state.saving;
    if (this.savedKind === kind) return;
    this.savedKind = kind;
    const text = { saved: 'Saved', saving: 'Saving…', unsaved: 'Not saved', offline: 'Offline', looking: 'Read only' }[
      kind
    ];
    const buttons =
      kind === 'unsaved'
        ? [
            h('button.sb-link', { type: 'button', onclick: () => this.actions.retry() }, 'Try again'),
            h('button.sb-link', { type: 'button', onclick: () => this.actions.discard() }, 'Discard'),
          ]
        : [];
    this.saved.dataset.kind = kind;
    this.saved.replaceChildren(h('i', { ariaHidden: 'true' }), text, ...buttons);
  }
}

/** Messages at the bottom of the stage; they go away by themselves, errors after a longer time. */
export class Messages {
  constructor(store) {
    this.element = h('div.sb-message', { role: 'alert', hidden: true });
    store.subscribe((state, names) => {
      if (!names.has('message')) return;
      clearTimeout(this.timer);
      show(this.element, Boolean(state.message));
      if (!state.message) return;
      this.element.dataset.kind = state.message.kind;
      setText(this.element, state.message.text);
      const stays = { error: 9000, info: 4500 }[state.message.kind]; // what is under way says itself when it is over
      if (stays) this.timer = setTimeout(() => store.set({ message: null }), stays);
    });
  }
}
