// Who learns in a course: the list, as a table to keep, and enrolling many by their addresses.

import { h, fill } from "/console/dom.js";
import { request, del } from "/console/api.js";
import { save } from "/console/files.js";
import { form, button, confirm, notice, table, badge } from "/console/ui.js";
import { addresses, ago, plural } from "/console/format.js";
import { answers, offers } from "/console/modules.js";

const path = "/courses/{id}/learners";

export function learners(course, signal) {
  const list = h("div");
  const own = path.replace("{id}", course.id);
  const removes = offers("DELETE", path + "/{user_id}");
  const refresh = () => fill(list, table({
    path: own, signal, testid: "learner-list", label: "Learners", empty: "Nobody is enrolled yet.",
    row: (l) => h("tr", {}, h("td", {}, h("strong", { text: l.user.display_name }), h("br"), h("span", { class: "muted", text: l.user.email })),
      h("td", { text: `${l.percent} % (${plural(l.completed_lessons, "lesson")})` }), h("td", { text: l.last_activity_at ? ago(l.last_activity_at) : "never" }), h("td", { text: ago(l.enrolled_at) }),
      removes && h("td", {}, button("Take out", "learner-remove", async () => {
        const name = l.user.display_name;
        if (!await confirm(`Take ${name} out of the course?`, "Their progress is kept. They come back only when somebody enrolls them, or they enroll themselves.", "Take out")) return;
        await del(`${own}/${l.user.id}`);
        notice(`${name} is no longer enrolled.`);
        refresh();
      }, "small", `Take ${l.user.display_name} out`))),
  }, "Learner", "Progress", "Last active", "Enrolled", ...(removes ? ["Action"] : [])));
  refresh();
  return h("section", { class: "card" }, h("div", { class: "panel-head" }, h("h2", { text: "Learners" }), h("div", { class: "actions" },
    answers("GET", path, "text/csv") && button("Download as CSV", "learner-export", () => save(own, course.slug + "-learners.csv", { accept: "text/csv" })))),
  list, offers("POST", "/courses/{id}/enrollments/batch") && enroll(course, refresh));
}

// enroll takes addresses as people write them: one a line, or between commas.
function enroll(course, refresh) {
  const told = h("div", { "aria-live": "polite" });
  const el = form("enroll", {
    fields: [{ name: "email", label: "Enroll by address", type: "textarea", rows: 2, required: true, hint: "One a line, or separated by commas; up to 1,000" }],
    submit: "Enroll",
    send: async ({ email }, el) => {
      const rows = addresses(email).map((e) => ({ email: e }));
      const { data } = await request("POST", `/courses/${course.id}/enrollments/batch`, { body: { mode: "partial", rows } });
      fill(told, verdict(data));
      if (data.created) notice(`Enrolled: ${data.created}.`);
      if (!data.errors) el.reset();
      refresh();
    },
  });
  return h("div", {}, el, told);
}

const faults = { "no-account": "no account has this address", "invalid-email": "this is no address" };

function verdict(data) {
  const bad = data.results.filter((r) => r.status === "error");
  return h("div", { testid: "enroll-result" }, h("p", { text: `${data.created} enrolled, ${data.exists} were enrolled already, ${data.errors} could not be.` }),
    bad.length > 0 && h("ul", {}, bad.map((r) => h("li", {}, badge("Row " + r.row, "bad"), ` ${r.email}: ${faults[r.error] || r.error}`))));
}
