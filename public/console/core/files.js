// Files: answers that are saved to the disk, and files that are picked from it.

import { h } from "./dom.js";
import { request } from "./http.js";

/**
 * saveFile fetches an answer and hands it to the browser as a download of the given name.
 *
 * @param {string} path
 * @param {string} name
 * @param {{ query?: Record<string, any>, accept?: string }} [options]
 */
export async function saveFile(path, name, { query, accept } = {}) {
  const headers = accept ? { Accept: accept } : undefined;
  const { data } = await request("GET", path, { query, headers, as: "blob" });
  const url = URL.createObjectURL(data);
  h("a", { href: url, download: name }).click();
  setTimeout(() => URL.revokeObjectURL(url), 60000);
}

/**
 * pickFile asks for a file and returns it, or null if none was chosen.
 *
 * @param {string} accept
 * @param {string} testid
 * @returns {Promise<File | null>}
 */
export function pickFile(accept, testid) {
  return new Promise((resolve) => {
    const finish = (/** @type {File | null} */ file) => {
      input.remove();
      resolve(file);
    };
    const input = h("input", {
      type: "file",
      accept,
      testid,
      hidden: true,
    });
    input.addEventListener("change", () => finish(input.files?.[0] || null));
    input.addEventListener("cancel", () => finish(null));
    document.body.append(input);
    input.click();
  });
}
