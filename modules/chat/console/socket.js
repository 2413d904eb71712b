// One chat channel, live: a socket that comes back by itself and goes on after the last message and the last
// change it has seen. What the server sends twice is shown once; what is missing is fetched.

import { get, post, freshToken } from "/console/api.js";

const pause = (tries) => Math.min(15000, 500 * 2 ** tries) * (0.5 + Math.random() / 2);

export class ChannelSocket {
  // on: {message, edited, deleted, ack, typing, presence, notification, problem, state, oldest, joined}
  constructor(slug, on, signal) {
    Object.assign(this, { slug, on, signal, lastSeq: 0, lastChange: null, tries: 0, socket: null });
    signal.addEventListener("abort", () => this.end());
  }

  get open() {
    return this.socket?.readyState === WebSocket.OPEN;
  }

  async connect() {
    if (this.signal.aborted) return;
    this.on.state("connecting");
    try {
      await freshToken();
      const { ticket } = await post("/ws/tickets");
      if (this.signal.aborted) return;
      const url = new URL("/ws/channels/" + encodeURIComponent(this.slug), location.href);
      url.protocol = location.protocol === "https:" ? "wss:" : "ws:";
      url.search = new URLSearchParams({ ticket, after_seq: this.lastSeq, ...(this.lastChange !== null && { after_change: this.lastChange }) });
      this.listen(new WebSocket(url));
    } catch (error) {
      if (error.name === "AbortError") return;
      if ([401, 403, 404].includes(error.status)) return this.on.state("ended", error.message);
      this.again();
    }
  }

  listen(socket) {
    this.socket = socket;
    socket.onmessage = (event) => {
      if (socket !== this.socket) return;
      this.watch();
      this.take(JSON.parse(event.data));
    };
    socket.onclose = (event) => {
      if (socket !== this.socket) return;
      this.quiet();
      if (this.signal.aborted) return;
      if (event.code === 4403) return this.on.state("ended", "You may no longer read this channel.");
      if (event.code === 4404) return this.on.state("ended", "This channel was deleted.");
      if (event.code === 4429) this.tries = Math.max(this.tries, 4);
      this.again();
    };
  }

  again() {
    if (this.signal.aborted) return;
    this.on.state("waiting");
    clearTimeout(this.retry);
    this.retry = setTimeout(() => this.connect(), pause(this.tries++));
  }

  take(frame) {
    switch (frame.type) {
      case "welcome": return this.welcome(frame);
      case "message": return this.message(frame);
      case "edited":
      case "deleted": return this.change(frame);
      case "gap": return this.fetch(Math.max(frame.from_seq, this.on.oldest()) - 1, frame.to_seq);
      case "error": return this.on.problem(frame);
      default: return this.on[frame.type]?.(frame);
    }
  }

  welcome(frame) {
    this.tries = 0;
    this.beat = (frame.heartbeat_seconds || 30) * 1000;
    this.watch();
    clearInterval(this.pinger);
    this.pinger = setInterval(() => this.send({ type: "ping" }), this.beat);
    this.renewSoon();
    if (this.lastChange === null) {
      this.lastChange = frame.last_change;
      this.on.joined();
    }
    this.on.state("open");
  }

  change(frame) {
    this.lastChange = Math.max(this.lastChange, frame.change);
    this.on[frame.type](frame);
  }

  // message shows what is new; a hole before it is filled first, as answers may be reordered by
  // nobody but lost by a network.
  message(frame) {
    if (frame.seq > this.lastSeq + 1 && this.lastSeq > 0) this.fetch(this.lastSeq, frame.seq - 1);
    this.lastSeq = Math.max(this.lastSeq, frame.seq);
    this.on.message(frame);
  }

  // fetch reads (after, upTo] by HTTP; the view keeps the newest state of each seq.
  async fetch(after, upTo) {
    try {
      let at = after;
      while (at < upTo) {
        const page = await get(`/channels/${encodeURIComponent(this.slug)}/messages`, { after_seq: at, limit: 100 }, { signal: this.signal });
        for (const m of page.items) this.on.message(m);
        if (!page.items.length) return;
        at = page.items.at(-1).seq;
      }
    } catch { /* the next connection asks again */ }
  }

  // watch hangs up on a line that has gone silent without a word, as sleeping laptops leave it.
  watch() {
    clearTimeout(this.silence);
    this.silence = setTimeout(() => this.drop(), (this.beat || 30000) * 2.5);
  }

  // renewSoon hands the socket a new token before the old one runs out.
  async renewSoon() {
    clearInterval(this.renewer);
    let told = await freshToken().catch(() => null);
    this.renewer = setInterval(async () => {
      const token = await freshToken(60000).catch(() => null);
      if (token && token !== told && this.send({ type: "auth", token })) told = token;
    }, 15000);
  }

  drop() {
    const socket = this.socket;
    this.socket = null;
    this.quiet();
    socket?.close();
    this.again();
  }

  quiet() {
    clearTimeout(this.silence);
    clearInterval(this.pinger);
    clearInterval(this.renewer);
  }

  send(frame) {
    if (!this.open) return false;
    this.socket.send(JSON.stringify(frame));
    return true;
  }

  end() {
    clearTimeout(this.retry);
    this.quiet();
    this.socket?.close();
    this.socket = null;
  }
}
