// An open channel: history, live messages, what is on its way, who types, who is here.

import { h, fill } from "/console/dom.js";
import { get, del, patch } from "/console/api.js";
import { user, hasRole } from "/console/session.js";
import { ChannelSocket } from "./socket.js";
import { badge, button, confirm, explain, notice, dialog, form } from "/console/ui.js";
import { clock, day } from "/console/format.js";
import { refreshBadge } from "/console/badge.js";

const PAGE = 50;

export function channel(info, signal) {
  const view = new Channel(info, signal);
  view.start();
  return view.el;
}

class Channel {
  constructor(info, signal) {
    Object.assign(this, { info, signal, path: "/channels/" + encodeURIComponent(info.slug),
      shown: new Map(), pending: new Map(), names: new Map(), here: new Map(), typists: new Map(), readTo: 0 });
    this.log = h("ol", { class: "messages", role: "log", "aria-live": "polite", tabindex: "0", "aria-label": "Messages in " + info.title, testid: "chat-log" });
    this.older = h("div", { class: "older" });
    this.state = h("span", { testid: "chat-state" });
    this.people = h("p", { class: "presence", testid: "chat-presence" });
    this.typing = h("p", { class: "typing", role: "status", testid: "chat-typing" });
    this.el = h("div", { class: "channel" },
      h("header", { class: "channel-head" }, h("h2", { text: "# " + info.title }), this.state, this.people),
      h("div", { class: "scroller" }, this.older, this.log), this.typing, this.composer());
    this.scroller = this.el.querySelector(".scroller");
    this.scroller.addEventListener("scroll", () => this.markRead());
    document.addEventListener("visibilitychange", () => this.markRead(), { signal });
  }

  composer() {
    this.input = h("textarea", { rows: 1, id: "chat-input", testid: "chat-input", maxlength: 4000, placeholder: "Write a message", "aria-label": "Message",
      on: {
        keydown: (event) => {
          if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
          event.preventDefault();
          this.say();
        },
        input: () => this.tellTyping(),
      } });
    return h("form", { class: "composer", on: { submit: (event) => { event.preventDefault(); this.say(); } } }, this.input,
      h("button", { class: "button primary", type: "submit", text: "Send", testid: "chat-send" }));
  }

  async start() {
    this.socket = new ChannelSocket(this.info.slug, {
      message: (m) => this.show(m), edited: (e) => this.change(e.seq, e), deleted: (e) => this.change(e.seq, { deleted: true, body: "" }),
      ack: (a) => this.settle(a.client_id), typing: (t) => this.someoneTypes(t.user), presence: (p) => this.comesOrGoes(p),
      notification: () => refreshBadge(), problem: (p) => this.problem(p), state: (s, why) => this.tell(s, why),
      oldest: () => this.oldest(), joined: () => this.refresh(),
    }, this.signal);
    try {
      const page = await get(this.path + "/messages", { limit: PAGE }, { signal: this.signal });
      for (const m of page.items) this.show(m);
      this.socket.lastSeq = page.items.at(-1)?.seq || 0;
      this.offerOlder();
    } catch (error) {
      if (error.name === "AbortError") return;
      return fill(this.log, h("li", {}, explain(error)));
    }
    this.toEnd();
    this.socket.connect();
  }

  // oldest is the lowest seq that is shown, 1 if none is.
  oldest() {
    return this.shown.size ? Math.min(...this.shown.keys()) : 1;
  }

  // refresh reads what is shown once more: it may have changed between its reading and the socket's opening.
  refresh() {
    this.socket.fetch(this.oldest() - 1, this.socket.lastSeq);
  }

  offerOlder() {
    const first = this.oldest();
    fill(this.older, first > 1 && button("Earlier messages", "chat-older", async () => {
      const page = await get(this.path + "/messages", { before_seq: first, limit: PAGE }, { signal: this.signal });
      const below = this.scroller.scrollHeight - this.scroller.scrollTop;
      for (const m of page.items) this.show(m);
      this.scroller.scrollTop = this.scroller.scrollHeight - below;
      if (page.items.length) this.offerOlder();
      else fill(this.older);
    }, "small"));
  }

  // show puts a message at its place, or brings the one that is there to the newer state of the two.
  show(m) {
    if (m.client_id) this.settle(m.client_id);
    const known = this.shown.get(m.seq);
    if (known) {
      if ((m.deleted && !known.deleted) || (!known.deleted && Date.parse(m.edited_at) > (Date.parse(known.edited_at) || 0))) this.change(m.seq, m);
      return;
    }
    this.names.set(m.user?.id, m.user?.display_name);
    this.typists.delete(m.user?.id);
    this.sayWhoTypes();
    const atEnd = this.atEnd();
    const item = { ...m, el: h("li", { class: m.user?.id === user()?.id ? "message mine" : "message", testid: "chat-message", "data-seq": m.seq }) };
    this.shown.set(m.seq, item);
    this.draw(item);
    const after = [...this.log.children].find((el) => el.dataset.seq === undefined || Number(el.dataset.seq) > m.seq);
    this.log.insertBefore(item.el, after || null);
    if (atEnd) this.toEnd();
  }

  change(seq, with_) {
    const item = this.shown.get(seq);
    if (item) this.draw(Object.assign(item, with_));
  }

  draw(m) {
    const own = m.user?.id === user()?.id;
    const young = Date.now() - Date.parse(m.created_at) < 15 * 60000;
    fill(m.el, h("p", { class: "message-head" }, h("strong", { text: m.user?.display_name || "Deleted user" }),
      h("time", { datetime: m.created_at, title: day(m.created_at), text: clock(m.created_at) }),
      m.edited_at && !m.deleted && h("span", { class: "muted", text: "edited" }),
      !m.deleted && h("span", { class: "message-tools" },
        own && young && button("Edit", "chat-edit", () => this.edit(m), "tool"),
        (own || hasRole("instructor")) && button("Delete", "chat-delete", () => this.remove(m), "tool"))),
    m.deleted ? h("p", { class: "muted", text: "This message was deleted." }) : h("p", { class: "message-body", testid: "chat-body" }, this.words(m.body)));
  }

  // words names those who are mentioned; all of it stays text.
  words(body) {
    return body.split(/(<@[0-9a-f-]{36}>)/i).map((part) => {
      const id = /^<@([0-9a-f-]{36})>$/i.exec(part)?.[1];
      return id ? h("span", { class: "mention", text: "@" + (this.names.get(id) || this.here.get(id) || "somebody") }) : part;
    });
  }

  say() {
    const body = this.input.value.trim();
    if (!body) return;
    const client_id = Array.from(crypto.getRandomValues(new Uint8Array(12)), (b) => b.toString(16).padStart(2, "0")).join("");
    const el = h("li", { class: "message mine sending", testid: "chat-sending" }, h("p", { class: "message-head" }, h("span", { class: "muted", text: "Sending…" })),
      h("p", { class: "message-body", text: body }));
    this.pending.set(client_id, { body, el });
    this.log.append(el);
    this.toEnd();
    this.input.value = "";
    this.input.focus();
    this.socket.send({ type: "message", body, client_id });
  }

  // settle forgets what has arrived.
  settle(client_id) {
    this.pending.get(client_id)?.el.remove();
    this.pending.delete(client_id);
  }

  // problem shows an error frame. It has no client id; as frames are answered in their order, it is about
  // the oldest message without an ack, whose text goes back into the input.
  problem({ code, detail }) {
    notice(detail || code, "error");
    const [id, one] = [...this.pending].at(0) || [];
    if (!one) return;
    one.el.remove();
    this.pending.delete(id);
    if (!this.input.value) this.input.value = one.body;
  }

  async edit(m) {
    await dialog("Edit message", (close) => form("chat-edit", {
      fields: [{ name: "body", label: "Message", type: "textarea", value: m.body, required: true, maxlength: 4000 }], submit: "Save",
      extra: h("button", { class: "button", type: "button", text: "Cancel", on: { click: () => close() } }),
      send: async (body) => {
        this.change(m.seq, await patch(`${this.path}/messages/${m.id}`, body));
        close();
      },
    }));
  }

  async remove(m) {
    if (!(await confirm("Delete this message?", m.body.slice(0, 200), "Delete"))) return;
    await del(`${this.path}/messages/${m.id}`);
    this.change(m.seq, { deleted: true, body: "" });
  }

  tell(state, why) {
    const words = { connecting: "Connecting…", waiting: "Connection lost, trying again…", open: "Live", ended: why || "Closed" };
    fill(this.state, badge(words[state], state === "open" ? "good" : state === "ended" ? "bad" : "warn"));
    if (state === "ended") this.input.disabled = true;
    if (state !== "open") return;
    // The same client_id again is the same message, so what had no answer may be sent once more.
    for (const [client_id, { body }] of this.pending) this.socket.send({ type: "message", body, client_id });
    this.meet();
    this.markRead();
  }

  async meet() {
    const { items } = await get(this.path + "/presence", undefined, { signal: this.signal }).catch(() => ({ items: [] }));
    this.here = new Map(items.map((p) => [p.user.id, p.user.display_name]));
    this.sayWhoIsHere();
  }

  comesOrGoes({ event, user: who }) {
    if (event === "join") this.here.set(who.id, who.display_name);
    else this.here.delete(who.id);
    this.sayWhoIsHere();
  }

  sayWhoIsHere() {
    const names = [...this.here.values()];
    const more = names.length > 4 ? ` and ${names.length - 4} more` : "";
    const atEnd = this.atEnd(); // a taller head takes room from the messages
    this.people.textContent = names.length ? "Here: " + names.slice(0, 4).join(", ") + more : "";
    if (atEnd) this.toEnd();
  }

  tellTyping() {
    if (Date.now() - (this.typedAt || 0) < 3000 || !this.input.value) return;
    if (this.socket.send({ type: "typing" })) this.typedAt = Date.now();
  }

  someoneTypes(who) {
    if (who.id === user()?.id) return;
    clearTimeout(this.typists.get(who.id)?.timer);
    this.typists.set(who.id, { name: who.display_name, timer: setTimeout(() => { this.typists.delete(who.id); this.sayWhoTypes(); }, 5000) });
    this.sayWhoTypes();
  }

  sayWhoTypes() {
    const names = [...this.typists.values()].map((t) => t.name);
    this.typing.textContent = names.length ? `${names.slice(0, 3).join(", ")} ${names.length > 1 ? "are" : "is"} writing…` : "";
  }

  atEnd() {
    const s = this.scroller;
    return s.scrollHeight - s.scrollTop - s.clientHeight < 60;
  }

  toEnd() {
    requestAnimationFrame(() => { this.scroller.scrollTop = this.scroller.scrollHeight; this.markRead(); });
  }

  // markRead moves the mark when the newest message can be seen.
  markRead() {
    const seq = this.socket?.lastSeq || 0;
    if (document.hidden || !this.atEnd() || seq <= this.readTo) return;
    if (this.socket.send({ type: "read", seq })) this.readTo = seq;
  }
}
