// Lets Node.js run the console's modules in unit tests, as a browser does: addresses such as
// /console/core/dom.js are found in the repository, and .js files are ES modules.
//
// node --import ./tools/web/console-loader.js --test FILES

import { register } from "node:module";
import { fileURLToPath, pathToFileURL } from "node:url";
import path from "node:path";

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), "../..");
const consoleFolder = pathToFileURL(path.join(root, "public/console/")).href;
const isConsoleFile = /\/(public|modules\/[a-z]+)\/console\/.*\.js$/;

/**
 * resolve is a hook of Node's module loader.
 *
 * @param {string} specifier
 * @param {any} context
 * @param {(specifier: string, context: any) => Promise<{ url: string }>} next
 */
export async function resolve(specifier, context, next) {
  const address = specifier.startsWith("/console/")
    ? new URL(specifier.slice("/console/".length), consoleFolder).href
    : specifier;
  const found = await next(address, context);
  return isConsoleFile.test(found.url) ? { ...found, format: "module" } : found;
}

// The file is loaded twice: to register the hook, and in the thread of the hooks.
if (!new URL(import.meta.url).searchParams.has("hooks")) {
  register(import.meta.url + "?hooks");
}
