// Types of the values that the page's modules hand to each other. Read by the type checker only; never served.

import type { ApiError } from './api.js';

/** Frames [start, stop), counted from 0. */
export type Frames = [number, number];
export type Size = { width: number; height: number };
export type Point = [number, number];

// What the server sends (app/protocol.py)

/** [top, left, bottom, right], half open. */
export type Box = [number, number, number, number];
/** Run lengths over a box. */
export type Mask = { box: Box; runs: number[] };
export type ClassEntry = { id: number; name: string; colour: string; kind: 'thing' | 'stuff' | 'void' };
export type FrameState = { key: string; stage: 'preview' | 'final' };
/** A file that can be downloaded: its name, what the menu calls it, words beside that, the mode that it needs. */
export type DownloadForm = { file: string; title: string; note: string; mode: Mode | null; is_video: boolean };
/** How well videos are coded. */
export type VideoQuality = { crf: number; title: string };
/** All that can be downloaded; crf: the quality of videos unless another is chosen. */
export type DownloadList = { forms: DownloadForm[]; qualities: VideoQuality[]; crf: number };
/** A download that is being made. */
export type Job = { id: string; stop: AbortController; done: number; total: number };
export type Refusal = { error: string; fix: string };
export type Motion =
  | { kind: 'flow' }
  | { kind: 'still' }
  | { kind: 'ride'; object: number }
  | { kind: 'region'; label: number }
  | { kind: 'stand'; frame: number; x: number; y: number };
export type Target = { object: number } | { label: number };

type EditBase = { id: string; frames: Frames };
export type PaintEdit = EditBase & {
  kind: 'paint';
  keyframes: { frame: number; mask: Mask }[];
  to: number | 'source';
  object: number | null;
  motion: Motion;
  over: number[] | null;
  corrects: boolean; // it says what was filmed, and asks for no other picture
  margin?: number; // pixels around it in which the film is not kept; the server has one for each
};
export type WhatIsBehind = { filmed: number | null };
export type Shadow = boolean | 'whole'; // whether a removal takes the shadow at its foot along, or all of it
export type SwapEdit = EditBase & {
  kind: 'set_class';
  target: Target;
  to: number | 'surroundings';
  corrects?: boolean;
  margin?: number;
  shadow?: Shadow; // of a removal
};
export type StyleEdit = EditBase & {
  kind: 'set_style';
  target: Target;
  label: number;
  code: number[];
  provenance: unknown;
};
export type JoinEdit = EditBase & { kind: 'join'; object: number; other: number; to: number | null };
/** part, rest: only on the way to the server */
export type SplitEdit = EditBase & {
  kind: 'split';
  object: number;
  new: number;
  frame: number;
  part?: Mask;
  rest?: Mask;
};
export type CarryEdit = EditBase & { kind: 'carry'; frame: number };
export type ContinueEdit = EditBase & { kind: 'continue'; seed: number; content: string };
export type Edit = PaintEdit | SwapEdit | StyleEdit | JoinEdit | SplitEdit | CarryEdit | ContinueEdit;

/** An edit as the server lists it, without pixels. lane: id of the first edit of its lane; spans: where it acts, null while it is not known; outdated: of an older revision. */
export type EditEntry = { edit: Edit; title: string; lane: string; spans: Frames[] | null; note: string; outdated?: boolean };

/** What a lane shows: its edit, or what is common to its edits, which `ids` name. */
export type Lane = EditEntry & { ids: string[] };

/** Its size is that of its label maps, in which is painted; pictures may be larger. */
export type Clip = Size & FilmedSize & {
  name: string;
  frames: number;
  filmed: number; // frames from here on were predicted
  hash: string;
  fps: number;
  camera: boolean;
  sound: boolean;
};
export type ServerState = {
  project: string;
  name: string;
  revision: number;
  seed: number;
  mode: Mode;
  read_only: Refusal | null;
  notice: string;
  clip: Clip;
  classes: ClassEntry[];
  edits: EditEntry[];
  can_undo: boolean;
  can_redo: boolean;
  label_keys: string[];
  render: (FrameState | null)[];
  before: (string | null)[];
  ticket: number | null;
  checkpoint: { name: string; hash: string };
};
/** PSNR to the film in dB; held_out: on frames that were not learnt from. */
export type Nearness = { learnt: number; held_out: number | null };
/** Where the learning of the project's clip is. */
export type Learning = {
  stage: 'none' | 'running' | 'paused' | 'failed' | 'learnt';
  minutes: number;
  step: number;
  steps: number;
  seconds_left: number | null;
  before: Nearness | null;
  now: Nearness | null;
  sample: number; // how many sample pictures there were
  frame: number;
  error: string;
  learnt: boolean; // whether there is a checkpoint that learnt the clip
  used: boolean; // whether it renders the project
};
/** Where the prediction of the project's futures is. */
export type Futures = {
  stage: 'none' | 'running' | 'ready' | 'failed';
  frames: number;
  done: number;
  total: number;
  seconds_left: number | null;
  futures: { number: number; seed: number }[];
  error: string;
};
/** A place where labels or objects may be wrong. */
export type Doubt = {
  key: string;
  kind: string;
  frame: number;
  object: number | null;
  other: number | null;
  box: Box | null;
  sentence: string;
};
/** looked: so many frames were looked at; right: how many doubts were called right. */
export type DoubtList = {
  revision: number;
  frames: number;
  looked: number;
  doubts: Doubt[];
  right: number;
  note: string;
};
/** What was filmed is kept wherever nothing was changed, or every pixel is rendered. */
export type Mode = 'footage' | 'rendered';
/** The reply to a change: what is different from revision `base`. */
export type ProjectChange = Pick<
  ServerState,
  'project' | 'revision' | 'mode' | 'can_undo' | 'can_redo' | 'render' | 'ticket'
> & {
  base: number;
  notice: string;
  edits: (EditEntry & { place: number })[];
  removed: string[];
  lanes_known: number;
  label_keys: Record<number, string>;
};
export type SeenObject = { frames: Frames; nearest: number; area: number; label: number };
export type Look = { code: number[]; key: string | null; provenance: unknown };
export type LookSheet = { seed: number; near: number[] | null; now: Look; looks: Look[] };
export type ProjectEntry = {
  project: string;
  name: string;
  clip: string;
  edits: number;
  changed: number;
  thumb: boolean;
};
/** last: the project that was changed last; notice: a sentence about the list. */
export type ProjectList = { projects: ProjectEntry[]; notice: string; last: string | null };
export type FilmedSize = { film_width: number; film_height: number };
export type ClipEntry = Size &
  FilmedSize & { name: string; frames: number; title: string; seconds: number; own: boolean };

// Films on their way to becoming clips (app/import_messages.py)

export type Fit = 'crop' | 'pad';
/** What the form asks of the import around it. */
export type ImportAsk = {
  inspect: (form: string | null) => void;
  addLabels: (folder: boolean) => void;
  leaveLabels: () => void;
};
export type ChosenFile = { path: string; file: File };
export type FilmFacts = Size & {
  frames: number;
  seconds: number;
  rate: string;
  aspect: number; // width of a pixel over its height
  pictures: boolean; // a folder of them, without a rate of their own
  sound: boolean;
  sentence: string;
};
/** A class of theirs; target: what it becomes by itself; share: of the pixels that were read. */
export type FoundClass = {
  id: number;
  name: string;
  colour: number[];
  target: number;
  why: 'name' | 'synonym' | 'given' | 'void' | 'unknown';
  share: number;
};
export type FoundLabels = Size & { form: string; sentence: string; frames: number; classes: FoundClass[] };
export type MappedClass = { source: number; target: number };
export type ImportWish = Size & {
  name: string;
  fit: Fit;
  start: number;
  stop: number | null;
  rate: string | null;
  own: boolean; // the film's own size, in place of width and height
  labels: 'given' | 'network';
  labeller: string; // as --labeller names it; "": the shipped one
  agree: boolean; // to the licence of weights that are fetched for it
  classes: MappedClass[];
};
export type ImportState = {
  id: string;
  stage: 'uploading' | 'uploaded' | 'inspecting' | 'ready' | 'running' | 'paused' | 'failed' | 'done';
  name: string;
  files: number[]; // bytes of each that are here
  size: number;
  received: number;
  film: FilmFacts | null;
  labels: FoundLabels | null;
  thumbs: number[]; // seconds
  notes: string[];
  form: string | null;
  apart: boolean; // labels were sent apart
  work: string;
  done: number;
  of: number;
  seconds_left: number | null;
  told: string[];
  licence: string; // what is to be agreed to before it goes on
  wish: ImportWish | null;
  error: string;
  clip: string;
};
export type ImportChoices = {
  imports: ImportState[];
  forms: { name: string; title: string }[];
  classes: ClassEntry[];
  network: string;
  domain: string;
  any_network: boolean; // whether another network may be named
  most_bytes: number;
  piece: number;
  free_bytes: number;
  stages: string[];
};
/** Boxes are top, left, bottom, right, in pixels of the film and of a frame. */
export type Plan = Size & {
  frames: number;
  rate: number;
  source: number[];
  inner: number[];
  bytes: number;
  problem: string;
};

/** What comes over the socket: `type` says which of the other fields are there. */
export type ServerEvent = {
  type: string;
  revision: number;
  ticket: number | null;
  t: number;
  key: string;
  stage: 'preview' | 'final';
  edits: { id: string; spans: Frames[]; note: string }[];
  done: number;
  total: number;
  seconds_left: number | null;
  error?: string;
  note?: string;
  learning: Learning;
  futures: Futures;
  job: string;
};
export type EventHandlers = { onEvent: (event: ServerEvent) => void; onOpen: () => void; onLost: (opened: boolean) => void };

// What the tab knows (store.js)

export type ToolName = 'select' | 'brush' | 'eraser' | 'fill' | 'lasso' | 'pick' | 'hand';
export type ViewName = 'render' | 'labels' | 'camera' | 'wipe' | 'before';
export type Follow = 'auto' | 'flow' | 'still' | { object: number };
export type Scope = 'clip' | 'range' | 'onward';
export type Hover = { object: number; label: number };
export type Stroke = { frame: number; to: number | 'source'; mask: Mask };
/** Something on its way to the server. */
export type Pending = {
  id: string;
  requestId: string;
  edit: Edit | null;
  newObject: boolean;
  stroke: Stroke | null;
  rebase: boolean;
  rebased?: boolean;
  status: 'asking' | 'sending' | 'saved' | 'unsaved';
  why: string;
};
export type Notice = { text: string; kind: 'info' | 'error' | 'busy' };

/** What belongs to the open project: another project starts with all of it new. */
export type ProjectState = {
  server: ServerState | null; // the last STATE that the server sent
  t: number; // frame on the screen
  playing: boolean;
  range: Frames | null; // frames of strokes; null: whole clip
  scope: Scope; // frames of swaps and looks
  scopeRange: Frames | null; // for the scope 'range'
  everyone: boolean; // swaps act on all objects of the class
  over: Set<number> | null; // class ids that may be painted over; null: all
  correcting: boolean; // strokes and classes correct labels
  gesture: 'join' | 'split' | null; // what the next gesture on the stage does with the selected object
  doubts: DoubtList | null; // null: not looked for yet
  doubt: string | null; // key of the doubt that is looked at
  extend: boolean; // painted things join the picked object
  follow: Follow;
  stroke: { title: string; edit: string | null } | null; // what the last stroke follows, and its edit's id
  reframing: { id: string; frames: Frames; held: number | null } | null; // the lane that is being dragged
  hover: Hover | null;
  picked: number | null; // object id
  objects: Record<number, SeenObject>;
  objectsRevision: number | null; // revision that `objects` are of
  pending: Pending[];
  settling: Stroke[]; // saved, and drawn until their frame is rendered
  saving: 'saved' | 'saving' | 'unsaved';
  progress: { done: number; total: number; secondsLeft: number | null } | null;
  rendering: 'idle' | 'running' | 'cancelled' | 'failed' | 'done';
  learning: Learning | null; // null: not asked for yet
  futures: Futures | null; // null: not asked for yet
};

/** What stays as it is when another project is opened. */
export type TabState = {
  loop: boolean;
  tool: ToolName;
  size: number; // of the brush, pixels
  paintClass: number | null;
  view: ViewName;
  comparing: boolean;
  wipe: number; // where the line of the wipe is, 0 to 1
  overlay: number; // strength of the label overlay, 0 to 1
  overlayOn: boolean;
  kindsOn: boolean; // a tint over the result says what is not film
  online: boolean;
  blocked: boolean; // sockets do not open although requests are answered
  downloading: Map<string, Job>; // downloads that are being made, by file
  message: Notice | null;
  importing: ImportState | null; // the film that is shown in the dialog
};

export type State = ProjectState & TabState;
/** The state while a project is open. */
export type OpenState = State & { server: ServerState };
export type Listener = (state: State, names: Set<string>) => void;
export type Changed = Set<string>;

// Label maps of a frame, and pictures

export type LabelMaps = { labels: Uint8Array; objects: Int32Array; canvas: HTMLCanvasElement };
export type Segment = [number, number, number, number];
export type ObjectInView = { object: number; label: number; area: number; box: Box };
export type Shown = { view: ViewName; t: number; path: string | null; stage: string | null | undefined };

// Actions and tools

/** One thing that a person can do: keys, button, menu line and line of the help come from here. */
export type Action = {
  id: string;
  title: string;
  hint?: string; // longer words for the button's tooltip
  group?: string; // section of the help; without one it is not listed there
  help?: string; // words of the help, else the title
  keys?: string[]; // as keyName() writes them
  enabled?: (state: State) => boolean;
  pressed?: (state: State) => boolean;
  run: (key?: string) => void;
  release?: () => void; // of an action that lasts while its key is down
};

/** What the pointer does while it is down: each call returns the state that follows, null when the gesture is over. */
export interface PointerState {
  move(at: Point, event: PointerEvent): PointerState | null;
  up(at: Point, event: PointerEvent): void;
  cancel(): void;
  every?: boolean; // it wants every position between two frames of the screen
}

export type Painted = { tool: ToolName; frame: number; to: number | 'source'; mask: Mask; shown: Mask | null };

/** Calls with arguments that parts of the page make on the whole of it. */
export interface Commands {
  goTo(t: number): void;
  goToEdit(edit: Edit, spans: Frames[] | null): void;
  openClip(name: string): Promise<void>;
  openProject(id: string): Promise<void>;
  discardProject(id: string, title: string): Promise<boolean>;
  importFilm(): void;
  thumbUrl(key: string): string;
  zoom(factor: number): void;
}

export type { ApiError };
