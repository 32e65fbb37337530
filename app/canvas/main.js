// Builds the page from its parts and wires them: the parts know the store, the session knows the server.

import { Api, ApiError, Events } from './api.js';
import { Banner } from './banner.js';
import { Chips } from './chips.js';
import { rgb } from './codec.js';
import { h } from './dom.js';
import { Downloads } from './downloads.js';
import { labelLoader, pictureLoader } from './frames.js';
import { Header, Messages } from './header.js';
import { Help, Steps } from './help.js';
import { exposeHook } from './hook.js';
import { Keys } from './keys.js';
import { LookPanel } from './looks.js';
import { closeMenu } from './menu.js';
import { ClassPanel, ObjectPanel } from './panel.js';
import { Player } from './player.js';
import { Projects } from './projects.js';
import { isUntold, Session } from './session.js';
import { initialState, Store, rendered } from './store.js';
import { Strokes } from './strokes.js';
import { Timeline } from './timeline.js';
import { Toolbar } from './toolbar.js';
import { Toolbox } from './tools.js';
import { picturePath, View } from './view.js';

/** Start the editor in `element`. token: for writes; api: address of the routes, relative to the page; clip: the first clip. */
export async function mount({ element, token, api: base, clip }) {
  await stylesheet();
  // Text is measured when menus are placed; without the file the system's font is taken.
  await document.fonts.load('13.5px Inter').catch(() => {});
  const editor = new Editor(new Api(new URL(base, document.baseURI).href, token));
  element.replaceChildren(editor.element);
  editor.view.resize();
  exposeHook(editor);
  await editor.start(clip);
}

function stylesheet() {
  const link = h('link', { rel: 'stylesheet', href: new URL('style.css', import.meta.url).href });
  return new Promise((resolve, reject) => {
    link.onload = resolve;
    link.onerror = () => reject(new Error('its styles cannot be loaded'));
    document.head.append(link);
  });
}

class Editor {
  constructor(api) {
    this.api = api;
    this.store = new Store();
    this.session = new Session(api, this.store, (project, handlers) => new Events(api.eventsUrl(project), handlers));
    this.canvas = h('canvas.sb-canvas', { tabindex: 0, role: 'img', ariaLabel: 'The frame' });
    this.buildStage();
    this.buildPage();
    this.session.settle = (entry) => this.settled(entry);
    this.store.subscribe((state, names) => this.react(state, names));
    new ResizeObserver(() => this.view.resize()).observe(this.stage);
  }

  buildStage() {
    const project = () => this.store.state.server.project;
    const loaded = () => {
      this.view.draw();
      this.store.touch('loaded');
    };
    const palette = () => new Map(this.store.state.server.classes.map((entry) => [entry.id, rgb(entry.colour)]));
    this.pictures = pictureLoader(this.api, project, loaded);
    this.labels = labelLoader(this.api, project, () => this.store.state.server.clip, palette, loaded);
    this.view = new View(this.canvas, this.store, this.pictures, this.labels);
    this.strokes = new Strokes(this.api, this.session, this.store);
    this.toolbox = new Toolbox(this.canvas, this.view, this.store, (stroke) => this.strokes.commit(stroke));
    this.chips = new Chips(this.store, this.view);
    this.view.onPlaced = () => this.chips.place();
    this.toolbox.onHover = (at) => this.chips.follows(at);
    this.player = new Player(this.store);
  }

  buildPage() {
    this.steps = new Steps(this.store);
    this.help = new Help(this.steps);
    this.classes = new ClassPanel(this.store);
    this.objects = new ObjectPanel(this.session, this.store, this.view);
    this.looks = new LookPanel(this.api, this.session, this.store, this.objects);
    this.downloads = new Downloads(this.api, this.session, this.store);
    this.actions = this.makeActions();
    this.projects = new Projects(this.api, this.actions, this.store);
    new Keys(this.actions, this.store, this.toolbox);
    this.stage = h('main.sb-stage', {}, this.canvas, this.chips.element, this.steps.element);
    this.chips.layer.append(new Messages(this.store).element);
    this.element = h(
      'div.sb',
      { 'data-tool': 'select' },
      new Header(this.actions, this.store).element,
      new Banner(this.actions, this.store).element,
      new Toolbar(this.store).element,
      this.stage,
      new Timeline(this.actions, this.store).element,
      h(
        'aside.sb-panel',
        { ariaLabel: 'Classes, object and looks' },
        this.classes.element,
        this.objects.element,
        this.looks.element,
      ),
      this.help.element,
    );
    this.element.addEventListener('click', (event) => this.giveFocusBack(event));
    this.element.addEventListener('pointerup', (event) => {
      if (event.target.matches('input[type=range]')) this.canvas.focus({ preventScroll: true });
    });
  }

  /** After a click with the pointer keys belong to the stage again; a menu or a field keeps them. */
  giveFocusBack(event) {
    const button = event.target.closest('button');
    if (event.detail === 0 || !button || button.closest('.sb-menu, dialog') || button.getAttribute('aria-haspopup'))
      return;
    if (document.activeElement === button || document.activeElement === document.body)
      this.canvas.focus({ preventScroll: true });
  }

  makeActions() {
    const { store, session, api } = this;
    const path = (rest) => api.url(`projects/${store.state.server.project}/${rest}`);
    return {
      undo: () => session.undo(),
      redo: () => session.redo(),
      retry: () => session.retry(),
      discard: () => session.discard(),
      removeEdits: (ids) => session.remove(ids),
      reframe: (ids, frames) => session.reframe(ids, frames),
      mayEdit: () => session.mayEdit(),
      cancel: () => session.cancel(),
      goOn: () => session.render(store.state.t),
      show: (view) => store.set({ view }),
      togglePlay: () => this.player.toggle(),
      goTo: (t) => this.goTo(t),
      step: (by) => {
        store.set({ playing: false });
        this.goTo(store.state.t + by);
      },
      goToEdit: (edit, spans) => this.goToEdit(edit, spans),
      fit: () => {
        this.view.placement.fit();
        this.view.onPlaced();
        this.view.draw();
      },
      zoom: (factor) => this.zoom(factor),
      chooseClass: (index) => this.classes.chooseAt(index),
      find: () => this.classes.toggleFind(true),
      swap: () => this.swap(),
      escape: () => this.escape(),
      help: () => this.help.open(),
      openProjects: (anchor) => this.projects.openMenu(anchor),
      openDownloads: (anchor) => this.downloads.openMenu(anchor),
      openClip: (name) => this.begin(() => this.session.create(name)),
      openProject: (id) => this.begin(() => this.session.open(id)),
      rename: (name) => session.rename(name),
      discardProject: (id, title) => this.discardProject(id, title),
      claim: () => session.claim(),
      thumbUrl: (key) => path(`thumbs/${key}`),
    };
  }

  zoom(factor) {
    const { placement } = this.view;
    placement.zoomAt(placement.stageWidth / 2, placement.stageHeight / 2, factor);
    this.view.onPlaced();
    this.view.draw();
  }

  goTo(t) {
    const last = this.store.state.server.clip.frames - 1;
    this.store.set({ t: Math.min(last, Math.max(0, t)) });
  }

  goToEdit(edit, spans) {
    const t = edit.keyframes?.[0].frame ?? (spans ?? [edit.frames])[0]?.[0];
    if (t !== undefined) this.goTo(t);
    const object = edit.target?.object ?? edit.object;
    if (object !== undefined && object !== null) this.store.set({ picked: object });
  }

  /** S: swap what is under the pointer, or what is selected. */
  swap() {
    const { hover, tool } = this.store.state;
    if (hover && tool === 'select') this.store.set({ picked: hover.object });
    setTimeout(() => this.objects.focusSwap());
  }

  escape() {
    if (closeMenu()) return;
    if (this.toolbox.gesture) return this.toolbox.abandon();
    this.store.set({ picked: null, playing: false });
  }

  async start(clip) {
    const wanted = new URLSearchParams(location.search);
    try {
      if (!(await this.reopen(wanted.get('project'))) && !(await this.reopenLast(clip))) {
        const clips = await this.api.json('clips');
        await this.session.create((clips.find((one) => one.name === clip) ?? clips[0]).name);
        this.opened();
      }
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      return this.session.say(error.message, 'error');
    }
    this.goTo(Math.max(0, (Number(wanted.get('frame')) || 1) - 1));
    this.steps.openOnFirstVisit();
  }

  /** The project changed last, where the address names none. A clip that the server was started with comes first. */
  async reopenLast(clip) {
    const { last } = await this.api.json(`projects?clip=${encodeURIComponent(clip)}`);
    if (last === null) return false;
    try {
      await this.session.open(last);
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      return false; // its clip is not there any more, or was changed: a new one then
    }
    this.opened();
    return true;
  }

  async reopen(project) {
    if (!project || !/^[0-9a-f]{8,64}$/.test(project)) return false;
    try {
      await this.session.open(project);
    } catch (error) {
      if (!(error instanceof ApiError) || error.status !== 404) throw error;
      this.session.say('That project is not here any more; this is a new one.', 'error');
      return false;
    }
    this.opened();
    return true;
  }

  /** Leave this project for another. Nothing that is not saved is left behind. */
  async begin(open) {
    if (this.store.state.pending.length)
      return this.session.say('Something is not saved yet: try again or discard it first.', 'error');
    try {
      await open();
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      return this.session.say(error.message, 'error');
    }
    this.pictures.clear();
    this.labels.clear();
    const { playing, picked, hover, objects, objectsRevision, range, over, stroke, follow, t, reframing, progress } =
      initialState();
    this.store.set({
      playing,
      picked,
      hover,
      objects,
      objectsRevision,
      range,
      over,
      stroke,
      follow,
      t,
      reframing,
      progress,
    });
    this.opened();
  }

  /** Returns whether it went to the trash. */
  async discardProject(id, title) {
    try {
      await this.api.write('DELETE', `projects/${id}`);
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      this.session.say(error.message, 'error');
      return false;
    }
    this.session.say(`${title} is in the trash: the folder .trash beside the projects.`);
    return true;
  }

  opened() {
    this.view.resize();
    this.remember();
    const { notice, ticket } = this.session.server;
    if (notice) this.session.say(notice);
    if (ticket === null) this.session.render(this.store.state.t);
  }

  /** The address names project and frame, so that a reload comes back to both. */
  remember() {
    clearTimeout(this.rememberTimer);
    this.rememberTimer = setTimeout(() => {
      const { server, t } = this.store.state;
      const address = new URL(location.href);
      address.searchParams.set('project', server.project);
      address.searchParams.set('frame', t + 1);
      if (address.href !== location.href) history.replaceState(history.state, '', address);
    }, 200);
  }

  react(state, names) {
    if (!state.server) return;
    this.element.dataset.tool = state.tool;
    this.view.draw();
    if (names.has('t')) {
      if (!state.playing) this.remember();
      this.prefetch(state);
      this.wantPreview(state);
    }
    if (names.has('playing') && !state.playing) this.remember();
    if (names.has('server') || names.has('playing')) this.prefetch(state);
    // Where objects are seen is known when it is known where edits act: the first picture does not wait for it.
    if (!state.server.edits.some(isUntold)) this.loadObjects(state.server);
    if (names.has('t') || names.has('server'))
      this.canvas.setAttribute('aria-label', `Frame ${state.t + 1} of ${state.server.clip.frames}`);
  }

  /** Where the objects are, once for every revision. What is selected but gone is selected no more. */
  async loadObjects({ project, revision }) {
    const wish = `${project} ${revision}`;
    if (this.objectsFor === wish) return;
    this.objectsFor = wish;
    const objects = await this.api.json(`projects/${project}/objects`).catch(() => null);
    if (!objects) {
      this.objectsFor = null;
      return;
    }
    if (this.objectsFor !== wish) return;
    const { picked } = this.store.state;
    this.store.set({ objects, objectsRevision: revision, picked: picked in objects ? picked : null });
  }

  /** Neighbours first; when playing, what comes next. */
  prefetch(state) {
    const count = state.server.clip.frames;
    const reach = state.playing ? 24 : 4;
    const ahead = Array.from({ length: reach }, (_, index) => (state.t + index + 1) % count);
    const around = state.playing ? ahead : [...ahead, ...ahead.map((t) => (2 * state.t - t + 2 * count) % count)];
    const view = state.view === 'labels' ? 'render' : state.view;
    this.pictures.prefetch(around.map((t) => picturePath(state, view, t)).filter(Boolean));
    if (!state.playing) this.labels.prefetch(around.slice(0, 2).map((t) => state.server.label_keys[t]));
  }

  /** Resting on a frame that is to do, while others are being rendered: ask for it first. */
  wantPreview(state) {
    clearTimeout(this.wantTimer);
    if (state.playing || rendered(state) || state.rendering !== 'running') return;
    this.wantTimer = setTimeout(() => {
      const now = this.store.state;
      if (now.t === state.t && !rendered(now) && now.rendering === 'running') this.session.render(now.t);
    }, 250);
  }

  /** An edit is saved: hold its stroke until the new label map is here; select a new object. */
  async settled(entry) {
    const saved = this.session.server.edits.find(({ edit }) => edit.id === entry.edit.id);
    if (entry.newObject && saved?.edit.object !== undefined) this.store.set({ picked: saved.edit.object });
    if (!entry.stroke) return;
    const key = this.session.server.label_keys[entry.stroke.frame];
    const until = performance.now() + 1500;
    while (!this.labels.get(key) && performance.now() < until) await new Promise((resolve) => setTimeout(resolve, 15));
  }
}
