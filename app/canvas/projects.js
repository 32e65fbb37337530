// @ts-check
// The menu of the header's clip: this project's name, recent projects, and clips to begin a new one of.

import { ApiError } from './api.js';
import { h } from './dom.js';
import { icon } from './icons.js';
import { closeMenu, item, lines, toggleMenu } from './menu.js';
import { ago, clipName, countOf } from './names.js';

/** @import { Api } from './api.js' */
/** @import { Session } from './session.js' */
/** @import { Store } from './store.js' */
/** @import { ClipEntry, Commands, ProjectEntry, ProjectList, ServerState } from './types' */

export class Projects {
  /** @param {Api} api
   * @param {Session} session
   * @param {Commands} commands
   * @param {Store} store */
  constructor(api, session, commands, store) {
    this.api = api;
    this.session = session;
    this.commands = commands;
    this.store = store;
  }

  /** @param {HTMLElement} anchor */
  async openMenu(anchor) {
    const now = this.store.state.server;
    if (!now) return;
    const [list, clips] = await this.lists(now.project);
    const others = list.projects.filter((entry) => entry.project !== now.project);
    const title = (/** @type {string} */ words) => h('p.sb-menu-title', {}, words);
    const recent = h('div.sb-scroll.sb-projects', {}, ...others.map((entry) => this.line(entry)));
    const fresh = lines('New project of', ...clips.map((clip) => this.clipLine(clip)));
    const content = [title('This project'), this.nameField(now)];
    if (others.length) content.push(title('Recent projects'), recent);
    if (list.notice) content.push(h('p.sb-menu-title', {}, list.notice));
    if (clips.length) content.push(title('New project of'), fresh);
    toggleMenu(anchor, content, { label: 'Projects' });
  }

  /** Without an answer the menu still has what needs none.
   * @param {string} project
   * @returns {Promise<[ProjectList, ClipEntry[]]>} */
  async lists(project) {
    try {
      return await Promise.all([this.api.json(`projects?also=${project}`), this.api.json('clips')]);
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      return [{ projects: [], notice: '', last: null }, []];
    }
  }

  /** @param {ServerState} now */
  nameField(now) {
    const field = h('input.sb-find', {
      type: 'text',
      maxlength: 80,
      value: now.name,
      placeholder: `Name it (clip ${clipName(now.clip.name)})`,
      ariaLabel: 'Name of this project',
      disabled: Boolean(now.read_only),
      onchange: () => this.session.rename(field.value),
    });
    return h('div.sb-name-row', {}, field);
  }

  /** @param {ProjectEntry} entry */
  line(entry) {
    const title = entry.name || clipName(entry.clip);
    const changed = ago(Date.now() / 1000 - entry.changed);
    const facts = [entry.name ? clipName(entry.clip) : null, countOf(entry.edits, 'edit'), changed];
    const src = this.api.url(`projects/${entry.project}/thumb?v=${entry.changed}`);
    const picture = entry.thumb ? h('img', { alt: '', src }) : h('i');
    const words = h('span', {}, title, h('small', {}, facts.filter(Boolean).join(' · ')));
    const open = () => {
      closeMenu();
      this.commands.openProject(entry.project);
    };
    const row = h('div.sb-project', {}, h('button.sb-item', { type: 'button', onclick: open }, picture, words));
    row.append(this.bin(row, entry, title));
    return row;
  }

  /** To the trash, after a second click.
   * @param {HTMLElement} row
   * @param {ProjectEntry} entry
   * @param {string} title */
  bin(row, entry, title) {
    const sure = () => {
      const keep = () => {
        ask.remove();
        bin.hidden = false;
        bin.focus();
      };
      const discard = () => this.discard(row, entry, title);
      const no = h('button.sb-button', { type: 'button', onclick: keep }, 'Keep');
      const ask = h(
        'div.sb-sure',
        {},
        h('button.sb-button', { type: 'button', onclick: discard }, 'Move to trash'),
        no,
      );
      bin.hidden = true;
      row.append(ask);
      no.focus();
    };
    const label = `Move ${title} to the trash`;
    const attributes = { type: 'button', ariaLabel: label, title: 'Move to the trash', onclick: sure };
    const bin = h('button.sb-bin', attributes, icon('bin'));
    return bin;
  }

  /** @param {HTMLElement} row
   * @param {ProjectEntry} entry
   * @param {string} title */
  async discard(row, entry, title) {
    if (await this.commands.discardProject(entry.project, title)) row.remove();
  }

  /** @param {ClipEntry} clip */
  clipLine(clip) {
    const note = `${countOf(clip.frames, 'frame')}, ${clip.width} × ${clip.height}`;
    return item(clipName(clip.name), () => this.commands.openClip(clip.name), { note });
  }
}
