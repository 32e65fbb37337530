// @ts-check
// Builds the page from its parts and wires them: the parts know the store, the session knows the server.

import { Actions, makeActions } from './actions.js';
import { Api, ApiError, Events } from './api.js';
import { Banner } from './banner.js';
import { Behind } from './behind.js';
import { Chips } from './chips.js';
import { ClassPanel } from './classes.js';
import { rgb } from './codec.js';
import { h, show } from './dom.js';
import { Downloads } from './downloads.js';
import { editObject, paintedFrames } from './edits.js';
import { returnFocus } from './focus.js';
import { labelLoader, pictureLoader } from './frames.js';
import { Header, Messages } from './header.js';
import { Help, Steps } from './help.js';
import { exposeHook } from './hook.js';
import { Imports } from './imports.js';
import { kindLoader } from './kinds.js';
import { Keys } from './keys.js';
import { FuturesPanel } from './futures.js';
import { LearnPanel } from './learn.js';
import { LookPanel } from './looks.js';
import { closeMenu } from './menu.js';
import { CorrectPanel } from './correct.js';
import { DoubtPanel } from './doubts.js';
import { ObjectPanel } from './object.js';
import { Player } from './player.js';
import { Projects } from './projects.js';
import { isOutdated } from './replies.js';
import { Session } from './session.js';
import { rendered, Store } from './store.js';
import { Strokes } from './strokes.js';
import { Timeline } from './timeline.js';
import { Toolbar } from './toolbar.js';
import { Toolbox } from './tools.js';
import { picturePath, View } from './view.js';

/** @import { ClipEntry, Commands, DownloadList, Edit, Frames, OpenState, Pending, ProjectList, ServerState } from './types' */

/** Start the editor.
 * @param {{element: HTMLElement, token: string, api: string, clip: string}} page token: for writes; api: address of the
 *   routes, relative to the page; clip: the clip that the program was started with, "" for any */
export async function mount({ element, token, api: base, clip }) {
  const server = new Api(new URL(base, document.baseURI).href, token);
  const [downloads] = await Promise.all([server.json('downloads'), stylesheet('style.css'), stylesheet('import.css')]);
  // Text is measured when menus are placed; without the file the system's font is taken.
  await document.fonts.load('13.5px Inter').catch(() => {});
  const editor = new Editor(server, downloads);
  element.replaceChildren(editor.element);
  editor.view.resize();
  exposeHook(editor);
  await editor.start(clip);
}

/** @param {string} file */
function stylesheet(file) {
  const link = h('link', { rel: 'stylesheet', href: new URL(file, import.meta.url).href });
  return new Promise((resolve, reject) => {
    link.onload = resolve;
    link.onerror = () => reject(new Error('its styles cannot be loaded'));
    document.head.append(link);
  });
}

/** @param {Api} api
 * @param {Store} store */
function openSession(api, store) {
  return new Session(api, store, (project, handlers) => new Events(() => api.eventsUrl(project), handlers));
}

/** @implements {Commands} */
export class Editor {
  /** @param {Api} api
   * @param {DownloadList} downloads what can be downloaded */
  constructor(api, downloads) {
    this.api = api;
    this.store = new Store();
    this.session = openSession(api, this.store);
    /** Project and revision that the objects were asked for. */
    this.objectsFor = '';
    /** @type {ReturnType<typeof setTimeout> | undefined} */
    this.rememberTimer = undefined;
    /** @type {ReturnType<typeof setTimeout> | undefined} */
    this.wantTimer = undefined;

    this.canvas = h('canvas.sb-canvas', { tabindex: 0, role: 'img', ariaLabel: 'The frame' });
    this.pictures = this.loadPictures();
    this.labels = this.loadLabels();
    this.kinds = this.loadKinds();
    this.view = new View(this.canvas, this.store, this.pictures, this.labels, this.kinds);
    this.strokes = new Strokes(api, this.session, this.store);
    this.toolbox = this.makeToolbox();
    this.chips = new Chips(this.store, this.view);
    this.player = new Player(this.store);

    this.steps = new Steps(this.store);
    this.help = new Help();
    this.classes = new ClassPanel(this.store);
    this.objects = new ObjectPanel(this.session, this.store, this.view);
    this.behind = new Behind(api, this.store, this.objects);
    this.looks = new LookPanel(api, this.session, this.store, this.objects);
    this.downloads = new Downloads(api, this.session, this.store, downloads);
    this.projects = new Projects(api, this.session, this, this.store);
    this.learn = new LearnPanel(api, this.session, this.store);
    this.futures = new FuturesPanel(api, this.session, this.store, this);
    this.imports = new Imports(api, this.session, this, this.store);
    this.doubts = new DoubtPanel(api, this.session, this.store, this);
    this.correct = new CorrectPanel(api, this.session, this.store, this.objects, this.doubts);
    this.actions = new Actions(makeActions(this), this.store);
    this.learn.build(this.actions);
    this.futures.build(this.actions);
    this.correct.build(this.actions);
    this.downloads.list = this.actions;
    this.help.fill(this.actions);
    this.header = new Header(this.actions, this.store, this.projects, this.downloads, this.learn, this.imports);
    this.keys = new Keys(this.actions, this.toolbox);
    this.stage = h('section.sb-stage', { ariaLabel: 'Stage' }, this.canvas, this.chips.element, this.steps.element);
    this.element = this.build();

    this.connect();
  }

  loadPictures() {
    return pictureLoader(
      this.api,
      () => this.session.server.project,
      () => this.loaded(),
    );
  }

  loadLabels() {
    return labelLoader(
      this.api,
      () => this.session.server.project,
      () => this.session.server.clip,
      () => new Map(this.session.server.classes.map((entry) => [entry.id, rgb(entry.colour)])),
      () => this.loaded(),
    );
  }

  loadKinds() {
    return kindLoader(
      this.api,
      () => this.session.server.project,
      () => this.session.server.clip,
      () => this.loaded(),
    );
  }

  makeToolbox() {
    return new Toolbox(
      this.canvas,
      this.view,
      this.store,
      (painted) => this.strokes.commit(painted),
      (text) => this.session.say(text),
    );
  }

  /** What the parts report, once all of them are there. */
  connect() {
    returnFocus(this.element);
    this.imports.takeDrops(this.element);
    this.view.onPlaced = () => this.chips.place();
    this.toolbox.onHover = (at) => this.chips.follows(at);
    this.toolbox.onJoin = (object) => this.correct.join(object);
    this.toolbox.onSplit = (points) => this.correct.splitAlong(points);
    this.session.incoming.onDoubts = () => this.doubts.lookAgain();
    this.session.incoming.polling.onAnswer = () => this.askOn();
    this.session.saving.settle = (entry) => this.settled(entry);
    this.store.subscribeOpen((state, names) => this.react(state, names));
    new ResizeObserver(() => this.view.resize()).observe(this.stage);
  }

  build() {
    const { actions, store } = this;
    this.chips.layer.append(new Messages(store).element);
    const parts = [this.classes.element, this.objects.element, this.looks.element, this.correct.element];
    return h(
      'div.sb',
      { 'data-tool': 'select' },
      this.header.element,
      new Banner(actions, store).element,
      new Toolbar(actions, store).element,
      this.stage,
      new Timeline(actions, this, this.session, store, this.futures.button).element,
      h('aside.sb-panel', { ariaLabel: 'Classes, object and looks' }, ...parts),
      this.help.element,
      this.imports.element,
      this.imports.curtain,
    );
  }

  // What the parts ask of the page (Commands)

  /** @param {number} t */
  goTo(t) {
    const last = this.session.server.clip.frames - 1;
    this.store.set({ t: Math.min(last, Math.max(0, t)) });
  }

  /** @param {Edit} edit
   * @param {Frames[] | null} spans */
  goToEdit(edit, spans) {
    this.goTo(paintedFrames(edit)[0] ?? spans?.[0]?.[0] ?? edit.frames[0]);
    const object = editObject(edit);
    if (object !== null) this.store.set({ picked: object });
  }

  /** @param {number} factor */
  zoom(factor) {
    const { placement } = this.view;
    placement.zoomAt(placement.stageWidth / 2, placement.stageHeight / 2, factor);
    this.view.moved();
  }

  fit() {
    this.view.placement.fit();
    this.view.moved();
  }

  escape() {
    if (closeMenu() || this.toolbox.abandon() || this.correct.stop()) return;
    this.store.set({ picked: null, playing: false });
  }

  /** @param {string} key */
  thumbUrl(key) {
    return this.api.url(`projects/${this.session.server.project}/thumbs/${key}`);
  }

  /** @param {string} name */
  openClip(name) {
    return this.begin(() => this.session.create(name));
  }

  /** @param {string} id */
  openProject(id) {
    return this.begin(() => this.session.open(id));
  }

  importFilm() {
    this.imports.open();
  }

  /** Returns whether it went to the trash.
   * @param {string} id
   * @param {string} title */
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

  // Opening a project

  /** The project of the address, else the last one that was changed, else a new one.
   * @param {string} clip */
  async start(clip) {
    const wanted = new URLSearchParams(location.search);
    try {
      if (!(await this.reopen(wanted.get('project')))) await this.openLast(clip);
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      return this.session.say(error.message, 'error');
    }
    this.opened();
    this.goTo(Math.max(0, (Number(wanted.get('frame')) || 1) - 1));
    this.steps.openOnFirstVisit();
    this.imports.load();
  }

  /** @param {string | null} project
   * @returns {Promise<boolean>} whether it is open now */
  async reopen(project) {
    if (!project || !/^[0-9a-f]{8,64}$/.test(project)) return false;
    try {
      await this.session.open(project);
    } catch (error) {
      if (!(error instanceof ApiError) || error.status !== 404) throw error;
      this.session.say('That project is not here any more; this is another.', 'error');
      return false;
    }
    return true;
  }

  /** The project that was changed last, of the clip that was named if one was; a new one where there is none.
   * @param {string} named */
  async openLast(named) {
    /** @type {ProjectList} */
    const { last } = await this.api.json(`projects?clip=${encodeURIComponent(named)}`);
    try {
      if (last !== null) return await this.session.open(last);
    } catch (error) {
      // Its clip is not there any more, or was changed: a new one then.
      if (!(error instanceof ApiError) || !error.status) throw error;
    }
    /** @type {ClipEntry[]} */
    const clips = await this.api.json('clips');
    await this.session.create((clips.find(({ name }) => name === named) ?? clips[0])?.name ?? '');
  }

  /** Leave this project for another. Nothing that is not saved is left behind.
   * @param {() => Promise<void>} open */
  async begin(open) {
    if (this.store.state.pending.length) {
      return this.session.say('Something is not saved yet: try again or discard it first.', 'error');
    }
    try {
      await open();
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      return this.session.say(error.message, 'error');
    }
    this.opened();
  }

  opened() {
    this.pictures.clear();
    this.labels.clear();
    this.kinds.clear();
    this.view.clear();
    this.toolbox.lastPoint = null;
    this.objectsFor = '';
    this.view.resize();
    this.remember();
    this.learn.load();
    this.futures.load();
    const { notice, ticket } = this.session.server;
    if (notice) this.session.say(notice);
    if (ticket === null) this.session.render();
  }

  /** The address names project and frame, so that a reload comes back to both. */
  remember() {
    clearTimeout(this.rememberTimer);
    this.rememberTimer = setTimeout(() => {
      const { server, t } = this.store.open;
      const address = new URL(location.href);
      address.searchParams.set('project', server.project);
      address.searchParams.set('frame', String(t + 1));
      if (address.href !== location.href) history.replaceState(history.state, '', address);
    }, 200);
  }

  // Following the state

  /** A picture or a label map is here. */
  loaded() {
    this.view.draw();
    this.store.touch('loaded');
  }

  /** How far long work is, where no socket tells. */
  askOn() {
    const { learning, futures } = this.store.state;
    if (learning?.stage === 'running') this.learn.load();
    if (futures?.stage === 'running') this.futures.load();
  }

  /** @param {OpenState} state
   * @param {Set<string>} names */
  react(state, names) {
    this.element.dataset.tool = state.gesture ?? state.tool;
    show(this.looks.element, !state.correcting);
    // Predicted frames were taken back.
    const { frames } = state.server.clip;
    if (state.t >= frames) return this.goTo(frames - 1);
    for (const loader of [this.pictures, this.labels, this.kinds]) loader.hold(!state.online);
    this.view.draw();
    if (names.has('t')) {
      if (!state.playing) this.remember();
      this.prefetch(state);
      this.wantPreview(state);
    }
    if (names.has('playing') && !state.playing) this.remember();
    if (['server', 'playing', 'online'].some((name) => names.has(name))) this.prefetch(state);
    // Where objects are seen is known when it is known where edits act: the first picture does not wait for it.
    if (!state.server.edits.some(isOutdated)) this.loadObjects(state.server);
    const label = `Frame ${state.t + 1} of ${state.server.clip.frames}`;
    if (names.has('t') || names.has('server')) this.canvas.setAttribute('aria-label', label);
  }

  /** Where the objects are, once for every revision. What is selected but gone is selected no more; an answer about a
   * revision before this one does not know what an edit has made since.
   * @param {ServerState} server */
  async loadObjects({ project, revision }) {
    const wish = `${project} ${revision}`;
    if (this.objectsFor === wish) return;
    this.objectsFor = wish;
    const objects = await this.api.json(`projects/${project}/objects`).catch(() => null);
    if (this.objectsFor !== wish) return;
    if (!objects) {
      this.objectsFor = '';
      return;
    }
    const { picked, server } = this.store.state;
    const gone = picked !== null && !(picked in objects) && server?.revision === revision;
    this.store.set({ objects, objectsRevision: revision, picked: gone ? null : picked });
  }

  /** Neighbours first; when playing, what comes next.
   * @param {OpenState} state */
  prefetch(state) {
    const count = state.server.clip.frames;
    const far = state.playing ? 24 : 4;
    const ahead = Array.from({ length: far }, (_, index) => (state.t + index + 1) % count);
    const around = state.playing ? ahead : [...ahead, ...ahead.map((t) => (2 * state.t - t + 2 * count) % count)];
    const view = state.view === 'labels' ? 'render' : state.view;
    this.pictures.prefetch(around.map((t) => picturePath(state, view, t)).filter((path) => path !== null));
    if (state.playing) return;
    const near = around.slice(0, 2).map((t) => state.server.label_keys[t]);
    this.labels.prefetch(near.filter((key) => key !== undefined));
  }

  /** Resting on a frame that is to do, while others are being rendered: ask for it first.
   * @param {OpenState} state */
  wantPreview({ t, playing }) {
    const wanted = () => !rendered(this.store.state) && this.store.state.rendering === 'running';
    clearTimeout(this.wantTimer);
    if (playing || !wanted()) return;
    this.wantTimer = setTimeout(() => {
      if (this.store.state.t === t && wanted()) this.session.render();
    }, 250);
  }

  /** An edit is saved: select a new object; hold its stroke until the new label map is here.
   * @param {Pending} entry */
  async settled(entry) {
    const saved = this.session.server.edits.find(({ edit }) => edit.id === entry.id)?.edit;
    if (entry.newObject && saved?.kind === 'paint' && saved.object !== null) this.store.set({ picked: saved.object });
    if (!entry.stroke) return;
    const key = this.session.server.label_keys[entry.stroke.frame] ?? '';
    const until = performance.now() + 1500;
    while (!this.labels.get(key) && performance.now() < until) await new Promise((resolve) => setTimeout(resolve, 15));
  }
}
