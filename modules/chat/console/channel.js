// An open channel: its history, live messages, messages on their way, who types and who is here.

import { badge, button, cancelButton } from "/console/core/controls.js";
import { confirm, openDialog } from "/console/core/dialogs.js";
import { h, fill } from "/console/core/dom.js";
import { explain, notice } from "/console/core/feedback.js";
import { formatDate, formatTime } from "/console/core/format.js";
import { form } from "/console/core/forms.js";
import { del, get, isAborted, patch } from "/console/core/http.js";
import { hasRole } from "/console/core/roles.js";
import { boundsOf } from "/console/core/schema.js";
import { user } from "/console/core/store.js";
import { refreshUnread } from "/console/core/unread.js";
import { ChannelSocket } from "./socket.js";

/** @import { Page, Schemas } from "/console/core/http.js" */
/** @import { Message, Person, SocketState } from "./socket.js" */

/** @typedef {Message & { element: HTMLElement }} ShownMessage */

const pageSize = 50;
const editableMs = 15 * 60000; // the server refuses later edits
const typingEveryMs = 3000;
const typingLastsMs = 5000;

/**
 * showChannel returns the element of a channel that is open until the signal ends it.
 *
 * @param {Schemas["ChatChannel"]} channel
 * @param {AbortSignal} signal
 */
export function showChannel(channel, signal) {
  const view = new ChannelView(channel, signal);
  view.start();
  return view.element;
}

class ChannelView {
  /**
   * @param {Schemas["ChatChannel"]} channel
   * @param {AbortSignal} signal
   */
  constructor(channel, signal) {
    this.signal = signal;
    this.path = "/channels/" + encodeURIComponent(channel.slug);
    /** @type {Map<number, ShownMessage>} by seq */
    this.shown = new Map();
    /** @type {Map<string, { body: string, element: HTMLElement }>} by client_id */
    this.pending = new Map();
    /** @type {Map<string, string>} display names by account */
    this.names = new Map();
    /** @type {Map<string, string>} display names of those who are here, by account */
    this.present = new Map();
    /** @type {Map<string, { name: string, timer: any }>} by account */
    this.typists = new Map();
    this.readSeq = 0;
    this.typedAt = 0;
    this.socket = this.createSocket(channel.slug);
    this.input = this.createInput();
    this.log = h("ol", {
      class: "messages",
      role: "log",
      "aria-live": "polite",
      tabindex: "0",
      "aria-label": "Messages in " + channel.title,
      testid: "chat-log",
    });
    this.older = h("div", { class: "older" });
    this.state = h("span", { testid: "chat-state" });
    this.people = h("p", { class: "presence", testid: "chat-presence" });
    this.typing = h("p", { class: "typing", role: "status", testid: "chat-typing" });
    this.scroller = h("div", { class: "scroller" }, this.older, this.log);
    this.element = h(
      "div",
      { class: "channel" },
      h(
        "header",
        { class: "channel-head" },
        h("h2", { text: "# " + channel.title }),
        this.state,
        this.people,
      ),
      this.scroller,
      this.typing,
      this.createComposer(),
    );
    this.scroller.addEventListener("scroll", () => this.markRead());
    document.addEventListener("visibilitychange", () => this.markRead(), { signal });
  }

  /** @param {string} slug */
  createSocket(slug) {
    return new ChannelSocket(
      slug,
      {
        message: (m) => this.showMessage(m),
        edited: (change) => this.updateMessage(change.seq, change),
        deleted: ({ seq }) => this.updateMessage(seq, { deleted: true, body: "" }),
        ack: ({ client_id }) => this.removePending(client_id),
        typing: (frame) => this.addTypist(frame.user),
        presence: (frame) => this.updatePresence(frame.event, frame.user),
        notification: () => void refreshUnread(),
        problem: (frame) => this.showProblem(frame),
        state: (state, reason) => this.showState(state, reason),
        oldest: () => this.oldestSeq(),
        joined: () => this.refreshShown(),
      },
      this.signal,
    );
  }

  createInput() {
    const { maxlength } = boundsOf("POST /channels/{slug}/messages", "body");
    return h("textarea", {
      rows: 1,
      id: "chat-input",
      testid: "chat-input",
      maxlength,
      placeholder: "Write a message",
      "aria-label": "Message",
      on: {
        keydown: (event) => {
          if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
          event.preventDefault();
          this.sendMessage();
        },
        input: () => this.announceTyping(),
      },
    });
  }

  createComposer() {
    const submit = (/** @type {Event} */ event) => {
      event.preventDefault();
      this.sendMessage();
    };
    return h(
      "form",
      { class: "composer", on: { submit } },
      this.input,
      h("button", { class: "button primary", type: "submit", text: "Send", testid: "chat-send" }),
    );
  }

  /** start shows the newest messages and connects. */
  async start() {
    try {
      const items = await this.readMessages({});
      this.socket.lastSeq = items.length ? items[items.length - 1].seq : 0;
      this.offerOlder();
    } catch (error) {
      if (!isAborted(error)) fill(this.log, h("li", {}, explain(error)));
      return;
    }
    this.scrollToEnd();
    this.socket.connect();
  }

  /**
   * readMessages reads a page of messages, the newest ones by default, and shows them.
   *
   * @param {{ before_seq?: number }} query
   */
  async readMessages(query) {
    const path = this.path + "/messages";
    /** @type {Page<Message>} */
    const page = await get(path, { limit: pageSize, ...query }, { signal: this.signal });
    for (const message of page.items) this.showMessage(message);
    return page.items;
  }

  /** oldestSeq returns the lowest seq that is shown, 1 if there is none. */
  oldestSeq() {
    return this.shown.size ? Math.min(...this.shown.keys()) : 1;
  }

  /**
   * refreshShown reads all messages that are shown once more, as they may have changed between the
   * first reading and the opening of the socket.
   */
  refreshShown() {
    this.socket.fetch(this.oldestSeq() - 1, this.socket.lastSeq);
  }

  offerOlder() {
    const first = this.oldestSeq();
    const showOlder = async () => {
      const below = this.scroller.scrollHeight - this.scroller.scrollTop;
      const items = await this.readMessages({ before_seq: first });
      this.scroller.scrollTop = this.scroller.scrollHeight - below;
      if (items.length) this.offerOlder();
      else fill(this.older);
    };
    fill(this.older, first > 1 && button("Earlier messages", "chat-older", showOlder, "small"));
  }

  /**
   * showMessage puts a message in its place. If it is shown already, the newer state of the two
   * stays.
   *
   * @param {Message} message
   */
  showMessage(message) {
    if (message.client_id) this.removePending(message.client_id);
    const known = this.shown.get(message.seq);
    if (known) {
      if (isNewer(message, known)) this.updateMessage(message.seq, message);
      return;
    }
    if (message.user) {
      this.names.set(message.user.id, message.user.display_name);
      this.removeTypist(message.user.id);
    }
    const isAtEnd = this.isAtEnd();
    this.insertMessage(message);
    if (isAtEnd) this.scrollToEnd();
  }

  /** @param {Message} message */
  insertMessage(message) {
    const isOwn = message.user?.id === user()?.id;
    const element = h("li", {
      class: isOwn ? "message mine" : "message",
      testid: "chat-message",
      "data-seq": message.seq,
    });
    const shown = { ...message, element };
    this.shown.set(message.seq, shown);
    this.drawMessage(shown);
    const elements = /** @type {HTMLElement[]} */ ([...this.log.children]);
    // Messages on their way have no seq and stay at the end.
    const next = elements.find(
      ({ dataset }) => dataset.seq === undefined || Number(dataset.seq) > message.seq,
    );
    this.log.insertBefore(element, next || null);
  }

  /**
   * @param {number} seq
   * @param {Partial<Message>} change
   */
  updateMessage(seq, change) {
    const shown = this.shown.get(seq);
    if (shown) this.drawMessage(Object.assign(shown, change));
  }

  /** @param {ShownMessage} message */
  drawMessage(message) {
    const { created_at, edited_at, deleted } = message;
    fill(
      message.element,
      h(
        "p",
        { class: "message-head" },
        h("strong", { text: message.user?.display_name || "Deleted user" }),
        h("time", {
          datetime: created_at,
          title: formatDate(created_at),
          text: formatTime(created_at),
        }),
        edited_at && !deleted && h("span", { class: "muted", text: "edited" }),
        !deleted && this.messageTools(message),
      ),
      deleted
        ? h("p", { class: "muted", text: "This message was deleted." })
        : h("p", { class: "message-body", testid: "chat-body" }, this.nameMentions(message.body)),
    );
  }

  /** @param {ShownMessage} message */
  messageTools(message) {
    const isOwn = message.user?.id === user()?.id;
    const isEditable = isOwn && Date.now() - Date.parse(message.created_at) < editableMs;
    const isDeletable = isOwn || hasRole("instructor");
    return h(
      "span",
      { class: "message-tools" },
      isEditable && button("Edit", "chat-edit", () => this.editMessage(message), "tool"),
      isDeletable && button("Delete", "chat-delete", () => this.deleteMessage(message), "tool"),
    );
  }

  /**
   * nameMentions replaces the ids of a text's mentions by names. All of it stays text.
   *
   * @param {string} body
   */
  nameMentions(body) {
    return body.split(/(<@[0-9a-f-]{36}>)/i).map((part) => {
      const id = /^<@([0-9a-f-]{36})>$/i.exec(part)?.[1];
      if (!id) return part;
      const name = this.names.get(id) || this.present.get(id) || "somebody";
      return h("span", { class: "mention", text: "@" + name });
    });
  }

  sendMessage() {
    const body = this.input.value.trim();
    if (!body) return;
    const client_id = newClientId();
    const element = h(
      "li",
      { class: "message mine sending", testid: "chat-sending" },
      h("p", { class: "message-head" }, h("span", { class: "muted", text: "Sending…" })),
      h("p", { class: "message-body", text: body }),
    );
    this.pending.set(client_id, { body, element });
    this.log.append(element);
    this.scrollToEnd();
    this.input.value = "";
    this.input.focus();
    this.socket.send({ type: "message", body, client_id });
  }

  /** @param {string} client_id */
  removePending(client_id) {
    this.pending.get(client_id)?.element.remove();
    this.pending.delete(client_id);
  }

  /**
   * showProblem shows an error frame. The frame has no client_id, but the server answers in order,
   * so it is about the oldest message on its way, whose text goes back into the input.
   *
   * @param {{ code: string, detail?: string }} problem
   */
  showProblem({ code, detail }) {
    notice(detail || code, "error");
    const [oldest] = this.pending;
    if (!oldest) return;
    const [client_id, { body }] = oldest;
    this.removePending(client_id);
    if (!this.input.value) this.input.value = body;
  }

  /** @param {ShownMessage} message */
  async editMessage(message) {
    await openDialog("Edit message", (close) =>
      form("chat-edit", {
        of: "PATCH /channels/{slug}/messages/{id}",
        fields: [
          { name: "body", label: "Message", type: "textarea", value: message.body, required: true },
        ],
        submit: "Save",
        extra: cancelButton(() => close()),
        send: async (body) => {
          const changed = await patch(`${this.path}/messages/${message.id}`, body);
          this.updateMessage(message.seq, changed);
          close();
        },
      }),
    );
  }

  /** @param {ShownMessage} message */
  async deleteMessage(message) {
    if (!(await confirm("Delete this message?", message.body.slice(0, 200), "Delete"))) return;
    await del(`${this.path}/messages/${message.id}`);
    this.updateMessage(message.seq, { deleted: true, body: "" });
  }

  /**
   * @param {SocketState} state
   * @param {string} [reason]
   */
  showState(state, reason) {
    fill(this.state, stateBadge(state, reason));
    if (state === "ended") this.input.disabled = true;
    if (state !== "open") return;
    // The server takes a client_id once, so messages without an answer may be sent again.
    for (const [client_id, { body }] of this.pending) {
      this.socket.send({ type: "message", body, client_id });
    }
    this.loadPresence();
    this.markRead();
  }

  async loadPresence() {
    /** @type {Schemas["ChatPresence"]} */
    const { items } = await get(this.path + "/presence", undefined, {
      signal: this.signal,
    }).catch(() => ({ items: [] }));
    this.present = new Map(items.map((p) => [p.user.id, p.user.display_name]));
    this.showPresence();
  }

  /**
   * @param {"join" | "leave"} event
   * @param {Person} person
   */
  updatePresence(event, person) {
    if (event === "join") this.present.set(person.id, person.display_name);
    else this.present.delete(person.id);
    this.showPresence();
  }

  showPresence() {
    const names = [...this.present.values()];
    const more = names.length > 4 ? ` and ${names.length - 4} more` : "";
    const isAtEnd = this.isAtEnd(); // a taller head takes room from the messages
    this.people.textContent = names.length ? "Here: " + names.slice(0, 4).join(", ") + more : "";
    if (isAtEnd) this.scrollToEnd();
  }

  announceTyping() {
    if (Date.now() - this.typedAt < typingEveryMs || !this.input.value) return;
    if (this.socket.send({ type: "typing" })) this.typedAt = Date.now();
  }

  /** @param {Person} person */
  addTypist(person) {
    if (person.id === user()?.id) return;
    clearTimeout(this.typists.get(person.id)?.timer);
    const timer = setTimeout(() => this.removeTypist(person.id), typingLastsMs);
    this.typists.set(person.id, { name: person.display_name, timer });
    this.showTypists();
  }

  /** @param {string} id */
  removeTypist(id) {
    clearTimeout(this.typists.get(id)?.timer);
    this.typists.delete(id);
    this.showTypists();
  }

  showTypists() {
    const names = [...this.typists.values()].map((typist) => typist.name);
    const verb = names.length > 1 ? "are" : "is";
    this.typing.textContent = names.length ? `${names.slice(0, 3).join(", ")} ${verb} typing…` : "";
  }

  isAtEnd() {
    const { scrollHeight, scrollTop, clientHeight } = this.scroller;
    return scrollHeight - scrollTop - clientHeight < 60;
  }

  scrollToEnd() {
    requestAnimationFrame(() => {
      this.scroller.scrollTop = this.scroller.scrollHeight;
      this.markRead();
    });
  }

  /** markRead moves the read marker when the newest message can be seen. */
  markRead() {
    const seq = this.socket.lastSeq;
    if (document.hidden || !this.isAtEnd() || seq <= this.readSeq) return;
    if (this.socket.send({ type: "read", seq })) this.readSeq = seq;
  }
}

/**
 * isNewer reports whether a message is a later state of the one that is shown.
 *
 * @param {Message} message
 * @param {Message} shown
 */
function isNewer(message, shown) {
  if (shown.deleted) return false;
  if (message.deleted) return true;
  return Date.parse(message.edited_at || "") > (Date.parse(shown.edited_at || "") || 0);
}

function newClientId() {
  const bytes = crypto.getRandomValues(new Uint8Array(12));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/**
 * @param {SocketState} state
 * @param {string} [reason]
 */
function stateBadge(state, reason) {
  switch (state) {
    case "connecting":
      return badge("Connecting…", "warn");
    case "waiting":
      return badge("Connection lost, trying again…", "warn");
    case "open":
      return badge("Live", "good");
    case "ended":
      return badge(reason || "Closed", "bad");
  }
}
