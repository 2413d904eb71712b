// Stored files: reading them by signed URLs, uploading them.

import { h, fill } from "/console/dom.js";
import { get, post } from "/console/api.js";
import { size } from "/console/format.js";
import { capability } from "/console/modules.js";

const known = new Map(); // key → {url, until}

// asset gives a URL for a stored file that works for a while.
export async function asset(key, signal, fresh = false) {
  const before = known.get(key);
  if (before && !fresh && before.until > Date.now() + 300000) return before.url;
  const { url, expires_at } = await get("/storage/sign", { key, expires_in: 3600 }, { signal });
  known.set(key, { url, until: Date.parse(expires_at) });
  return url;
}

const kinds = { mp4: "video", webm: "video", mpga: "audio", mp3: "audio", ogg: "audio", wav: "audio",
  png: "image", jpg: "image", jpeg: "image", webp: "image", gif: "image" };

export const kindOf = (key) => kinds[key.split(".").pop().toLowerCase()] || "file";

const types = { mp4: "video/mp4", webm: "video/webm", mp3: "audio/mpeg", ogg: "audio/ogg", wav: "audio/wav", png: "image/png",
  jpg: "image/jpeg", jpeg: "image/jpeg", webp: "image/webp", gif: "image/gif", pdf: "application/pdf", zip: "application/zip",
  txt: "text/plain", md: "text/markdown", csv: "text/csv", vtt: "text/vtt" };

// acceptedExtensions are the endings of the files that the server takes.
const acceptedExtensions = () => Object.keys(types).filter((e) => capability("uploads")?.content_types.includes(types[e]));

// checkFile says what the server would refuse, before anything is sent.
function checkFile(file, content_type) {
  const { content_types, max_bytes } = capability("uploads");
  if (!content_types.includes(content_type)) {
    throw new Error(`Files of this type are not accepted. Accepted are ${acceptedExtensions().join(", ")}.`);
  }
  if (file.size > max_bytes) throw new Error(`The file has ${size(file.size)}; at most ${size(max_bytes)} are accepted.`);
}

// keyFor makes a name that is free: the file's own, cleaned, behind a folder and a moment.
function keyFor(folder, file) {
  const name = file.name.normalize("NFC").replace(/[^\p{L}\p{N}._-]+/gu, "-").replace(/^[.-]+/, "").slice(-80) || "file";
  return `${folder}/${Date.now().toString(36)}-${name}`;
}

// uploader is a file button with its progress; `done(key)` runs when the server has the file.
export function uploader(prefix, folder, label, done) {
  const status = h("span", { class: "hint", role: "status" });
  const meter = h("progress", { max: 100, value: 0, hidden: true, "aria-label": "Upload" });
  const input = h("input", { type: "file", id: prefix + "-file", testid: prefix + "-file", accept: acceptedExtensions().map((e) => "." + e).join(",") });
  input.addEventListener("change", async () => {
    const file = input.files[0];
    if (!file) return;
    input.disabled = true;
    meter.hidden = false;
    meter.value = 0;
    status.textContent = `${file.name}, ${size(file.size)}`;
    try {
      const key = await upload(folder, file, (percent) => { meter.value = percent; });
      status.textContent = "Uploaded.";
      done(key);
    } catch (error) {
      status.textContent = error.message;
    } finally {
      input.disabled = false;
      input.value = "";
      meter.hidden = true;
    }
  });
  return h("div", { class: "field" }, h("label", { htmlFor: prefix + "-file", text: label }), input, meter, status);
}

async function upload(folder, file, progress) {
  const extension = file.name.split(".").pop().toLowerCase();
  const content_type = file.type && Object.values(types).includes(file.type) ? file.type : types[extension] || "application/octet-stream";
  checkFile(file, content_type);
  const begun = await post("/storage/uploads", { key: keyFor(folder, file), content_type, size: file.size });
  await send(begun.upload, file, progress);
  return (await post(`/storage/uploads/${begun.id}/complete`)).key;
}

// send uses XMLHttpRequest, as fetch tells nothing about how far an upload is.
function send({ method, url, headers }, file, progress) {
  return new Promise((resolve, reject) => {
    const xhr = new XMLHttpRequest();
    xhr.open(method, url);
    for (const [name, value] of Object.entries(headers || {})) {
      if (!/^(content-length|host)$/i.test(name)) xhr.setRequestHeader(name, value);
    }
    xhr.upload.onprogress = (event) => progress((100 * event.loaded) / event.total);
    xhr.onload = () => (xhr.status < 300 ? resolve() : reject(new Error(refusal(xhr))));
    xhr.onerror = () => reject(new Error("The upload was interrupted."));
    xhr.send(file);
  });
}

// refusal says why the store took no file: our own store explains itself, others answer with a page of theirs.
function refusal(xhr) {
  try {
    return JSON.parse(xhr.responseText).detail;
  } catch {
    return `The file store refused the file (${xhr.status}).`;
  }
}

// player shows a stored file the way its kind asks for, with its captions.
export async function player(key, signal, onVideo, captions = []) {
  const kind = kindOf(key);
  const url = await asset(key, signal);
  if (kind === "image") return h("img", { class: "media", src: url, alt: "" });
  if (kind === "file") return h("p", {}, h("a", { class: "button", href: url, download: true, text: "Download " + key.split("/").pop() }));
  const el = h(kind, { class: "media", src: url, controls: true, preload: "metadata", playsinline: true, testid: "lesson-" + kind });
  let renewed = false;
  el.addEventListener("error", async () => { // the address has run out: ask for another, once
    if (renewed || signal?.aborted) return;
    renewed = true;
    const at = el.currentTime;
    el.src = await asset(key, signal, true);
    el.currentTime = at;
  });
  onVideo?.(el);
  for (const caption of captions) subtitle(el, caption, signal).catch(() => {}); // the file plays without them, too
  return el;
}

// subtitle adds captions to a player. They are fetched first: a file from another origin would be refused as a track.
async function subtitle(el, { language, label, asset_key }, signal) {
  const track = h("track", { kind: "captions", srclang: language, label, testid: "lesson-captions" });
  el.append(track);
  const answer = await fetch(await asset(asset_key, signal), { signal });
  if (!answer.ok) return;
  const url = URL.createObjectURL(new Blob([await answer.blob()], { type: "text/vtt" }));
  signal?.addEventListener("abort", () => URL.revokeObjectURL(url), { once: true });
  track.src = url;
}

// attached is the pair of a key field and an uploader that fills it.
export function attached(prefix, name, label, value, folder, control) {
  const slot = h("div", { class: "pair" });
  return fill(slot, control, uploader(prefix, folder, label, (key) => {
    const input = slot.querySelector(`[name=${name}]`);
    input.value = key;
    input.dispatchEvent(new Event("input", { bubbles: true }));
  }));
}
