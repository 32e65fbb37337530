import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fileName } from '../../../app/canvas/api.js';
import { Placement } from '../../../app/canvas/camera.js';
import { movedEnd, paintEdit, scopeFrames, spansWithin, typedRange } from '../../../app/canvas/edits.js';
import { Kept, Loader } from '../../../app/canvas/frames.js';
import {
  ago,
  countOf,
  frameList,
  frameSpan,
  meant,
  objectName,
  panelOrder,
  spansText,
  tidyTitle,
  timecode,
  timeLeft,
} from '../../../app/canvas/names.js';
import { frameDue } from '../../../app/canvas/player.js';
import { kindsPath, showsKinds } from '../../../app/canvas/kinds.js';
import { initialState, projectState, showsEdits, Store } from '../../../app/canvas/store.js';
import { chosenMotion, strokeObject } from '../../../app/canvas/strokes.js';
import { keyName, keyWords } from '../../../app/canvas/keynames.js';
import { sharedLanes } from '../../../app/canvas/shared_lanes.js';
import { fromSlider, nextSize, pressedSize, toSlider } from '../../../app/canvas/size.js';

const CLASSES = [
  { id: 0, name: 'unlabelled', kind: 'void' },
  { id: 14, name: 'car', kind: 'thing' },
  { id: 1, name: 'road', kind: 'stuff' },
  { id: 30, name: 'camel', kind: 'thing' },
];

test('names of objects and frames', () => {
  assert.equal(objectName(14046, 14, CLASSES), 'car 46');
  assert.equal(objectName(1001, 1, CLASSES), 'road');
  assert.equal(objectName(1_000_002, 14, CLASSES), 'new car 3');
  assert.equal(frameSpan([21, 47]), '22 – 47');
  assert.equal(spansText([[2, 3]]), 'frame 3');
  assert.equal(
    spansText([
      [0, 2],
      [5, 6],
    ]),
    'frames 1 – 2, 6',
  );
  assert.equal(spansText([]), 'no frame');
  assert.equal(frameList([0, 1, 2, 6, 8, 9]), '1 – 3, 7, 9 – 10');
  assert.equal(tidyTitle('car 46 -> truck'), 'car 46 → truck');
  assert.equal(timecode(62.55), '1:02.5');
  assert.equal(timeLeft(1.44), '1.4 s left');
  assert.equal(timeLeft(null), '');
});

test('how long ago, and how many', () => {
  assert.deepEqual([3, 61, 7200, 86_400, 3e6].map(ago), [
    'just now',
    '1 min ago',
    '2 h ago',
    '1 day ago',
    '34 days ago',
  ]);
  assert.deepEqual(
    [0, 1, 2].map((count) => countOf(count, 'edit')),
    ['0 edits', '1 edit', '2 edits'],
  );
});

test('a download has the name that the server gives it', () => {
  assert.equal(fileName('attachment; filename="avenue-video.mp4"'), 'avenue-video.mp4');
  assert.equal(fileName("attachment; filename*=utf-8''caf%C3%A9-video.mp4"), 'café-video.mp4');
  assert.equal(fileName(null), null);
});

test('another project starts with nothing of the one before, not even with what is on its way', async () => {
  let arrive;
  const loader = new Loader(
    () =>
      new Promise((resolve) => {
        arrive = () => resolve({ value: {}, size: 1 });
      }),
    100,
    () => {},
  );
  loader.get('camera/0');
  loader.clear();
  arrive();
  await new Promise((resolve) => setImmediate(resolve));
  assert.ok(!loader.kept.has('camera/0') && !loader.busy.size);
});

test('without a server nothing is asked for, and afterwards only what is still wanted', async () => {
  const asked = [];
  const loader = new Loader(
    async (key) => {
      asked.push(key);
      return { value: key, size: 1 };
    },
    100,
    () => {},
  );
  loader.hold(true);
  assert.equal(loader.get('frames/old'), null);
  loader.prefetch(['frames/older']);
  loader.hold(false);
  loader.get('frames/new');
  await new Promise((resolve) => setImmediate(resolve));
  assert.deepEqual(asked, ['frames/new']);
  assert.equal(loader.get('frames/new'), 'frames/new');
});

test('the panel starts with favourites and leaves void out', () => {
  assert.deepEqual(
    panelOrder(CLASSES).map((entry) => entry.name),
    ['road', 'car', 'camel'],
  );
});

test('scopes and typed ranges', () => {
  assert.deepEqual(scopeFrames('clip', 5, [1, 3], 60), [0, 60]);
  assert.deepEqual(scopeFrames('onward', 5, null, 60), [5, 60]);
  assert.deepEqual(scopeFrames('range', 5, [1, 3], 60), [1, 3]);
});

test('a typed end counts from 1, stays inside the clip, and the other end follows where it would be passed', () => {
  assert.deepEqual(typedRange([0, 60], 'start', '22', 60), [21, 60]);
  assert.deepEqual(typedRange([21, 60], 'stop', '47', 60), [21, 47]);
  assert.deepEqual(typedRange([0, 40], 'start', '50', 60), [49, 50]);
  assert.deepEqual(typedRange([49, 60], 'stop', '40', 60), [39, 40]);
  assert.deepEqual(typedRange([0, 60], 'start', '0', 60), [0, 60]);
  assert.deepEqual(typedRange([0, 60], 'stop', '99', 60), [0, 60]);
  for (const text of ['', ' ', '3.5', 'x', '1e1']) assert.equal(typedRange([0, 60], 'stop', text, 60), null);
});

test('an end of a lane stays in the clip, leaves a frame, and never passes what was painted', () => {
  const swap = { kind: 'set_class' };
  const stroke = { kind: 'paint', keyframes: [{ frame: 20 }] };
  assert.deepEqual(movedEnd(swap, [10, 30], 'start', 5, 60), { frames: [5, 30], held: null });
  assert.deepEqual(movedEnd(swap, [10, 30], 'start', -8, 60), { frames: [0, 30], held: null });
  assert.deepEqual(movedEnd(swap, [10, 30], 'start', 44, 60), { frames: [29, 30], held: null });
  assert.deepEqual(movedEnd(swap, [10, 30], 'stop', 3, 60), { frames: [10, 11], held: null });
  assert.deepEqual(movedEnd(swap, [10, 30], 'stop', 99, 60), { frames: [10, 60], held: null });
  assert.deepEqual(movedEnd(stroke, [10, 30], 'start', 20, 60), { frames: [20, 30], held: null });
  assert.deepEqual(movedEnd(stroke, [10, 30], 'start', 25, 60), { frames: [20, 30], held: 20 });
  assert.deepEqual(movedEnd(stroke, [10, 30], 'stop', 12, 60), { frames: [10, 21], held: 20 });
  assert.deepEqual(
    spansWithin(
      [
        [0, 4],
        [6, 9],
      ],
      [2, 7],
    ),
    [
      [2, 4],
      [6, 7],
    ],
  );
  assert.deepEqual(spansWithin([[0, 4]], [4, 7]), []);
});

test('a stroke is written as projects keep it', () => {
  const edit = paintEdit({
    frame: 3,
    mask: { box: [0, 0, 1, 1], runs: [0, 1] },
    to: 14,
    motion: { kind: 'still' },
    frames: [0, 9],
    over: new Set([11, 3]),
  });
  assert.match(edit.id, /^[A-Za-z0-9_-]{1,40}$/);
  assert.deepEqual(
    { ...edit, id: 'x' },
    {
      kind: 'paint',
      id: 'x',
      frames: [0, 9],
      keyframes: [{ frame: 3, mask: { box: [0, 0, 1, 1], runs: [0, 1] } }],
      to: 14,
      object: null,
      motion: { kind: 'still' },
      over: [3, 11],
      corrects: false,
    },
  );
  assert.equal(paintEdit({ ...edit, frame: 3, corrects: true }).corrects, true);
});

test('what is not film is said of the result alone, where the footage is kept', () => {
  const seen = (patch, mode = 'footage') => {
    const state = { ...initialState(), server: { mode, revision: 7 }, kindsOn: true, t: 3, ...patch };
    return showsKinds(state) && kindsPath(state);
  };
  assert.equal(seen({}), 'kinds/7/3');
  for (const patch of [{ kindsOn: false }, { view: 'camera' }, { comparing: true }, { playing: true }])
    assert.equal(seen(patch), false);
  assert.equal(seen({}, 'rendered'), false);
});

test('a painted thing is a new object unless it is added to the selected one', () => {
  const state = { ...initialState(), server: { classes: CLASSES }, picked: 14046, objects: { 14046: { label: 14 } } };
  assert.deepEqual(strokeObject(state, 14), { object: null, newObject: true });
  assert.deepEqual(strokeObject({ ...state, extend: true }, 14), { object: 14046, newObject: false });
  assert.deepEqual(strokeObject({ ...state, extend: true }, 30), { object: null, newObject: true });
  assert.deepEqual(strokeObject(state, 1), { object: null, newObject: false });
  assert.deepEqual(strokeObject(state, 'source'), { object: null, newObject: false });
  assert.equal(chosenMotion('auto'), null);
  assert.deepEqual(chosenMotion({ object: 3007 }), { kind: 'ride', object: 3007 });
});

test('the clock says which frame is due', () => {
  assert.equal(frameDue(10, 0, 12, 60, true), 10);
  assert.equal(frameDue(10, 1, 12, 60, true), 22);
  assert.equal(frameDue(59, 1 / 12, 12, 60, true), 0);
  assert.equal(frameDue(59, 1 / 12, 12, 60, false), null);
});

test('zoom keeps the point under the pointer, fit shows everything', () => {
  const placement = new Placement();
  placement.resize(512, 256, 1060, 600);
  assert.equal(placement.zoom, 2);
  const before = placement.pointAt(300, 200);
  placement.zoomAt(300, 200, 2.5);
  for (const [index, part] of placement.pointAt(300, 200).entries()) assert.ok(Math.abs(part - before[index]) < 1e-9);
  placement.resize(512, 256, 700, 500);
  assert.equal(placement.fitted, false);
  placement.fit();
  assert.ok(placement.x >= 0 && placement.x + placement.width * placement.zoom <= 700);
  placement.pan(5000, 5000);
  assert.ok(placement.visible().width > 0);
});

test('brush sizes grow and shrink within their limits', () => {
  assert.equal(nextSize(1, -1), 1);
  assert.equal(nextSize(128, 1), 128);
  assert.ok(nextSize(36, 1) > 36 && nextSize(36, -1) < 36);
  for (const size of [1, 24, 128]) assert.ok(Math.abs(fromSlider(toSlider(size)) - size) <= 2);
});

test('what is kept stays within its room, the oldest goes first', () => {
  const closed = [];
  const kept = new Kept(10);
  for (const key of ['a', 'b']) kept.put(key, { close: () => closed.push(key) }, 4);
  kept.get('a');
  kept.put('c', {}, 4);
  assert.deepEqual(closed, ['b']);
  assert.ok(kept.has('a') && kept.has('c'));
});

test('the newest wish is loaded first, each once', async () => {
  const order = [];
  let loader;
  const all = new Promise((resolve) => {
    loader = new Loader(
      async (key) => {
        order.push(key);
        return { value: key, size: 1 };
      },
      100,
      () => {
        if (order.length === 6) resolve();
      },
    );
  });
  for (const key of ['1', '2', '3', '4', '5']) loader.get(key);
  loader.get('4');
  loader.prefetch(['6', '5']);
  await all;
  assert.deepEqual(order, ['1', '2', '3', '4', '5', '6']);
});

test('a store tells all changes of a turn at once', async () => {
  const store = new Store();
  const heard = [];
  store.subscribe((_state, names) => heard.push([...names].sort()));
  store.set({ t: 4, tool: 'brush' });
  store.set({ size: 3, t: 4 });
  await null;
  assert.deepEqual(heard, [['size', 't', 'tool']]);
});

test('strokes that belong together share a lane', () => {
  const stroke = (id, lane, frame, spans, note = '') => ({
    edit: { id, kind: 'paint', frames: [0, 9], keyframes: [{ frame }] },
    title: 'road, painted',
    lane,
    spans,
    note,
  });
  const swap = { edit: { id: 's', kind: 'set_class', frames: [0, 9] }, title: 'car', lane: 's', spans: [], note: 'n' };
  const lanes = sharedLanes([stroke('a', 'a', 1, [[0, 3]]), stroke('b', 'a', 4, [[2, 5]], 'left'), swap]);
  assert.deepEqual(
    lanes.map(({ ids, title, spans, note }) => [ids, title, spans, note]),
    [
      [['a', 'b'], 'road, painted · 2 strokes', [[0, 5]], ''],
      [['s'], 'car', [], 'n'],
    ],
  );
  assert.deepEqual(lanes[0].edit.keyframes, [{ frame: 1 }, { frame: 4 }]);
  assert.equal(lanes[0].edit.id, 'a');
  assert.equal(sharedLanes([stroke('a', 'a', 1, [[0, 3]]), stroke('b', 'a', 4, null)])[0].spans, null);
});

test('a pen presses the brush smaller, a mouse and a finger do not', () => {
  assert.equal(pressedSize(40, { pointerType: 'pen', pressure: 0.25 }), 10);
  assert.equal(pressedSize(40, { pointerType: 'pen', pressure: 0 }), 1);
  assert.equal(pressedSize(40, { pointerType: 'mouse', pressure: 0.5 }), 40);
  assert.equal(pressedSize(40, { pointerType: 'touch', pressure: 0.1 }), 40);
});

test('keys have names, for the table and for people', () => {
  const press = (key, held = {}) => keyName({ key, ctrlKey: false, metaKey: false, shiftKey: false, ...held });
  assert.equal(press('b'), 'b');
  assert.equal(press('Z', { metaKey: true, shiftKey: true }), 'Ctrl+Shift+z');
  assert.equal(press('?', { shiftKey: true }), '?');
  assert.equal(press('ArrowLeft', { shiftKey: true }), 'Shift+ArrowLeft');
  assert.equal(press('B', { shiftKey: true }), 'Shift+b');
  assert.equal(press(' '), 'Space');
  assert.deepEqual(['Ctrl+z', '+', 'Shift+ArrowLeft', 'Escape'].map(keyWords), ['Ctrl Z', '+', 'Shift ←', 'Esc']);
});

test('what is painted is not seen on the clip before and on filmed frames', () => {
  const seen = (patch) => showsEdits({ ...initialState(), ...patch });
  assert.deepEqual(
    ['render', 'labels', 'wipe', 'camera', 'before'].map((view) => seen({ view })),
    [true, true, true, false, false],
  );
  assert.equal(seen({ view: 'render', comparing: true }), false);
});

test('another project starts with everything of a project new, and keeps what is of the tab', () => {
  const store = new Store();
  store.set({ picked: 3, range: [1, 2], over: new Set([1]), everyone: true, scope: 'onward', tool: 'fill', size: 7 });
  store.set(projectState());
  assert.deepEqual(store.state, { ...initialState(), tool: 'fill', size: 7 });
});

test('what is typed means names that begin with it, else names that have it anywhere', () => {
  const names = ['vegetation', 'truck', 'traffic light'];
  assert.deepEqual(meant(names, ' T'), [false, true, true]);
  assert.deepEqual(meant(names, 'light'), [false, false, true]);
  assert.deepEqual(meant(names, 'tat'), [true, false, false]);
  assert.deepEqual(meant(names, ''), [true, true, true]);
});
