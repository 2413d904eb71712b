// What the server's OpenAPI document says: which operations there are, and the enums and bounds of
// their fields. The document leaves out modules that are disabled, so it is asked before a control
// for an operation is drawn.
//
// The document is fetched once a page, beside the other requests of the start, and the browser keeps
// it with its ETag.

import { get } from "./http.js";

/**
 * @typedef {object} Schema
 * @property {string} [$ref]
 * @property {string | string[]} [type]
 * @property {any[]} [enum]
 * @property {any[]} [examples]
 * @property {any} [default]
 * @property {number} [minimum]
 * @property {number} [maximum]
 * @property {number} [maxLength]
 * @property {number} [maxItems]
 * @property {string} [pattern]
 * @property {Schema} [items]
 * @property {Record<string, Schema>} [properties]
 *
 * @typedef {object} Operation
 * @property {{ in: string, name: string, schema?: Schema }[]} [parameters]
 * @property {{ content?: Record<string, { schema?: Schema }> }} [requestBody]
 * @property {Record<string, { content?: Record<string, unknown> }>} [responses]
 *
 * @typedef {object} Document
 * @property {Record<string, Record<string, Operation>>} [paths]
 * @property {{ schemas?: Record<string, Schema> }} [components]
 */

/** @type {Document} */
let openapi = {};

/** loadSchema fetches the document. All other functions of this file need it. */
export async function loadSchema() {
  useSchema(await get("/openapi.json", undefined, { anonymous: true }));
}

/**
 * useSchema sets the document.
 *
 * @param {Document} document
 */
export function useSchema(document) {
  openapi = document;
}

/**
 * operation returns an operation of the document, named as in it: "POST /courses/{id}/clone".
 *
 * @param {string} name
 */
function operation(name) {
  const [method, path] = name.split(" ");
  return openapi.paths?.[path]?.[method.toLowerCase()];
}

/**
 * hasOperation reports whether the server has an operation: hasOperation("POST /courses").
 *
 * @param {string} name
 */
export const hasOperation = (name) => Boolean(operation(name));

/**
 * canAnswer reports whether an operation has answers of a type, such as text/csv.
 *
 * @param {string} name
 * @param {string} type
 */
export const canAnswer = (name, type) =>
  Boolean(operation(name)?.responses?.["200"]?.content?.[type]);

/**
 * resolve follows a reference within the document.
 *
 * @param {Schema} [schema]
 * @returns {Schema | undefined}
 */
function resolve(schema) {
  const name = schema?.$ref?.split("/").pop();
  return name ? openapi.components?.schemas?.[name] : schema;
}

/**
 * bodyField returns the schema of a field of an operation's JSON body, or undefined if there is none.
 *
 * @param {string} name
 * @param {string} field
 */
export function bodyField(name, field) {
  const body = resolve(operation(name)?.requestBody?.content?.["application/json"]?.schema);
  return resolve(body?.properties?.[field]);
}

/**
 * queryField returns the schema of a query parameter of an operation, or undefined if there is none.
 *
 * @param {string} name
 * @param {string} parameter
 */
export function queryField(name, parameter) {
  const all = operation(name)?.parameters || [];
  return resolve(all.find((p) => p.in === "query" && p.name === parameter)?.schema);
}

/**
 * fieldOf returns the schema of a field by its name, which is a query parameter where the operation
 * reads and a field of the body where it writes.
 *
 * @param {string} name
 * @param {string} field
 */
const fieldOf = (name, field) =>
  name.startsWith("GET ") ? queryField(name, field) : bodyField(name, field);

/**
 * valuesOf returns the values of a field: those of its enum or, where the document only gives
 * examples, those.
 *
 * @param {string} name
 * @param {string} field
 * @returns {string[]}
 */
export function valuesOf(name, field) {
  const schema = fieldOf(name, field);
  return schema?.enum || schema?.examples || [];
}

/**
 * boundsOf returns the attributes that hold an input to the bounds of a field: maxlength, min, max
 * and pattern, as far as the document names them.
 *
 * @param {string} name
 * @param {string} field
 * @returns {{ maxlength?: number, min?: number, max?: number, pattern?: string }}
 */
export function boundsOf(name, field) {
  const schema = fieldOf(name, field);
  return {
    maxlength: schema?.maxLength,
    min: schema?.minimum,
    max: schema?.maximum,
    pattern: schema?.pattern,
  };
}

/**
 * maxItemsOf returns how many items a list in an operation's body may have.
 *
 * @param {string} name
 * @param {string} field
 */
export const maxItemsOf = (name, field) => bodyField(name, field)?.maxItems;
