// The protocol from the tab's side, against a server of a few lines.
import assert from 'node:assert/strict';
import { beforeEach, test } from 'node:test';
import { Api, ApiError } from '../../../app/canvas/api.js';
import { swapEdit } from '../../../app/canvas/edits.js';
import { isOutdated } from '../../../app/canvas/replies.js';
import { Session } from '../../../app/canvas/session.js';
import { Store } from '../../../app/canvas/store.js';

const FRAMES = 4;
const mark = (key, stage = 'final') => ({ key, stage });

class Server {
  constructor() {
    Object.assign(this, {
      revision: 0,
      edits: [],
      render: Array(FRAMES).fill(null),
      before: Array(FRAMES).fill(null),
      tickets: 0,
      ticket: null,
      calls: [],
      replies: {},
      failures: [],
      running: 0,
      most: 0,
    });
  }

  token = 'token';

  state() {
    return structuredClone({
      project: 'p',
      revision: this.revision,
      seed: 0,
      clip: { name: 'c', frames: FRAMES, width: 4, height: 4, fps: 12 },
      checkpoint: { name: 'street', hash: 'h' },
      mode: 'rendered',
      classes: [],
      edits: this.edits,
      can_undo: this.edits.length > 0,
      can_redo: false,
      label_keys: Array(FRAMES).fill(`l${this.revision}`),
      render: this.render,
      before: this.before,
      ticket: this.ticket,
      notice: '',
    });
  }

  async fetch(url, { method = 'GET', body, headers } = {}) {
    const path = new URL(url).pathname.replace('/api/v1/', '');
    const data = body ? JSON.parse(body) : {};
    this.calls.push([method, path, data]);
    this.most = Math.max(this.most, ++this.running);
    await this.hold?.(path);
    this.running--;
    if (method !== 'GET' && headers['X-Scenebrush'] !== this.token)
      return reply(403, { error: 'The token is of an earlier start.' });
    const failure = this.failures[0]?.path.test(path) ? this.failures.shift() : null;
    if (failure?.status === 0) throw new TypeError('offline');
    if (failure) return reply(failure.status, failure.body ?? {});
    return this.answer(method, path, data);
  }

  answer(method, path, data) {
    if (path.endsWith('/edits')) {
      if (this.replies[data.request_id]) return reply(200, this.replies[data.request_id]);
      if (data.base !== this.revision) return reply(409, { error: 'another edit came first', revision: this.revision });
      if (method === 'DELETE') this.edits = this.edits.filter(({ edit }) => !data.ids.includes(edit.id));
      else for (const edit of data.edits) this.edits.push(entryOf(edit));
      this.advance();
      const changed = this.edits.filter(({ edit }) => data.edits?.some(({ id }) => id === edit.id));
      this.replies[data.request_id] = this.change(changed, data.ids);
      return reply(200, this.replies[data.request_id]);
    }
    if (path.endsWith('/frames')) {
      if (data.base !== this.revision) return reply(409, { error: 'another edit came first', revision: this.revision });
      const changed = this.edits.filter(({ edit }) => data.ids.includes(edit.id));
      for (const { edit } of changed) edit.frames = data.frames;
      this.advance();
      return reply(200, this.change(changed));
    }
    if (path === 'token') return reply(200, { token: this.token });
    if (path.endsWith('/render')) {
      if (data.revision !== this.revision) return reply(409, { error: 'another edit came first' });
      this.ticket = `t${++this.tickets}`;
      return reply(200, { ticket: this.ticket });
    }
    return reply(200, method === 'DELETE' ? {} : this.state());
  }

  /** The reply to a change that was made just now. */
  change(changed, removed = []) {
    const { revision, can_undo, can_redo, render, ticket } = this.state();
    return structuredClone({
      project: 'p',
      base: revision - 1,
      revision,
      edits: changed.map((entry) => ({ ...entry, place: this.edits.indexOf(entry) })),
      removed,
      lanes_known: this.known ?? this.edits.length,
      label_keys: { 1: `l${revision}` },
      can_undo,
      can_redo,
      render,
      ticket,
    });
  }

  advance() {
    this.revision++;
    this.render = Array(FRAMES).fill(null);
    this.ticket = null;
  }
}

const entryOf = (edit) => ({ edit, title: '', lane: edit.id, spans: [], note: '' });
const reply = (status, body) => ({
  ok: status < 400,
  status,
  json: async () => body,
  text: async () => JSON.stringify(body),
});
const edit = () => swapEdit({ target: { object: 14046 }, to: 15, frames: [0, FRAMES] });

let server, store, session, socket;
beforeEach(async () => {
  server = new Server();
  store = new Store();
  session = new Session(
    new Api('http://here/api/v1/', 'token', (...args) => server.fetch(...args)),
    store,
    (_project, handlers) => {
      socket = { ...handlers, close() {} };
      return socket;
    },
  );
  await session.open('p');
  socket.onOpen();
});
const frame = (t, fields = {}) =>
  socket.onEvent({
    type: 'frame',
    ticket: store.state.server.ticket,
    revision: store.state.server.revision,
    t,
    key: `k${t}`,
    stage: 'final',
    ...fields,
  });

test('an edit is saved, then its frames are asked for, the one under the cursor first', async () => {
  store.set({ t: 2 });
  const saving = session.edit(edit());
  assert.equal(store.state.saving, 'saving');
  assert.equal(await saving, true);
  assert.equal(store.state.saving, 'saved');
  assert.equal(store.state.server.revision, 1);
  assert.deepEqual(
    server.calls.slice(-2).map(([method, path]) => [method, path]),
    [
      ['POST', 'projects/p/edits'],
      ['POST', 'projects/p/render'],
    ],
  );
  assert.equal(server.calls.at(-1)[2].cursor, 2);
  assert.equal(store.state.server.ticket, 't1');
});

test('a change says what is looked at, and frames that it has rendered are not asked for again', async () => {
  const { advance } = server;
  server.advance = function () {
    advance.call(this);
    this.ticket = 't7';
  };
  store.set({ t: 3 });
  server.hold = async (path) => {
    if (path.endsWith('/edits')) {
      server.hold = null;
      frame(3, { ticket: 't7', revision: 1, stage: 'preview' });
    }
  };
  await session.edit(edit());
  assert.equal(server.calls.at(-1)[2].cursor, 3);
  assert.deepEqual(
    server.calls.filter(([, path]) => path.endsWith('/render')),
    [],
  );
  assert.deepEqual(store.state.server.render[3], mark('k3', 'preview'));
  assert.equal(store.state.rendering, 'running');
});

test('where an edit acts is sent later, of this revision only', async () => {
  const one = edit();
  const lanes = (revision, spans) =>
    socket.onEvent({ type: 'lanes', revision, edits: [{ id: one.id, spans, note: 'n' }] });
  const lane = () => store.state.server.edits[0];
  server.edits.push({ edit: one, title: '', spans: null, note: '' });
  server.advance();
  lanes(1, [[1, 3]]); // before the state that it is of
  await session.resync();
  assert.deepEqual([lane().spans, lane().note, isOutdated(lane())], [[[1, 3]], 'n', false]);
  session.applyState(server.state()); // was made before it was known
  assert.deepEqual([lane().spans, isOutdated(lane())], [[[1, 3]], false]);
  server.advance();
  await session.resync();
  assert.deepEqual([lane().spans, isOutdated(lane())], [[[1, 3]], true]);
  lanes(1, [[0, 1]]);
  assert.deepEqual(lane().spans, [[1, 3]]);
  lanes(2, []);
  assert.deepEqual([lane().spans, isOutdated(lane())], [[], false]);
});

test('what was heard while a reply was on its way is newer than the reply', async () => {
  store.set({ futures: { stage: 'none' } });
  let answer;
  const asked = session.takeOver('futures', new Promise((resolve) => (answer = resolve)));
  socket.onEvent({ type: 'futures', futures: { stage: 'ready' } });
  answer({ stage: 'running' });
  await asked;
  assert.equal(store.state.futures.stage, 'ready');
  await session.takeOver('futures', Promise.resolve({ stage: 'none' }));
  assert.equal(store.state.futures.stage, 'none');
});

test('a frame is taken only with the current ticket and revision', async () => {
  await session.render();
  frame(0, { ticket: 'other' });
  frame(1, { revision: -1 });
  assert.deepEqual(store.state.server.render, [null, null, null, null]);
  frame(1);
  assert.deepEqual(store.state.server.render[1], mark('k1'));
});

test('frames are asked for of the revision that a change on its way brings', async () => {
  const { change } = server;
  // Of a base that the page does not have: it asks for all of the state.
  server.change = (...args) => ({ ...change.apply(server, args), base: -1 });
  let release;
  server.hold = (path) => path.endsWith('/edits') && new Promise((resolve) => (release = resolve));
  const saved = session.edit(edit());
  const asked = session.render();
  await new Promise((resolve) => setTimeout(resolve));
  store.set({ t: 2 });
  release();
  await Promise.all([saved, asked]);
  const wishes = server.calls.filter(([, path]) => path.endsWith('/render')).map(([, , data]) => data);
  assert.ok(wishes.length > 0);
  assert.ok(wishes.every(({ revision, cursor }) => revision === 1 && cursor === 2));
});

test('a preview never replaces the final render', async () => {
  await session.render();
  frame(1);
  frame(1, { key: 'worse', stage: 'preview' });
  assert.deepEqual(store.state.server.render[1], mark('k1'));
});

test('after cancel nothing of that ticket is shown', async () => {
  await session.render();
  const { ticket } = store.state.server;
  await session.cancel();
  frame(2, { ticket });
  assert.equal(store.state.server.render[2], null);
  assert.equal(store.state.rendering, 'cancelled');
  assert.deepEqual(server.calls.at(-1).slice(0, 2), ['DELETE', 'projects/p/render/t1']);
});

test('frames that overtake the reply to a write are kept for it', async () => {
  server.hold = async (path) => {
    if (path === 'token') return reply(200, { token: this.token });
    if (path.endsWith('/render')) {
      server.hold = null;
      frame(3, { ticket: 't1', revision: 1 });
    }
  };
  await session.edit(edit());
  assert.deepEqual(store.state.server.render[3], mark('k3'));
});

test('writes leave one at a time', async () => {
  server.hold = () => new Promise((resolve) => setImmediate(resolve));
  await Promise.all([session.edit(edit()), session.edit(edit()), session.edit(edit())]);
  assert.equal(server.most, 1);
  assert.equal(store.state.server.revision, 3);
});

test('offline keeps the edit and says not saved; trying again sends the same request', async () => {
  server.failures.push({ path: /edits$/, status: 0 });
  assert.equal(await session.edit(edit()), false);
  assert.equal(store.state.saving, 'unsaved');
  assert.equal(store.state.pending.length, 1);
  const first = server.calls.at(-1)[2].request_id;
  await session.saving.retry();
  assert.equal(server.calls.filter(([, path]) => path.endsWith('/edits')).at(-1)[2].request_id, first);
  assert.equal(store.state.saving, 'saved');
  assert.equal(server.edits.length, 1);
});

test('a reply that was lost does not make the edit twice', async () => {
  const answer = server.answer.bind(server);
  let lost = false;
  server.answer = (...args) => {
    const out = answer(...args);
    if (args[1].endsWith('/edits') && !lost) {
      lost = true;
      throw new TypeError('lost');
    }
    return out;
  };
  await session.edit(edit());
  assert.equal(store.state.saving, 'unsaved');
  await session.saving.retry();
  assert.equal(server.edits.length, 1);
  assert.equal(store.state.saving, 'saved');
});

test('after a conflict a stroke is put on top of the newer state', async () => {
  server.edits.push(entryOf(edit()));
  server.advance();
  assert.equal(await session.edit(edit()), true);
  assert.equal(server.edits.length, 2);
  assert.equal(store.state.server.revision, 2);
});

test('after a conflict a fill is kept and said to be not saved', async () => {
  server.advance();
  assert.equal(await session.edit(edit(), { rebase: false }), false);
  assert.equal(store.state.saving, 'unsaved');
  assert.equal(store.state.pending.length, 1);
  assert.equal(store.state.server.revision, 1);
  session.saving.discard();
  assert.equal(store.state.saving, 'saved');
});

test('an edit that the server finds wrong is given up with its words', async () => {
  server.failures.push({
    path: /edits$/,
    status: 422,
    body: { error: 'Class 99 is not known.', fix: 'Choose another.' },
  });
  await session.edit(edit());
  assert.equal(store.state.pending.length, 0);
  assert.match(store.state.message.text, /Class 99 is not known\. Choose another\./);
});

test('other frames of an edit are one change, asked for once more after a conflict', async () => {
  const one = edit();
  await session.edit(one);
  server.advance();
  assert.equal(await session.reframe([one.id], [1, 3]), true);
  assert.deepEqual(store.state.server.edits[0].edit.frames, [1, 3]);
  assert.equal(store.state.server.revision, 3);
  server.failures.push({ path: /frames$/, status: 422, body: { error: 'It was painted on frame 2.' } });
  assert.equal(await session.reframe([one.id], [2, 3]), false);
  assert.match(store.state.message.text, /painted on frame 2/);
  assert.deepEqual(store.state.server.edits[0].edit.frames, [1, 3]);
});

test('while nothing can be saved edits are refused in words, and what waits is sent when it can be', async () => {
  const refusal = { error: 'Another has it.', fix: 'Close it.' };
  server.failures.push({ path: /edits$/, status: 423, body: refusal });
  const state = server.state.bind(server);
  server.state = () => ({ ...state(), read_only: refusal });
  assert.equal(await session.edit(edit()), false);
  assert.deepEqual(store.state.server.read_only, refusal);
  assert.equal(store.state.saving, 'unsaved');
  assert.equal(await session.edit(edit()), false);
  assert.match(store.state.message.text, /read only\. Another has it/);
  assert.equal(store.state.pending.length, 1);
  await session.claim();
  assert.match(store.state.message.text, /Still read only/);
  server.state = state;
  await session.claim();
  assert.equal(store.state.server.read_only, undefined);
  assert.equal(store.state.saving, 'saved');
  assert.equal(server.edits.length, 1);
});

test('what was sent between the state and the socket is not missed', async () => {
  const late = new Session(session.api, new Store(), (_project, handlers) => {
    socket = { ...handlers, close() {} };
    return socket;
  });
  await late.open('p');
  server.before = server.before.map((_, t) => `b${t}`); // sent to nobody: the socket is not there yet
  socket.onOpen();
  await new Promise((resolve) => setImmediate(resolve));
  assert.deepEqual(late.server.before, ['b0', 'b1', 'b2', 'b3']);
});

test('a change made elsewhere is fetched', async () => {
  server.advance();
  socket.onEvent({ type: 'changed', revision: 1 });
  await new Promise((resolve) => setImmediate(resolve));
  assert.equal(store.state.server.revision, 1);
});

test('an older state never replaces a newer one, and known frames survive a fresh state', async () => {
  const old = server.state();
  await session.edit(edit());
  frame(0);
  session.applyState(old);
  assert.equal(store.state.server.revision, 1);
  session.applyState(server.state());
  assert.deepEqual(store.state.server.render[0], mark('k0'));
});

test('a reply says what changed, and the rest stays', async () => {
  const [first, second] = [edit(), edit()];
  await session.edit(first);
  server.known = 1;
  const before = store.state.server;
  await session.edit(second);
  const { server: now } = store.state;
  assert.deepEqual(
    now.edits.map((entry) => [entry.edit.id, isOutdated(entry)]),
    [
      [first.id, false],
      [second.id, true],
    ],
  );
  assert.equal(now.edits[0], before.edits[0]);
  assert.deepEqual(now.label_keys, ['l0', 'l2', 'l0', 'l0']);
  assert.equal(server.calls.filter(([method]) => method === 'GET').length, 2); // opening, and the socket
  server.known = 0;
  await session.remove([first.id]);
  assert.deepEqual(
    store.state.server.edits.map((entry) => [entry.edit.id, entry.spans, isOutdated(entry)]),
    [[second.id, [], true]],
  );
});

test('what changed comes to its place, and where it acts is as it was known until it is said', () => {
  const [a, b, c] = ['a', 'b', 'c'].map((id) => entryOf({ ...edit(), id }));
  session.applyState({ ...server.state(), edits: [a, c].map((entry) => ({ ...entry, spans: [[0, 2]] })) });
  server.edits = [b, { ...c, spans: null }];
  server.known = 1;
  server.advance();
  assert.equal(session.applyChange(server.change(server.edits, ['a'])), true);
  assert.deepEqual(
    store.state.server.edits.map((entry) => [entry.edit.id, entry.spans, isOutdated(entry)]),
    [
      ['b', [], false],
      ['c', [[0, 2]], true],
    ],
  );
});

test('a change of a revision that the page does not show is fetched whole', async () => {
  server.edits.push(entryOf(edit()));
  server.advance();
  server.advance();
  assert.equal(session.applyChange(server.change([])), false);
  const answer = server.answer.bind(server);
  server.answer = (method, path, data) => answer(method, path, { ...data, base: server.revision });
  await session.edit(edit());
  assert.equal(store.state.server.revision, 3);
  assert.equal(store.state.server.edits.length, 2);
  assert.equal(session.applyChange(server.change([])), true); // known already
  assert.equal(store.state.server.edits.length, 2);
});

test("errors carry the server's words", () => {
  assert.equal(new ApiError(422, { error: 'Wrong.', fix: 'Mend it.' }).message, 'Wrong. Mend it.');
  assert.equal(new ApiError(0).message, 'The server cannot be reached.');
});

test('after a restart of the server an edit is saved with the new token, and what it had rendered is asked for again', async () => {
  await session.render();
  frame(1);
  server.token = 'of the next start';
  server.ticket = null;
  server.render = Array(FRAMES).fill(null);
  assert.equal(await session.edit(edit()), true);
  assert.equal(store.state.saving, 'saved');
  assert.equal(server.edits.length, 1);
  assert.equal(session.api.token, 'of the next start');
});

test('a page that only lost its socket over a restart asks for frames that are gone', async () => {
  await session.render();
  for (const t of [0, 1]) frame(t);
  Object.assign(server, { token: 'new', ticket: null, render: Array(FRAMES).fill(null) });
  await session.api.renewToken();
  await session.resync();
  assert.deepEqual(store.state.server.render, Array(FRAMES).fill(null));
  assert.equal(server.calls.at(-1)[1], 'projects/p/render');
});

test('a refusal that no new token mends is shown', async () => {
  server.failures.push({ path: /edits$/, status: 403, body: { error: 'Another page asked for this.' } });
  assert.equal(await session.edit(edit()), false);
  assert.equal(store.state.saving, 'unsaved');
  assert.equal(store.state.pending[0].why, 'Another page asked for this.');
});

test('an edit whose reply was lost with the server that gave it is not made twice', async () => {
  const one = edit();
  server.edits.push({ edit: one, title: '', spans: [], note: '' });
  server.advance();
  assert.equal(await session.edit(one), true);
  assert.equal(server.edits.length, 1);
  assert.equal(store.state.saving, 'saved');
});

test('a stroke is drawn until its frame is rendered with it', async () => {
  const stroke = { frame: 2, to: 3, mask: { box: [0, 0, 1, 1], runs: [0, 1] } };
  await session.edit(edit(), { stroke });
  assert.deepEqual([store.state.pending, store.state.settling], [[], [stroke]]);
  frame(1);
  assert.deepEqual(store.state.settling, [stroke]);
  frame(2, { stage: 'preview' });
  assert.deepEqual(store.state.settling, []);
});

test('nothing of one project is left in the next', async () => {
  await session.edit(edit());
  socket.onEvent({ type: 'changed', revision: 99 });
  store.set({ picked: 5, range: [1, 2] });
  const next = new Server();
  Object.assign(server, {
    revision: 0,
    edits: [],
    render: next.render,
    state: () => ({ ...next.state(), project: 'q' }),
  });
  await session.open('q');
  assert.deepEqual([store.state.picked, store.state.range, session.incoming.newest], [null, null, 0]);
});

test('without a socket the state is asked for, and it is blocked only where requests are answered', async (context) => {
  const { polling } = session.incoming;
  context.after(() => polling.stop());
  polling.pause = 1e6;
  const ask = () => polling.ask(polling.round);
  server.failures.push(...[1, 2].map(() => ({ path: /^projects\/p$/, status: 0 })));
  socket.onLost(true);
  await ask();
  socket.onLost(false); // nobody is there
  assert.deepEqual([store.state.online, store.state.blocked], [false, false]);
  await ask();
  assert.equal(store.state.online, true);
  socket.onLost(false);
  assert.deepEqual([store.state.online, store.state.blocked], [true, true]);
  await session.render();
  server.render[2] = mark('k2');
  await ask();
  assert.deepEqual(store.state.server.render[2], mark('k2'));
  assert.equal(store.state.rendering, 'running');
  server.ticket = null; // it failed, or another tab stopped it
  await ask();
  assert.equal(store.state.rendering, 'cancelled');
  const asked = context.mock.method(polling, 'onAnswer');
  socket.onOpen();
  assert.equal(polling.running, false);
  await new Promise((resolve) => setTimeout(resolve));
  assert.equal(asked.mock.callCount(), 1); // what came since the last answer was not heard
});
