// The live connection to a channel. It reconnects by itself and resumes after the last message and
// the last change that it has seen. Messages that the server sends twice are handed on twice, and
// the view shows them once; messages that are missing are read by HTTP.

import { freshToken, get, hasStatus, isAborted, messageOf, post } from "/console/core/http.js";

/** @import { Page, Schemas } from "/console/core/http.js" */

/** @typedef {Schemas["ChatMessage"] & { client_id?: string }} Message */
/** @typedef {Schemas["ChatPerson"]} Person */

/**
 * What the view does with what arrives.
 *
 * @typedef {object} Handlers
 * @property {(message: Message) => void} message
 * @property {(change: { seq: number, body: string, edited_at: string }) => void} edited
 * @property {(change: { seq: number }) => void} deleted
 * @property {(ack: { client_id: string, seq: number }) => void} ack
 * @property {(frame: { user: Person }) => void} typing
 * @property {(frame: { event: "join" | "leave", user: Person }) => void} presence
 * @property {() => void} notification
 * @property {(frame: { code: string, detail?: string }) => void} problem
 * @property {(state: SocketState, reason?: string) => void} state
 * @property {() => number} oldest returns the lowest seq that is shown
 * @property {() => void} joined runs after the first welcome
 *
 * @typedef {"connecting" | "open" | "waiting" | "ended"} SocketState "ended" is final
 */

/**
 * What the socket needs of its surroundings. Tests give others.
 *
 * @typedef {object} Environment
 * @property {(url: URL) => WebSocket} connect
 * @property {() => Promise<string>} fetchTicket
 * @property {typeof freshToken} freshToken
 * @property {(slug: string, afterSeq: number, signal: AbortSignal) => Promise<Page<Message>>} readMessages
 * @property {(work: () => void, ms: number) => any} setTimeout
 * @property {(timer: any) => void} clearTimeout
 * @property {(work: () => void, ms: number) => any} setInterval
 * @property {(timer: any) => void} clearInterval
 * @property {() => number} random
 */

/** @type {Environment} */
const browser = {
  connect: (url) => new WebSocket(url),
  fetchTicket: async () => (await post("/ws/tickets")).ticket,
  freshToken,
  readMessages: (slug, after_seq, signal) =>
    get(`/channels/${encodeURIComponent(slug)}/messages`, { after_seq, limit: 100 }, { signal }),
  setTimeout: (work, ms) => setTimeout(work, ms),
  clearTimeout: (timer) => clearTimeout(timer),
  setInterval: (work, ms) => setInterval(work, ms),
  clearInterval: (timer) => clearInterval(timer),
  random: Math.random,
};

// Codes with which the server closes the connection.
const closedForbidden = 4403;
const closedDeleted = 4404;
const closedTooMany = 4429;

const maxDelayMs = 15000;
const triesAfterTooMany = 4; // the wait after closedTooMany begins at 8 s
const renewEveryMs = 15000;
const renewAheadMs = 60000;
const silentBeats = 2.5; // heartbeats that may be missed before the connection counts as dead

/**
 * reconnectDelay returns how long to wait before the next try: 0.5 s, doubled with each try up to
 * 15 s, and less than that by up to a half, so that many clients don't come back at once.
 *
 * @param {number} tries tries that failed before
 * @param {number} random from 0 to 1
 */
export const reconnectDelay = (tries, random) =>
  Math.min(maxDelayMs, 500 * 2 ** tries) * (0.5 + random / 2);

export class ChannelSocket {
  /**
   * @param {string} slug
   * @param {Handlers} handlers
   * @param {AbortSignal} signal ends the connection for good
   * @param {Partial<Environment>} [environment]
   */
  constructor(slug, handlers, signal, environment = {}) {
    this.slug = slug;
    this.handlers = handlers;
    this.signal = signal;
    this.env = { ...browser, ...environment };
    this.lastSeq = 0;
    /** @type {number | null} */
    this.lastChange = null;
    this.tries = 0;
    this.beatMs = 30000;
    /** @type {WebSocket | null} */
    this.socket = null;
    /** @type {Record<"retry" | "silence" | "ping" | "renew", any>} */
    this.timers = { retry: undefined, silence: undefined, ping: undefined, renew: undefined };
    signal.addEventListener("abort", () => this.end());
  }

  /** connect opens the connection, and opens it again whenever it is lost. */
  async connect() {
    if (this.signal.aborted) return;
    this.handlers.state("connecting");
    try {
      await this.env.freshToken();
      const ticket = await this.env.fetchTicket();
      if (!this.signal.aborted) this.listen(this.env.connect(this.address(ticket)));
    } catch (error) {
      if (isAborted(error)) return;
      if (hasStatus(error, 401, 403, 404)) this.handlers.state("ended", messageOf(error));
      else this.retryLater();
    }
  }

  /** @param {string} ticket */
  address(ticket) {
    const url = new URL("/ws/channels/" + encodeURIComponent(this.slug), location.href);
    url.protocol = location.protocol === "https:" ? "wss:" : "ws:";
    url.searchParams.set("ticket", ticket);
    url.searchParams.set("after_seq", String(this.lastSeq));
    if (this.lastChange !== null) url.searchParams.set("after_change", String(this.lastChange));
    return url;
  }

  /** @param {WebSocket} socket */
  listen(socket) {
    this.socket = socket;
    socket.onmessage = (event) => {
      if (socket !== this.socket) return;
      this.watchSilence();
      this.receive(JSON.parse(event.data));
    };
    socket.onclose = (event) => {
      if (socket === this.socket) this.closed(event.code);
    };
  }

  /** @param {number} code */
  closed(code) {
    this.stopTimers();
    if (this.signal.aborted) return;
    if (code === closedForbidden) {
      this.handlers.state("ended", "You may no longer read this channel.");
    } else if (code === closedDeleted) {
      this.handlers.state("ended", "This channel was deleted.");
    } else {
      if (code === closedTooMany) this.tries = Math.max(this.tries, triesAfterTooMany);
      this.retryLater();
    }
  }

  retryLater() {
    if (this.signal.aborted) return;
    this.handlers.state("waiting");
    this.env.clearTimeout(this.timers.retry);
    const delay = reconnectDelay(this.tries++, this.env.random());
    this.timers.retry = this.env.setTimeout(() => this.connect(), delay);
  }

  /** @param {any} frame */
  receive(frame) {
    switch (frame.type) {
      case "welcome":
        return this.welcomed(frame);
      case "message":
        return this.receiveMessage(frame);
      case "edited":
      case "deleted":
        return this.receiveChange(frame);
      case "gap":
        return this.fetch(Math.max(frame.from_seq, this.handlers.oldest()) - 1, frame.to_seq);
      case "error":
        return this.handlers.problem(frame);
      case "ack":
      case "typing":
      case "presence":
      case "notification":
        return /** @type {any} */ (this.handlers)[frame.type](frame);
    }
  }

  /** @param {{ heartbeat_seconds?: number, last_change: number }} frame */
  welcomed(frame) {
    this.tries = 0;
    this.beatMs = (frame.heartbeat_seconds || 30) * 1000;
    this.watchSilence();
    this.env.clearInterval(this.timers.ping);
    this.timers.ping = this.env.setInterval(() => this.send({ type: "ping" }), this.beatMs);
    this.renewToken();
    if (this.lastChange === null) {
      this.lastChange = frame.last_change;
      this.handlers.joined();
    }
    this.handlers.state("open");
  }

  /** @param {any} frame */
  receiveChange(frame) {
    this.lastChange = Math.max(this.lastChange ?? 0, frame.change);
    if (frame.type === "edited") this.handlers.edited(frame);
    else this.handlers.deleted(frame);
  }

  /**
   * receiveMessage hands a message on. Messages that are missing before it are read first.
   *
   * @param {Message} message
   */
  receiveMessage(message) {
    const hasGap = this.lastSeq > 0 && message.seq > this.lastSeq + 1;
    if (hasGap) this.fetch(this.lastSeq, message.seq - 1);
    this.lastSeq = Math.max(this.lastSeq, message.seq);
    this.handlers.message(message);
  }

  /**
   * fetch reads the messages after one seq and up to another. The view keeps the newest state of
   * each.
   *
   * @param {number} after
   * @param {number} upTo
   */
  async fetch(after, upTo) {
    try {
      let at = after;
      while (at < upTo) {
        const { items } = await this.env.readMessages(this.slug, at, this.signal);
        for (const message of items) this.handlers.message(message);
        if (!items.length) return;
        at = items[items.length - 1].seq;
      }
    } catch {
      // The next connection resumes and finds the gap again.
    }
  }

  /**
   * watchSilence drops the connection if nothing arrives for a while: a laptop that slept has a
   * connection that is dead without having been closed.
   */
  watchSilence() {
    this.env.clearTimeout(this.timers.silence);
    this.timers.silence = this.env.setTimeout(() => this.drop(), this.beatMs * silentBeats);
  }

  /** renewToken sends the server a new access token each time before the old one expires. */
  async renewToken() {
    this.env.clearInterval(this.timers.renew);
    let sent = await this.env.freshToken().catch(() => null);
    if (!this.isOpen()) return;
    this.env.clearInterval(this.timers.renew);
    this.timers.renew = this.env.setInterval(async () => {
      const token = await this.env.freshToken(renewAheadMs).catch(() => null);
      if (token && token !== sent && this.send({ type: "auth", token })) sent = token;
    }, renewEveryMs);
  }

  drop() {
    const socket = this.socket;
    this.socket = null;
    this.stopTimers();
    socket?.close();
    this.retryLater();
  }

  stopTimers() {
    this.env.clearTimeout(this.timers.silence);
    this.env.clearInterval(this.timers.ping);
    this.env.clearInterval(this.timers.renew);
  }

  isOpen() {
    return this.socket?.readyState === 1; // WebSocket.OPEN
  }

  /**
   * send sends a frame and returns whether the connection is open.
   *
   * @param {Record<string, unknown>} frame
   */
  send(frame) {
    if (!this.socket || !this.isOpen()) return false;
    this.socket.send(JSON.stringify(frame));
    return true;
  }

  end() {
    this.env.clearTimeout(this.timers.retry);
    this.stopTimers();
    this.socket?.close();
    this.socket = null;
  }
}
