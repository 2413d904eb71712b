// Forms. The bounds and the choices of a field come from the API's document (schema.js); the server
// checks all of it again.

import { h, fill } from "./dom.js";
import { explain, fieldName } from "./feedback.js";
import { isAborted } from "./http.js";
import { boundsOf, valuesOf } from "./schema.js";

/** @import { Child } from "./dom.js" */

/**
 * A choice of a select: its value, or its value and its text.
 *
 * @typedef {string | [value: string, text: string]} Choice
 *
 * A field of a form. Names that are not listed here become attributes of the control and win over
 * the bounds of the document.
 *
 * @typedef {object} FieldSpec
 * @property {string} name
 * @property {string} label
 * @property {string} [type] as of an input, or "select" or "textarea"
 * @property {string} [of] the operation whose document has the bounds of the field, "POST /courses"
 * @property {string} [hint]
 * @property {Choice[]} [options] the choices of a select
 * @property {any} [value]
 * @property {boolean} [wide] takes the whole width of the form
 *
 * @typedef {FieldSpec & Record<string, any>} Field
 *
 * @typedef {Record<string, any>} Values
 */

/**
 * field returns a labelled control. Its id and its data-testid are `prefix-name`.
 *
 * @param {string} prefix
 * @param {Field} spec
 */
export function field(prefix, spec) {
  const { name, label, hint, type = "text", of, options, wide, ...attributes } = spec;
  const id = `${prefix}-${name}`;
  const bounds = of && type !== "select" ? boundsOf(of, name) : {};
  const control = buildControl(type, { id, name, testid: id, ...bounds, ...attributes }, options);
  const described = [hint && id + "-hint", id + "-error"].filter(Boolean).join(" ");
  control.setAttribute("aria-describedby", described);
  const caption = h("label", { htmlFor: id, text: label });
  const below = [
    hint && h("span", { class: "hint", id: id + "-hint", text: hint }),
    h("span", { class: "field-error", id: id + "-error", hidden: true }),
  ];
  if (type === "checkbox") return h("div", { class: "field check" }, control, caption, below);
  return h("div", { class: wide ? "field wide" : "field" }, caption, control, below);
}

/**
 * @param {string} type
 * @param {Values} props
 * @param {Choice[]} [options]
 */
function buildControl(type, props, options = []) {
  if (type === "select") {
    const selected = props.value ?? "";
    return h(
      "select",
      { ...props, value: undefined },
      options.map((option) => {
        const [value, text] = Array.isArray(option) ? option : [option, option];
        return h("option", { value, text, selected: value === selected });
      }),
    );
  }
  const control =
    type === "textarea" ? h("textarea", { rows: 4, ...props }) : h("input", { type, ...props });
  if (props.value !== undefined) control.defaultValue = props.value; // a reset brings it back
  return control;
}

/**
 * choicesOf returns the choices of a select: the values of the document, with their texts as far as
 * `labels` has them.
 *
 * @param {string} operation
 * @param {string} name
 * @param {Record<string, string>} [labels]
 * @returns {Choice[]}
 */
export const choicesOf = (operation, name, labels = {}) =>
  valuesOf(operation, name).map((value) => [value, labels[value] || value]);

/**
 * filterChoices returns the choices of a filter: all, and the values of the document.
 *
 * @param {string} operation
 * @param {string} name
 * @param {Record<string, string>} [labels]
 * @returns {Choice[]}
 */
export const filterChoices = (operation, name, labels) => [
  ["", "All"],
  ...choicesOf(operation, name, labels),
];

/**
 * form returns a form. `send` gets its values on submit, and the submit button is disabled until it
 * is done. Errors are shown at the fields that they name, the rest above the button.
 *
 * @param {string} prefix
 * @param {object} options
 * @param {(Field | Node)[]} options.fields
 * @param {string} options.submit the text of the button
 * @param {(values: Values, form: HTMLFormElement, submitter: HTMLElement | null) => unknown} options.send
 * @param {string} [options.of] the operation whose document has the bounds of the fields
 * @param {Child} [options.extra] stands beside the button
 * @param {string} [options.kind] classes
 */
export function form(prefix, { fields, submit, send, of, extra, kind = "" }) {
  const problem = h("div", { class: "form-problem", testid: prefix + "-error" });
  const button = h("button", {
    class: "button primary",
    type: "submit",
    text: submit,
    testid: prefix + "-submit",
  });
  const element = h(
    "form",
    { class: "form " + kind, novalidate: true, testid: prefix + "-form" },
    fields.map((f) => (f instanceof Node ? f : field(prefix, { of, ...f }))),
    problem,
    h("div", { class: "actions" }, button, extra),
  );
  element.addEventListener("submit", async (event) => {
    event.preventDefault();
    if (button.disabled) return;
    clearErrors(element, problem);
    if (showFirstInvalid(element)) return;
    button.disabled = true;
    try {
      await send(readValues(element), element, event.submitter);
    } catch (error) {
      if (!isAborted(error)) showErrors(element, problem, error);
    } finally {
      button.disabled = false;
    }
  });
  return element;
}

/**
 * @typedef {HTMLInputElement | HTMLSelectElement | HTMLTextAreaElement} Control
 */

/**
 * @param {HTMLFormElement} form
 * @returns {Control[]}
 */
const controlsOf = (form) => /** @type {any[]} */ ([...form.elements]);

/**
 * controlOf returns the control of a form by its name.
 *
 * @param {HTMLFormElement} form
 * @param {string} name
 * @returns {HTMLInputElement}
 */
export const controlOf = (form, name) => /** @type {any} */ (form.elements.namedItem(name));

/**
 * readValues returns the values of a form by name: numbers as numbers and an empty one as null,
 * checkboxes as booleans, texts trimmed except passwords. Files are left out.
 *
 * @param {HTMLFormElement} form
 * @returns {Values}
 */
export function readValues(form) {
  /** @type {Values} */
  const values = {};
  for (const control of controlsOf(form)) {
    if (control.name && control.type !== "file") values[control.name] = readValue(control);
  }
  return values;
}

/** @param {Control} control */
function readValue(control) {
  if (control instanceof HTMLInputElement && control.type === "checkbox") return control.checked;
  if (control.type === "number" || control.type === "range") {
    return control.value === "" ? null : Number(control.value);
  }
  return control.type === "password" ? control.value : control.value.trim();
}

/**
 * omitEmpty returns the values without those that are empty.
 *
 * @param {Values} values
 * @returns {Values}
 */
export const omitEmpty = (values) =>
  Object.fromEntries(Object.entries(values).filter(([, value]) => value));

/**
 * fieldError returns an error that a form shows at one of its fields.
 *
 * @param {string} name
 * @param {string} message
 */
export const fieldError = (name, message) =>
  Object.assign(new Error(message), { errors: [{ location: "body." + name, message }] });

/**
 * @param {HTMLFormElement} form
 * @param {HTMLElement} problem
 */
function clearErrors(form, problem) {
  fill(problem);
  for (const control of form.querySelectorAll("[aria-invalid]")) {
    control.removeAttribute("aria-invalid");
  }
  for (const line of form.querySelectorAll(".field-error")) {
    fill(line).setAttribute("hidden", "");
  }
}

/**
 * showFirstInvalid shows what the browser finds wrong in the first control that breaks its bounds,
 * and returns whether there is one.
 *
 * @param {HTMLFormElement} form
 */
function showFirstInvalid(form) {
  const invalid = controlsOf(form).find((c) => c.willValidate && !c.validity.valid);
  if (!invalid) return false;
  showFieldError(invalid, invalid.validationMessage);
  invalid.focus();
  return true;
}

/**
 * @param {Element} control
 * @param {string} text
 */
function showFieldError(control, text) {
  const line = document.getElementById(control.id + "-error");
  if (!line) return false;
  control.setAttribute("aria-invalid", "true");
  line.hidden = false;
  line.textContent = text;
  return true;
}

/**
 * @param {HTMLFormElement} form
 * @param {HTMLElement} problem
 * @param {any} error
 */
function showErrors(form, problem, error) {
  /** @type {{ location: string, message: string }[]} */
  const faults = error.errors || [];
  const elsewhere = faults.filter(({ location, message }) => {
    const [name] = fieldName(location).split(/[.[]/);
    const control = name && form.elements.namedItem(name);
    return !(control instanceof Element && showFieldError(control, message));
  });
  if (!faults.length || elsewhere.length) {
    const rest = Object.assign(Object.create(error), { errors: elsewhere, message: error.message });
    fill(problem, explain(rest));
  }
  /** @type {HTMLElement | null} */
  const first = form.querySelector("[aria-invalid]");
  first?.focus();
}
