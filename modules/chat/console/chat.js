// Chat: the channels that the caller may read, and the channel that is open.

import { button, cancelButton, heading } from "/console/core/controls.js";
import { openDialog } from "/console/core/dialogs.js";
import { h, fill } from "/console/core/dom.js";
import { load, notice } from "/console/core/feedback.js";
import { choicesOf, form, omitEmpty } from "/console/core/forms.js";
import { post, readAll } from "/console/core/http.js";
import { hasRole } from "/console/core/roles.js";
import { goTo } from "/console/core/router.js";
import { showChannel } from "./channel.js";

/** @import { Schemas } from "/console/core/http.js" */
/** @import { ViewContext } from "/console/core/router.js" */

/** @typedef {Schemas["ChatChannel"]} Channel */

const refreshMs = 20000;

/** @type {Record<string, string>} */
const visibilityLabels = {
  public: "Open to all",
  member: "Members",
  course: "Course",
  private: "Private",
};

/** @param {ViewContext} context */
export function chatView({ params, box, signal }) {
  const list = h("ul", { class: "channels", testid: "channel-list" });
  const stage = h("section", { class: "room", "aria-label": "Messages" });
  fill(
    box,
    heading(
      "Chat",
      hasRole("instructor") && button("New channel", "channel-new", openCreateDialog),
    ),
    h("div", { class: "chat" }, h("nav", { "aria-label": "Channels" }, list), stage),
  );
  const showChannels = async () => {
    const channels = await readChannels(signal);
    if (!channels.length) return hint("There are no channels that you can read yet.");
    const named = channels.find((c) => c.slug === params.channel);
    const open = params.channel ? named : channels[0];
    const items = channels.map((channel) => new ChannelItem(channel, channel === open));
    fill(
      list,
      items.map((item) => item.element),
    );
    if (!open) return hint("There is no such channel, or you may not read it.");
    refreshCounts(items, signal);
    return showChannel(open, signal);
  };
  load(showChannels, { box: stage, signal });
}

/** @param {string} text */
const hint = (text) => h("p", { class: "empty", text });

/**
 * @param {AbortSignal} signal
 * @returns {Promise<Channel[]>}
 */
const readChannels = (signal) => readAll("/channels", signal);

/** A channel in the list, with the number of its unread messages. */
class ChannelItem {
  /**
   * @param {Channel} channel
   * @param {boolean} isOpen an open channel has no number, as its messages are being read
   */
  constructor(channel, isOpen) {
    this.slug = channel.slug;
    this.isOpen = isOpen;
    this.count = h("span", { class: "count", testid: "channel-unread" });
    this.showUnread(channel.unread);
    this.element = h(
      "li",
      {},
      h(
        "a",
        {
          href: "#/chat/" + encodeURIComponent(channel.slug),
          testid: "channel-link",
          "data-slug": channel.slug,
          "aria-current": isOpen ? "page" : null,
          title: visibilityLabels[channel.visibility] || channel.visibility,
        },
        h("span", { class: "channel-name", text: "# " + channel.title }),
        this.count,
      ),
    );
  }

  /** @param {number} unread */
  showUnread(unread) {
    this.count.textContent = String(unread);
    this.count.hidden = !unread || this.isOpen;
    this.count.setAttribute("aria-label", unread + " unread");
  }
}

/**
 * refreshCounts keeps the numbers of the channels current until the view is left.
 *
 * @param {ChannelItem[]} items
 * @param {AbortSignal} signal
 */
function refreshCounts(items, signal) {
  const bySlug = new Map(items.map((item) => [item.slug, item]));
  const timer = setInterval(async () => {
    if (document.hidden) return;
    const channels = await readChannels(signal).catch(() => []);
    for (const { slug, unread } of channels) bySlug.get(slug)?.showUnread(unread);
  }, refreshMs);
  signal.addEventListener("abort", () => clearInterval(timer));
}

function openCreateDialog() {
  const operation = "POST /channels";
  return openDialog("New channel", (close) =>
    form("channel", {
      of: operation,
      fields: [
        { name: "title", label: "Title", required: true },
        {
          name: "visibility",
          label: "Who can read it",
          type: "select",
          options: choicesOf(operation, "visibility", visibilityLabels),
        },
        {
          name: "slug",
          label: "Address",
          hint: "Small letters, digits and dashes. Made from the title if you leave it empty",
        },
        { name: "course_id", label: "Course ID", hint: "Only for the channel of a course" },
      ],
      submit: "Create",
      extra: cancelButton(() => close()),
      send: async (values) => {
        /** @type {Channel} */
        const created = await post("/channels", omitEmpty(values));
        close();
        notice("The channel is open.");
        goTo("/chat/" + encodeURIComponent(created.slug));
      },
    }),
  );
}
