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
    const own = clips.filter((clip) => clip.own);
    const content = [title('This project'), this.nameField(now)];
    if (others.length) content.push(title('Recent projects'), recent);
    if (list.notice) content.push(h('p.sb-menu-title', {}, list.notice));
    const fresh = clips.filter((clip) => !clip.own).map((clip) => this.clipLine(clip));
    const used = (/** @type {ClipEntry} */ clip) => list.projects.filter((entry) => entry.clip === clip.title).length;
    const mine = own.map((clip) => this.ownLine(clip, used(clip)));
    const bring = item('Your own clip…', () => this.commands.importFilm(), { note: 'a video, or frames' });
    content.push(title('New project of'));
    content.push(h('div.sb-scroll.sb-projects', {}, lines('New project of', ...mine, ...fresh)));
    content.push(lines('Import', bring));
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
    row.append(this.bin(row, title, 'Move to trash', () => this.discard(row, entry, title)));
    return row;
  }

  /** To the trash, after a second click.
   * @param {HTMLElement} row
   * @param {string} title
   * @param {string} words
   * @param {() => void} discard */
  bin(row, title, words, discard) {
    const sure = () => {
      const keep = () => {
        ask.remove();
        bin.hidden = false;
        bin.focus();
      };
      const no = h('button.sb-button', { type: 'button', onclick: keep }, 'Keep');
      const ask = h('div.sb-sure', {}, h('button.sb-button', { type: 'button', onclick: discard }, words), no);
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
  clipLine({ name, title, frames, film_width: width, film_height: height, seconds }) {
    const facts = [countOf(frames, 'frame'), `${width} × ${height}`, `${seconds.toFixed(1)} s`];
    const picture = h('img', {
      alt: '',
      loading: 'lazy',
      src: this.api.url(`clips/${encodeURIComponent(name)}/thumb`),
    });
    const words = h('span', {}, clipName(title), h('small', {}, facts.join(' · ')));
    const open = () => {
      closeMenu();
      this.commands.openClip(name);
    };
    const line = h('button.sb-item', { type: 'button', role: 'menuitem', onclick: open }, picture, words);
    return h('div.sb-project', { role: 'none' }, line);
  }

  /** A clip of one's own can be called something else, and thrown away.
   * @param {ClipEntry} clip
   * @param {number} used how many projects are of it */
  ownLine(clip, used) {
    const row = this.clipLine(clip);
    row.classList.add('own');
    const label = `Rename ${clip.title}`;
    const rename = () => this.nameClip(row, clip, used);
    row.append(
      h('button.sb-bin.sb-pen', { type: 'button', ariaLabel: label, title: 'Rename', onclick: rename }, icon('pen')),
    );
    const words = used
      ? `Move to trash; ${countOf(used, 'project')} needs it`.replace(/s needs/, 's need')
      : 'Move to trash';
    row.append(this.bin(row, clip.title, words, () => this.discardClip(row, clip)));
    return row;
  }

  /** A field in place of the line; what is typed counts when it is left.
   * @param {HTMLElement} row
   * @param {ClipEntry} clip
   * @param {number} used */
  nameClip(row, clip, used) {
    const attributes = { type: 'text', maxlength: 80, value: clip.title, ariaLabel: `Name of ${clip.title}` };
    const done = async (/** @type {boolean} */ changed) => {
      const title = field.value.trim();
      const now = changed && title ? await this.write('PUT', clip, { name: title }) : null;
      const entry = now?.find((/** @type {ClipEntry} */ one) => one.name === clip.name) ?? clip;
      const line = this.ownLine(entry, used);
      if (!field.isConnected) return;
      field.replaceWith(line);
      line.querySelector('button')?.focus();
    };
    const field = h('input.sb-find.sb-clip-name', { ...attributes, onchange: () => done(true) });
    field.addEventListener('keydown', (event) => {
      if (event.key !== 'Enter' && event.key !== 'Escape') return;
      // The menu stays: only the field is left.
      event.preventDefault();
      event.stopPropagation();
      if (event.key === 'Escape' || field.value === clip.title) done(false);
      else field.blur();
    });
    row.replaceWith(field);
    field.focus();
    field.select();
  }

  /** @param {HTMLElement} row
   * @param {ClipEntry} clip */
  async discardClip(row, clip) {
    if (!(await this.write('DELETE', clip))) return;
    row.remove();
    this.session.say(`${clip.title} is in the trash: the folder .trash/clips beside the projects.`);
  }

  /** A change of a clip; null where it was refused, which is said.
   * @param {string} method
   * @param {ClipEntry} clip
   * @param {object} [body]
   * @returns {Promise<ClipEntry[] | null>} */
  async write(method, clip, body) {
    const path = `clips/${encodeURIComponent(clip.name)}`;
    try {
      return await this.api.write(method, body ? `${path}/name` : path, body);
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      this.session.say(error.message, 'error');
      return null;
    }
  }
}
