// @ts-check
// The routes: reads, writes one at a time, and the socket that tells what is new.

/** @import { EventHandlers } from './types' */
/** @typedef {{error?: string, fix?: string}} ErrorBody */

/** A request that was answered with an error (status) or not at all (status 0). */
export class ApiError extends Error {
  /** @param {number} status
   * @param {ErrorBody} body */
  constructor(status, body = {}) {
    const fallback = status ? `The server answered ${status}.` : 'The server cannot be reached.';
    super([body.error, body.fix].filter(Boolean).join(' ') || fallback);
    this.status = status;
    this.body = body;
  }
}

/** 16 random bytes as hex; works without a secure context, unlike randomUUID. */
export function randomId() {
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, '0')).join('');
}

export class Api {
  /** @param {string} base absolute address of the routes with a slash at its end
   * @param {string} token what every write carries
   * @param {(url: string, options?: RequestInit) => Promise<Response>} fetcher */
  constructor(base, token, fetcher = (...args) => fetch(...args)) {
    this.base = base;
    this.token = token;
    this.fetcher = fetcher;
    /** @type {Promise<unknown>} */
    this.last = Promise.resolve();
    /** Called when the server was started again since the last token. */
    this.onRestart = () => {};
  }

  /** @param {string} path */
  url(path) {
    return new URL(path, this.base).href;
  }

  /** @param {string} path
   * @param {RequestInit} options */
  async request(path, options = {}) {
    let reply;
    try {
      reply = await this.fetcher(this.url(path), options);
    } catch {
      throw new ApiError(0);
    }
    if (reply.ok) return reply;
    throw new ApiError(reply.status, await reply.json().catch(() => ({})));
  }

  /** @param {string} path
   * @returns {Promise<any>} whatever the caller says that the route replies */
  async json(path) {
    return (await this.request(path)).json();
  }

  /** Writes leave in order, the next after the reply to the one before.
   * @param {string} method
   * @param {string} path
   * @param {object | (() => object)} [body] a function is asked when it is its turn
   * @returns {Promise<any>} whatever the caller says that the route replies */
  write(method, path, body) {
    const turn = this.last.then(() => this.send(method, path, typeof body === 'function' ? body() : body));
    this.last = turn.catch(() => {});
    return turn;
  }

  /** A token of an earlier start of the server is replaced, and the request made again.
   * @param {string} method
   * @param {string} path
   * @param {object | undefined} [body] a Blob goes as it is */
  async send(method, path, body) {
    try {
      return await this.sendOnce(method, path, body);
    } catch (error) {
      if (!(error instanceof ApiError) || error.status !== 403 || !(await this.renewToken())) throw error;
      return this.sendOnce(method, path, body);
    }
  }

  /** @param {string} method
   * @param {string} path
   * @param {object | undefined} body */
  async sendOnce(method, path, body) {
    const raw = body instanceof Blob;
    const type = raw ? 'application/octet-stream' : 'application/json';
    const reply = await this.request(path, {
      method,
      headers: { 'Content-Type': type, 'X-Scenebrush': this.token },
      body: raw ? body : body === undefined ? undefined : JSON.stringify(body),
    });
    const text = await reply.text();
    return text ? JSON.parse(text) : {};
  }

  /** Ask for the token of now. Returns whether it is another than the one known. */
  async renewToken() {
    const { token } = await this.json('token').catch(() => ({ token: this.token }));
    if (token === this.token) return false;
    this.token = token;
    this.onRestart();
    return true;
  }

  /** The address of a project's socket.
   * @param {string} project */
  eventsUrl(project) {
    const url = new URL(`projects/${project}/events`, this.base);
    url.protocol = url.protocol === 'https:' ? 'wss:' : 'ws:';
    url.searchParams.set('token', this.token);
    return url.href;
  }
}

/** The name that the server gives a file, or null.
 * @param {string | null} disposition */
export function fileName(disposition) {
  const [, coded] = /filename\*=utf-8''([^;]+)/i.exec(disposition ?? '') ?? [];
  if (coded) return decodeURIComponent(coded);
  return /filename="([^"]+)"/.exec(disposition ?? '')?.[1] ?? null;
}

// The server says something every 15 s; a socket that is silent for longer is dead.
const SILENCE_MS = 40_000;
// A proxy may neither open a socket nor refuse it.
const OPENING_MS = 10_000;

/** A socket that comes back by itself. onOpen is called at each connection, so that the page can catch up. */
export class Events {
  /** @param {() => string} url asked at each connection: the token in it may have changed
   * @param {EventHandlers} handlers
   * @param {typeof WebSocket} Socket */
  constructor(url, handlers, Socket = globalThis.WebSocket) {
    this.url = url;
    this.handlers = handlers;
    this.Socket = Socket;
    this.tries = 0;
    this.opened = false;
    this.closed = false;
    /** @type {ReturnType<typeof setTimeout> | undefined} */
    this.silence = undefined;
    /** @type {ReturnType<typeof setTimeout> | undefined} */
    this.retry = undefined;
    this.socket = this.connect();
  }

  connect() {
    const socket = new this.Socket(this.url());
    this.socket = socket;
    this.opened = false;
    this.listen(OPENING_MS);
    socket.onopen = () => {
      this.tries = 0;
      this.opened = true;
      this.listen();
      this.handlers.onOpen();
    };
    socket.onmessage = (message) => {
      this.listen();
      this.handlers.onEvent(JSON.parse(message.data));
    };
    socket.onclose = () => {
      if (this.socket === socket) this.lost();
    };
    return socket;
  }

  /** @param {number} most milliseconds without a word */
  listen(most = SILENCE_MS) {
    clearTimeout(this.silence);
    this.silence = setTimeout(() => this.socket.close(), most);
  }

  lost() {
    clearTimeout(this.silence);
    if (this.closed) return;
    this.handlers.onLost(this.opened);
    const wait = Math.min(8000, 400 * 2 ** this.tries++);
    this.retry = setTimeout(() => this.closed || this.connect(), wait * (0.75 + Math.random() / 2));
  }

  close() {
    this.closed = true;
    clearTimeout(this.silence);
    clearTimeout(this.retry);
    this.socket.close();
  }
}
