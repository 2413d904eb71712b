// Stored files: reading them by signed URLs, playing them, uploading them.

import { h, fill } from "/console/core/dom.js";
import { messageOf, get, post } from "/console/core/http.js";
import { formatBytes } from "/console/core/format.js";
import { capability } from "/console/core/server.js";

/** @import { Schemas } from "/console/core/http.js" */

/**
 * What the server accepts, see /capabilities.
 *
 * @typedef {{ content_types: string[], max_bytes: number }} UploadRules
 */

const signedForSeconds = 3600;
const renewAheadMs = 5 * 60000;

/** @type {Map<string, { url: string, expiresAt: number }>} */
const signedURLs = new Map();

/**
 * signAsset returns a URL of a stored file that works for some time. `renew` asks for another one.
 *
 * @param {string} key
 * @param {AbortSignal} signal
 * @param {{ renew?: boolean }} [options]
 */
export async function signAsset(key, signal, { renew = false } = {}) {
  const known = signedURLs.get(key);
  if (known && !renew && known.expiresAt > Date.now() + renewAheadMs) return known.url;
  /** @type {Schemas["StorageLink"]} */
  const link = await get("/storage/sign", { key, expires_in: signedForSeconds }, { signal });
  signedURLs.set(key, { url: link.url, expiresAt: Date.parse(link.expires_at) });
  return link.url;
}

/** @type {Record<string, string>} content types by the ending of a file's name */
const contentTypes = {
  mp4: "video/mp4",
  webm: "video/webm",
  mp3: "audio/mpeg",
  ogg: "audio/ogg",
  wav: "audio/wav",
  png: "image/png",
  jpg: "image/jpeg",
  jpeg: "image/jpeg",
  webp: "image/webp",
  gif: "image/gif",
  pdf: "application/pdf",
  zip: "application/zip",
  txt: "text/plain",
  md: "text/markdown",
  csv: "text/csv",
  vtt: "text/vtt",
};

/** @param {string} name */
const extensionOf = (name) => name.slice(name.lastIndexOf(".") + 1).toLowerCase();

/**
 * mediaKind returns how a stored file is shown.
 *
 * @param {string} key
 * @returns {"video" | "audio" | "image" | "file"}
 */
function mediaKind(key) {
  const extension = extensionOf(key);
  if (extension === "mpga") return "audio";
  const [kind] = (contentTypes[extension] || "").split("/");
  return kind === "video" || kind === "audio" || kind === "image" ? kind : "file";
}

/** @returns {UploadRules | undefined} */
const uploadRules = () => capability("uploads");

/** acceptedExtensions returns the endings of the files that the server accepts. */
function acceptedExtensions() {
  const accepted = uploadRules()?.content_types || [];
  return Object.keys(contentTypes).filter((e) => accepted.includes(contentTypes[e]));
}

/**
 * checkFile throws an error if the server would refuse a file.
 *
 * @param {File} file
 * @param {string} contentType
 */
function checkFile(file, contentType) {
  const { content_types, max_bytes } = /** @type {UploadRules} */ (uploadRules());
  if (!content_types.includes(contentType)) {
    const accepted = acceptedExtensions().join(", ");
    throw new Error(`Files of this type are not accepted. Choose one of these: ${accepted}.`);
  }
  if (file.size > max_bytes) {
    const [size, most] = [formatBytes(file.size), formatBytes(max_bytes)];
    throw new Error(`The file is too large: it has ${size}, and ${most} are allowed.`);
  }
}

/**
 * newKey returns a key that is free: the name of the file, behind a folder and the time.
 *
 * @param {string} folder
 * @param {File} file
 */
function newKey(folder, file) {
  const name = file.name
    .normalize("NFC")
    .replace(/[^\p{L}\p{N}._-]+/gu, "-")
    .replace(/^[.-]+/, "")
    .slice(-80);
  return `${folder}/${Date.now().toString(36)}-${name || "file"}`;
}

/**
 * uploadField returns a button for a file that is uploaded at once, with its progress. `done` gets
 * the key under which the server has stored it.
 *
 * @param {string} prefix
 * @param {string} folder
 * @param {string} label
 * @param {(key: string) => void} done
 */
export function uploadField(prefix, folder, label, done) {
  const id = prefix + "-file";
  const status = h("span", { class: "hint", role: "status" });
  const meter = h("progress", { max: 100, value: 0, hidden: true, "aria-label": "Upload" });
  const accept = acceptedExtensions().map((extension) => "." + extension);
  const input = h("input", { type: "file", id, testid: id, accept: accept.join(",") });
  input.addEventListener("change", async () => {
    const file = input.files?.[0];
    if (!file) return;
    input.disabled = true;
    meter.hidden = false;
    meter.value = 0;
    status.textContent = `${file.name}, ${formatBytes(file.size)}`;
    try {
      const key = await uploadFile(folder, file, (percent) => {
        meter.value = percent;
      });
      status.textContent = "Uploaded.";
      done(key);
    } catch (error) {
      status.textContent = messageOf(error);
    } finally {
      input.disabled = false;
      input.value = "";
      meter.hidden = true;
    }
  });
  return h(
    "div",
    { class: "field" },
    h("label", { htmlFor: id, text: label }),
    input,
    meter,
    status,
  );
}

/**
 * @param {string} folder
 * @param {File} file
 * @param {(percent: number) => void} progress
 * @returns {Promise<string>} the key
 */
async function uploadFile(folder, file, progress) {
  const isKnown = Object.values(contentTypes).includes(file.type);
  const byName = contentTypes[extensionOf(file.name)] || "application/octet-stream";
  const content_type = isKnown ? file.type : byName;
  checkFile(file, content_type);
  const order = { key: newKey(folder, file), content_type, size: file.size };
  /** @type {Schemas["StorageUpload"]} */
  const { id, upload } = await post("/storage/uploads", order);
  await sendFile(upload, file, progress);
  /** @type {Schemas["StorageAsset"]} */
  const asset = await post(`/storage/uploads/${id}/complete`);
  return asset.key;
}

/**
 * sendFile sends a file to the store. fetch has no events for the progress of an upload, so this
 * uses XMLHttpRequest.
 *
 * @param {Schemas["StorageRequest"]} request
 * @param {File} file
 * @param {(percent: number) => void} progress
 */
function sendFile({ method, url, headers }, file, progress) {
  return new Promise((resolve, reject) => {
    const xhr = new XMLHttpRequest();
    xhr.open(method, url);
    for (const [name, value] of Object.entries(headers || {})) {
      // The browser sets these itself and refuses to have them set.
      if (!/^(content-length|host)$/i.test(name)) xhr.setRequestHeader(name, value);
    }
    xhr.upload.onprogress = ({ loaded, total }) => progress((100 * loaded) / total);
    xhr.onload = () => {
      if (xhr.status < 300) resolve(undefined);
      else reject(new Error(refusalOf(xhr)));
    };
    xhr.onerror = () => reject(new Error("The upload was interrupted. Choose the file again."));
    xhr.send(file);
  });
}

/**
 * refusalOf returns why the store refused a file. Lyceum's own store says so, others answer a page.
 *
 * @param {XMLHttpRequest} xhr
 * @returns {string}
 */
function refusalOf(xhr) {
  try {
    return JSON.parse(xhr.responseText).detail;
  } catch {
    return `The file store refused the file (${xhr.status}). Try again later.`;
  }
}

/**
 * showAsset returns the element that shows a stored file: a picture, a player with captions, or a
 * link to download it. `onPlayer` gets the player, if there is one.
 *
 * @param {string} key
 * @param {AbortSignal} signal
 * @param {Schemas["CoursesCaption"][]} captions
 * @param {(player: HTMLMediaElement) => void} [onPlayer]
 */
export async function showAsset(key, signal, captions, onPlayer) {
  const kind = mediaKind(key);
  const url = await signAsset(key, signal);
  if (kind === "image") return h("img", { class: "media", src: url, alt: "" });
  if (kind === "file") {
    const text = "Download " + key.slice(key.lastIndexOf("/") + 1);
    return h("p", {}, h("a", { class: "button", href: url, download: true, text }));
  }
  const player = h(kind, {
    class: "media",
    src: url,
    controls: true,
    preload: "metadata",
    playsinline: true,
    testid: "lesson-" + kind,
  });
  renewExpiredURL(player, key, signal);
  onPlayer?.(player);
  // The file plays without its captions, too.
  for (const caption of captions) addCaption(player, caption, signal).catch(() => {});
  return player;
}

/**
 * renewExpiredURL gives a player another URL, once, when its own no longer works.
 *
 * @param {HTMLMediaElement} player
 * @param {string} key
 * @param {AbortSignal} signal
 */
function renewExpiredURL(player, key, signal) {
  const renew = async () => {
    if (signal.aborted) return;
    const at = player.currentTime;
    player.src = await signAsset(key, signal, { renew: true });
    player.currentTime = at;
  };
  player.addEventListener("error", renew, { once: true });
}

/**
 * addCaption adds captions to a player. They are fetched first, as the browser refuses tracks from
 * another origin.
 *
 * @param {HTMLMediaElement} player
 * @param {Schemas["CoursesCaption"]} caption
 * @param {AbortSignal} signal
 */
async function addCaption(player, { language, label, asset_key }, signal) {
  const track = h("track", {
    kind: "captions",
    srclang: language,
    label,
    testid: "lesson-captions",
  });
  player.append(track);
  const answer = await fetch(await signAsset(asset_key, signal), { signal });
  if (!answer.ok) return;
  const url = URL.createObjectURL(new Blob([await answer.blob()], { type: "text/vtt" }));
  signal.addEventListener("abort", () => URL.revokeObjectURL(url), { once: true });
  track.src = url;
}

/**
 * keyWithUpload returns a field for the key of a stored file, with an upload beside it that fills it.
 *
 * @param {string} prefix
 * @param {string} label
 * @param {string} folder
 * @param {HTMLElement} keyField
 */
export function keyWithUpload(prefix, label, folder, keyField) {
  const input = keyField.querySelector("input");
  const upload = uploadField(prefix, folder, label, (key) => {
    if (!input) return;
    input.value = key;
    input.dispatchEvent(new Event("input", { bubbles: true }));
  });
  return fill(h("div", { class: "pair" }), keyField, upload);
}
