// Which parts of the server are switched on and what it can do; the console shows controls for these only.

import { get } from "./api.js";

let on = new Set();
let scripts = [];
let paths = {};
let schemas = {};
let capabilities = {};

export async function loadModules() {
  const addresses = ["/modules", "/openapi.json", "/capabilities", "/console/panels.json"];
  const [{ items }, document, rules, panels] = await Promise.all(addresses.map((path) => get(path, undefined, { anonymous: true })));
  capabilities = rules;
  on = new Set(items.filter((m) => m.enabled).map((m) => m.name));
  scripts = panels.items;
  paths = document.paths || {};
  schemas = document.components?.schemas || {};
}

// capability is what the server says of one subject, such as uploads or passwords; nothing where a module is off.
export const capability = (name) => capabilities[name];

export const enabled = (name) => on.has(name);

// panelScripts lists the addresses of the panels that the modules declare.
export const panelScripts = () => scripts;

// offers says whether the server has an operation, named as in its document: offers("POST", "/courses/{id}/clone").
export const offers = (method, path) => Boolean(paths[path]?.[method.toLowerCase()]);

const operation = (method, path) => paths[path]?.[method.toLowerCase()];

// accepts says whether an operation's JSON body has a field.
export function accepts(method, path, field) {
  const schema = operation(method, path)?.requestBody?.content?.["application/json"]?.schema;
  const named = schema?.$ref ? schemas[schema.$ref.split("/").pop()] : schema;
  return Boolean(named?.properties?.[field]);
}

// answers says whether an operation can answer in a type, such as text/csv.
export const answers = (method, path, type) => Boolean(operation(method, path)?.responses?.["200"]?.content?.[type]);

// queryValues lists the values of a query parameter that the document names, whether it accepts others or not.
export function queryValues(method, path, name) {
  const parameter = operation(method, path)?.parameters?.find((p) => p.in === "query" && p.name === name);
  return parameter?.schema?.enum || parameter?.schema?.examples || [];
}
