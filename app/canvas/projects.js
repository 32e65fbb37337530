// The menu of the header's clip: this project's name, recent projects, and clips to begin a new one of.

import { ApiError } from './api.js';
import { h } from './dom.js';
import { icon } from './icons.js';
import { closeMenu, item, toggleMenu } from './menu.js';
import { ago, clipName, countOf } from './names.js';

export class Projects {
  constructor(api, actions, store) {
    Object.assign(this, { api, actions, store });
  }

  async openMenu(anchor) {
    const now = this.store.state.server;
    if (!now) return;
    const [list, clips] = await this.lists(now.project);
    const others = list.projects.filter((entry) => entry.project !== now.project);
    toggleMenu(
      anchor,
      [
        h('p.sb-menu-title', {}, 'This project'),
        this.nameField(now),
        others.length
          ? [
              h('p.sb-menu-title', {}, 'Recent projects'),
              h('div.sb-scroll.sb-projects', {}, ...others.map((entry) => this.line(entry))),
            ]
          : null,
        list.notice ? h('p.sb-menu-title', {}, list.notice) : null,
        clips.length ? h('p.sb-menu-title', {}, 'New project of') : null,
        ...clips.map((clip) => this.clipLine(clip)),
      ]
        .flat()
        .filter(Boolean),
      { label: 'Projects' },
    );
  }

  /** Without an answer the menu still has what needs none. */
  async lists(project) {
    try {
      return await Promise.all([this.api.json(`projects?also=${project}`), this.api.json('clips')]);
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      return [{ projects: [], notice: '' }, []];
    }
  }

  nameField(now) {
    const field = h('input.sb-find', {
      type: 'text',
      maxlength: 80,
      value: now.name,
      placeholder: `Name it (clip ${clipName(now.clip.name)})`,
      ariaLabel: 'Name of this project',
      disabled: Boolean(now.read_only),
      onkeydown: (event) => {
        if (event.key === 'Enter') closeMenu();
      },
      onchange: () => this.actions.rename(field.value),
    });
    return h('div.sb-name-row', {}, field);
  }

  line(entry) {
    const title = entry.name || clipName(entry.clip);
    const facts = [
      entry.name ? clipName(entry.clip) : null,
      countOf(entry.edits, 'edit'),
      ago(Date.now() / 1000 - entry.changed),
    ]
      .filter(Boolean)
      .join(' · ');
    const picture = entry.thumb
      ? h('img', { alt: '', src: this.api.url(`projects/${entry.project}/thumb?v=${entry.changed}`) })
      : h('i');
    const open = h(
      'button.sb-item',
      {
        type: 'button',
        onclick: () => {
          closeMenu();
          this.actions.openProject(entry.project);
        },
      },
      picture,
      h('span', {}, title, h('small', {}, facts)),
    );
    const row = h('div.sb-project', {}, open);
    row.append(this.bin(row, entry, title));
    return row;
  }

  /** To the trash, after a second click. */
  bin(row, entry, title) {
    const sure = () => {
      const yes = h(
        'button.sb-button',
        { type: 'button', onclick: () => this.discard(row, entry, title) },
        'Move to trash',
      );
      const no = h(
        'button.sb-button',
        {
          type: 'button',
          onclick: () => {
            ask.remove();
            bin.hidden = false;
            bin.focus();
          },
        },
        'Keep',
      );
      const ask = h('div.sb-sure', {}, yes, no);
      bin.hidden = true;
      row.append(ask);
      no.focus();
    };
    const bin = h(
      'button.sb-bin',
      { type: 'button', ariaLabel: `Move ${title} to the trash`, title: 'Move to the trash', onclick: sure },
      icon('bin'),
    );
    return bin;
  }

  async discard(row, entry, title) {
    if (await this.actions.discardProject(entry.project, title)) row.remove();
  }

  clipLine(clip) {
    return item(clipName(clip.name), () => this.actions.openClip(clip.name), {
      note: `${countOf(clip.frames, 'frame')}, ${clip.width} × ${clip.height}`,
    });
  }
}
