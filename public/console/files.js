// Files that come and go: answers saved to the disk, files picked from it.

import { h } from "./dom.js";
import { request } from "./api.js";

// save fetches an answer and hands it to the browser as a download of that name.
export async function save(path, name, { query, accept } = {}) {
  const { data } = await request("GET", path, { query, headers: accept ? { Accept: accept } : {}, as: "blob" });
  const url = URL.createObjectURL(data);
  h("a", { href: url, download: name }).click();
  setTimeout(() => URL.revokeObjectURL(url), 60000);
}

// pick asks for one file; null when none was chosen.
export function pick(accept, testid) {
  return new Promise((resolve) => {
    const input = h("input", { type: "file", accept, testid, hidden: true, on: {
      change: () => { input.remove(); resolve(input.files[0] || null); },
      cancel: () => { input.remove(); resolve(null); },
    } });
    document.body.append(input);
    input.click();
  });
}
