// The page that the unsubscribe link of a mail opens. It asks before it acts, as programs that check
// mails open their links, too.

import { button, narrowCard } from "/console/core/controls.js";
import { h, fill } from "/console/core/dom.js";
import { post } from "/console/core/http.js";

/** @import { Child } from "/console/core/dom.js" */
/** @import { ViewContext } from "/console/core/router.js" */

/** @param {ViewContext} context */
export function unsubscribeView({ token, box }) {
  const show = (/** @type {Child[]} */ ...content) =>
    fill(box, narrowCard("Stop these emails", content));
  if (!token) {
    show(h("p", { text: "The link is incomplete. Open it from the email again." }));
    return;
  }
  const stop = async () => {
    const path = "/notifications/unsubscribe/" + encodeURIComponent(token);
    await post(path, undefined, { anonymous: true });
    const text =
      "Done: you get no more of these emails. To turn them on again, open “Notifications”.";
    show(h("p", { testid: "unsubscribe-done", text }));
  };
  show(
    h("p", {
      text: "You will get no more emails of this kind. You still see these notifications in Lyceum.",
    }),
    button("Stop these emails", "unsubscribe-submit", stop, "primary"),
  );
}
