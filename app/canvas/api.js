// The routes: reads, writes one at a time, and the socket that tells what is new.

/** A request that was answered with an error (status) or not at all (status 0). */
export class ApiError extends Error {
  constructor(status, body = {}) {
    super(
      [body.error, body.fix].filter(Boolean).join(' ') ||
        (status ? `The server answered ${status}.` : 'The server cannot be reached.'),
    );
    this.status = status;
    this.body = body;
  }
}

/** 16 random bytes as hex; works without a secure context, unlike randomUUID. */
export function randomId() {
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, '0')).join('');
}

export class Api {
  /** base: absolute address of the routes with a slash at its end. */
  constructor(base, token, fetcher = (...args) => fetch(...args)) {
    this.base = base;
    this.token = token;
    this.fetcher = fetcher;
    this.last = Promise.resolve();
  }

  url(path) {
    return new URL(path, this.base).href;
  }

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

  async json(path) {
    return (await this.request(path)).json();
  }

  /** Writes leave in order, the next after the reply to the one before. `body` may be a function, asked when it is its turn. */
  write(method, path, body) {
    const turn = this.last.then(() => this.send(method, path, typeof body === 'function' ? body() : body));
    this.last = turn.catch(() => {});
    return turn;
  }

  async send(method, path, body) {
    const reply = await this.request(path, {
      method,
      headers: { 'Content-Type': 'application/json', 'X-Scenebrush': this.token },
      body: body === undefined ? undefined : JSON.stringify(body),
    });
    const text = await reply.text();
    return text ? JSON.parse(text) : {};
  }

  /** The address of a project's socket. */
  eventsUrl(project) {
    const url = new URL(`projects/${project}/events`, this.base);
    url.protocol = url.protocol === 'https:' ? 'wss:' : 'ws:';
    url.searchParams.set('token', this.token);
    return url.href;
  }
}

/** The name that the server gives a file, or null. */
export function fileName(disposition) {
  const [, coded] = /filename\*=utf-8''([^;]+)/i.exec(disposition ?? '') ?? [];
  if (coded) return decodeURIComponent(coded);
  return /filename="([^"]+)"/.exec(disposition ?? '')?.[1] ?? null;
}

// The server says something every 15 s; a socket that is silent for longer is dead.
const SILENCE_MS = 40_000;

/** A socket that comes back by itself. onOpen is called at each connection, so that the page can catch up. */
export class Events {
  constructor(url, { onEvent, onOpen, onLost }, Socket = globalThis.WebSocket) {
    Object.assign(this, { url, onEvent, onOpen, onLost, Socket, tries: 0, closed: false });
    this.connect();
  }

  connect() {
    if (this.closed) return;
    const socket = new this.Socket(this.url);
    this.socket = socket;
    socket.onopen = () => {
      this.tries = 0;
      this.listen();
      this.onOpen();
    };
    socket.onmessage = (message) => {
      this.listen();
      this.onEvent(JSON.parse(message.data));
    };
    socket.onclose = () => {
      if (this.socket === socket) this.lost();
    };
  }

  listen() {
    clearTimeout(this.silence);
    this.silence = setTimeout(() => this.socket.close(), SILENCE_MS);
  }

  lost() {
    clearTimeout(this.silence);
    if (this.closed) return;
    this.onLost();
    const wait = Math.min(8000, 400 * 2 ** this.tries++);
    this.retry = setTimeout(() => this.connect(), wait * (0.75 + Math.random() / 2));
  }

  close() {
    this.closed = true;
    clearTimeout(this.silence);
    clearTimeout(this.retry);
    this.socket.close();
  }
}
