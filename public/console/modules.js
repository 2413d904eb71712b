// Which parts of the server are switched on and what it can do; the console shows controls for these only.

import { get } from "./api.js";

let on = new Set();
let paths = {};
let schemas = {};

export async function loadModules() {
  const [{ items }, document] = await Promise.all(["/modules", "/openapi.json"].map((path) => get(path, undefined, { anonymous: true })));
  on = new Set(items.filter((m) => m.enabled).map((m) => m.name));
  paths = document.paths || {};
  schemas = document.components?.schemas || {};
}

export const enabled = (name) => !name || on.has(name);

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
