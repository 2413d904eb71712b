// The server at hand: which modules are enabled and what it accepts. The console draws controls for
// these only.

import { get } from "./http.js";

/** @import { Schemas } from "./http.js" */

/** @type {Set<string>} */
let enabledModules = new Set();

/** @type {Record<string, any>} */
let capabilities = {};

/** loadServer fetches the list of modules and the capabilities. */
export async function loadServer() {
  const anonymous = { anonymous: true };
  /** @type {[Schemas["Modules"], Record<string, any>]} */
  const [modules, accepted] = await Promise.all([
    get("/modules", undefined, anonymous),
    get("/capabilities", undefined, anonymous),
  ]);
  enabledModules = new Set(modules.items.filter((m) => m.enabled).map((m) => m.name));
  capabilities = accepted;
}

/**
 * isEnabled reports whether a module is enabled.
 *
 * @param {string} module
 */
export const isEnabled = (module) => enabledModules.has(module);

/**
 * capability returns what the server accepts in one matter, such as uploads or passwords, or
 * undefined if the module of it is disabled.
 *
 * @param {string} name
 */
export const capability = (name) => capabilities[name];

/**
 * panelScripts returns the addresses of the panels of the enabled modules.
 *
 * @returns {Promise<string[]>}
 */
export const panelScripts = async () =>
  (await get("/console/panels.json", undefined, { anonymous: true })).items;
