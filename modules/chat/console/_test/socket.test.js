import assert from "node:assert/strict";
import test from "node:test";

// The core keeps the session in localStorage, which Node.js lacks.
Object.assign(globalThis, {
  location: new URL("https://lyceum.test/"),
  localStorage: { getItem: () => null },
  addEventListener: () => {},
});
const { ApiError } = await import("/console/core/http.js");
const { ChannelSocket, reconnectDelay } = await import("../socket.js");

/** @import { Message, SocketState } from "../socket.js" */

/** A clock that moves only when it is told to. */
class FakeClock {
  now = 0;
  nextId = 1;
  /** @type {Map<number, { at: number, every: number, work: () => void }>} */
  timers = new Map();

  /**
   * @param {() => void} work
   * @param {number} ms
   * @param {number} [every]
   */
  add(work, ms, every = 0) {
    this.timers.set(this.nextId, { at: this.now + ms, every, work });
    return this.nextId++;
  }

  /**
   * advance moves the clock, runs what is due, and lets promises settle.
   *
   * @param {number} ms
   */
  async advance(ms) {
    const end = this.now + ms;
    await settle();
    for (;;) {
      const due = [...this.timers].filter(([, timer]) => timer.at <= end);
      if (!due.length) break;
      const [id, timer] = due.reduce((a, b) => (b[1].at < a[1].at ? b : a));
      this.now = timer.at;
      if (timer.every) timer.at += timer.every;
      else this.timers.delete(id);
      timer.work();
      await settle();
    }
    this.now = end;
  }
}

/** settle waits until all promises that can settle have done so. */
const settle = () => new Promise((resolve) => setImmediate(resolve));

/** A WebSocket whose server is the test. */
class FakeWebSocket {
  /** @param {URL} url */
  constructor(url) {
    this.url = url;
    this.readyState = 0;
    /** @type {any[]} */
    this.sent = [];
    /** @type {(event: { data: string }) => void} */
    this.onmessage = () => {};
    /** @type {(event: { code: number }) => void} */
    this.onclose = () => {};
  }

  /** @param {string} data */
  send(data) {
    this.sent.push(JSON.parse(data));
  }

  close(code = 1000) {
    if (this.readyState === 3) return;
    this.readyState = 3;
    this.onclose({ code });
  }

  /** @param {Record<string, unknown>} frame */
  receive(frame) {
    this.onmessage({ data: JSON.stringify(frame) });
  }

  /** @param {Record<string, unknown>} [welcome] */
  open(welcome) {
    this.readyState = 1;
    this.receive({ type: "welcome", heartbeat_seconds: 30, last_change: 7, ...welcome });
  }
}

/**
 * @param {number} seq
 * @param {Partial<Message>} [changed]
 */
const message = (seq, changed) => ({ type: "message", seq, body: "message " + seq, ...changed });

/** start connects a socket to a server that the test plays. */
async function start() {
  const clock = new FakeClock();
  const abort = new AbortController();
  /** @type {FakeWebSocket[]} */
  const sockets = [];
  /** @type {SocketState[]} */
  const states = [];
  /** @type {number[]} */
  const shown = [];
  /** @type {[type: string, frame: any][]} */
  const frames = [];
  /** @type {number[]} the seqs after which messages were read by HTTP */
  const reads = [];
  const server = {
    token: "first",
    /** @type {Error | null} */
    ticketError: null,
    /** @type {number[]} */
    stored: [],
    oldest: 1,
  };
  const note = (/** @type {string} */ type) => (/** @type {any} */ frame) =>
    frames.push([type, frame]);
  const handlers = {
    message: (/** @type {Message} */ m) => shown.push(m.seq),
    edited: note("edited"),
    deleted: note("deleted"),
    ack: note("ack"),
    typing: note("typing"),
    presence: note("presence"),
    notification: () => frames.push(["notification", null]),
    problem: note("problem"),
    state: (/** @type {SocketState} */ state) => states.push(state),
    oldest: () => server.oldest,
    joined: () => frames.push(["joined", null]),
  };
  const socket = new ChannelSocket("general", /** @type {any} */ (handlers), abort.signal, {
    connect: (url) => {
      const created = new FakeWebSocket(url);
      sockets.push(created);
      return /** @type {any} */ (created);
    },
    fetchTicket: async () => {
      if (server.ticketError) throw server.ticketError;
      return "ticket-" + sockets.length;
    },
    freshToken: async () => server.token,
    readMessages: async (_slug, after) => {
      reads.push(after);
      const seqs = server.stored.filter((seq) => seq > after).slice(0, 2);
      return { items: /** @type {any[]} */ (seqs.map((seq) => message(seq))) };
    },
    setTimeout: (work, ms) => clock.add(work, ms),
    clearTimeout: (id) => clock.timers.delete(id),
    setInterval: (work, ms) => clock.add(work, ms, ms),
    clearInterval: (id) => clock.timers.delete(id),
    random: () => 1,
  });
  socket.connect();
  await settle();
  const last = () => sockets[sockets.length - 1];
  return { clock, abort, sockets, states, shown, frames, reads, server, socket, last };
}

test("the wait doubles up to 15 s, and is random by a half", () => {
  assert.deepEqual(
    [0, 1, 2, 3, 4, 5, 20].map((tries) => reconnectDelay(tries, 1)),
    [500, 1000, 2000, 4000, 8000, 15000, 15000],
  );
  assert.equal(reconnectDelay(2, 0), 1000);
  assert.equal(reconnectDelay(20, 0), 7500);
});

test("it connects with a ticket and joins once", async () => {
  const { last, states, frames, sockets } = await start();
  assert.equal(last().url.href.split("?")[0], "wss://lyceum.test/ws/channels/general");
  assert.deepEqual(Object.fromEntries(last().url.searchParams), {
    ticket: "ticket-0",
    after_seq: "0",
  });
  last().open();
  assert.deepEqual(states, ["connecting", "open"]);
  assert.deepEqual(frames, [["joined", null]]);
  assert.equal(sockets.length, 1);
});

test("it comes back and resumes after what it has seen", async () => {
  const { last, states, frames, sockets, clock, shown } = await start();
  last().open();
  last().receive(message(1));
  last().receive(message(2));
  last().receive({ type: "edited", seq: 1, change: 9, body: "changed" });
  last().close(1006);
  await clock.advance(499);
  assert.equal(sockets.length, 1);
  await clock.advance(1);
  assert.equal(sockets.length, 2);
  assert.deepEqual(Object.fromEntries(last().url.searchParams), {
    ticket: "ticket-1",
    after_seq: "2",
    after_change: "9",
  });
  last().open({ last_change: 12 });
  last().receive(message(3));
  assert.deepEqual(shown, [1, 2, 3]);
  assert.deepEqual(states, ["connecting", "open", "waiting", "connecting", "open"]);
  assert.deepEqual(
    frames.map(([type]) => type),
    ["joined", "edited"],
  );
});

test("each failed try waits longer, and a welcome starts over", async () => {
  const { last, sockets, clock } = await start();
  for (const delay of [500, 1000, 2000, 4000, 8000, 15000, 15000]) {
    const before = sockets.length;
    last().close(1006);
    await clock.advance(delay - 1);
    assert.equal(sockets.length, before, `not before ${delay} ms`);
    await clock.advance(1);
    assert.equal(sockets.length, before + 1, `after ${delay} ms`);
  }
  last().open();
  last().close(1006);
  await clock.advance(500);
  assert.equal(sockets.length, 9);
});

test("a server that has too many connections is left alone for longer", async () => {
  const { last, sockets, clock } = await start();
  last().open();
  last().close(4429);
  await clock.advance(7999);
  assert.equal(sockets.length, 1);
  await clock.advance(1);
  assert.equal(sockets.length, 2);
});

test("it stays away from a channel that is closed to the caller", async () => {
  for (const code of [4403, 4404]) {
    const { last, states, sockets, clock } = await start();
    last().open();
    last().close(code);
    await clock.advance(60000);
    assert.equal(states[states.length - 1], "ended");
    assert.equal(sockets.length, 1);
  }
});

test("a ticket that is refused ends it, one that can't be had is tried again", async () => {
  const refused = await start();
  refused.last().close(1006);
  refused.server.ticketError = new ApiError(404, { detail: "There is no such channel." });
  await refused.clock.advance(60000);
  assert.equal(refused.states[refused.states.length - 1], "ended");
  assert.equal(refused.sockets.length, 1);

  const offline = await start();
  offline.last().close(1006);
  offline.server.ticketError = new ApiError(0, { title: "No answer" });
  await offline.clock.advance(2000);
  assert.equal(offline.sockets.length, 1);
  offline.server.ticketError = null;
  await offline.clock.advance(2000);
  assert.equal(offline.sockets.length, 2);
});

test("messages that are missing are read, page by page", async () => {
  const { last, reads, shown, server } = await start();
  server.stored = [1, 2, 3, 4, 5, 6];
  last().open();
  last().receive(message(1));
  last().receive(message(6));
  await settle();
  assert.deepEqual(reads, [1, 3]);
  assert.deepEqual(shown, [1, 6, 2, 3, 4, 5]);
});

test("a gap is read as far as messages are shown", async () => {
  const { last, reads, server } = await start();
  server.stored = [10, 11, 12];
  server.oldest = 10;
  last().open();
  last().receive({ type: "gap", from_seq: 3, to_seq: 12 });
  await settle();
  assert.deepEqual(reads, [9, 11]);
});

test("a message that comes twice does not set the place back", async () => {
  const { last, socket } = await start();
  last().open();
  last().receive(message(1));
  last().receive(message(2));
  last().receive(message(1));
  assert.equal(socket.lastSeq, 2);
});

test("a silent connection is dropped, one that speaks is kept", async () => {
  const { last, sockets, clock, states } = await start();
  last().open({ heartbeat_seconds: 10 });
  await clock.advance(24000);
  last().receive({ type: "pong" });
  await clock.advance(24999);
  assert.equal(sockets[0].readyState, 1);
  await clock.advance(1);
  assert.equal(sockets[0].readyState, 3);
  assert.equal(states[states.length - 1], "waiting");
  await clock.advance(500);
  assert.equal(sockets.length, 2);
  sockets[0].receive(message(99));
  assert.equal(sockets.length, 2, "the dropped connection has no say");
});

test("it pings with every heartbeat", async () => {
  const { last, clock } = await start();
  last().open({ heartbeat_seconds: 10 });
  await clock.advance(20000);
  assert.deepEqual(last().sent, [{ type: "ping" }, { type: "ping" }]);
});

test("a new token is sent before the old one expires, once", async () => {
  const { last, clock, server } = await start();
  last().open({ heartbeat_seconds: 1000 });
  await clock.advance(45000);
  assert.deepEqual(last().sent, []);
  server.token = "second";
  await clock.advance(45000);
  assert.deepEqual(last().sent, [{ type: "auth", token: "second" }]);
});

test("frames are handed on by their type", async () => {
  const { last, frames } = await start();
  last().open();
  const sent = [
    { type: "ack", client_id: "a", seq: 1 },
    { type: "typing", user: { id: "1" } },
    { type: "presence", event: "join", user: { id: "1" } },
    { type: "deleted", seq: 1, change: 8 },
  ];
  for (const frame of [...sent, { type: "error", code: "rate-limited" }, { type: "unknown" }]) {
    last().receive(frame);
  }
  assert.deepEqual(
    frames.map(([type]) => type),
    ["joined", "ack", "typing", "presence", "deleted", "problem"],
  );
});

test("nothing is sent without an open connection", async () => {
  const { last, socket } = await start();
  assert.equal(socket.send({ type: "typing" }), false);
  last().open();
  assert.equal(socket.send({ type: "typing" }), true);
  last().close(1006);
  assert.equal(socket.send({ type: "typing" }), false);
});

test("leaving the channel closes it for good", async () => {
  const { last, abort, clock, sockets, socket } = await start();
  last().open();
  abort.abort();
  assert.equal(sockets[0].readyState, 3);
  await socket.connect();
  await clock.advance(60000);
  assert.equal(sockets.length, 1);
  assert.equal(clock.timers.size, 0);
});
