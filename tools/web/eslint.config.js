// The rules for the console's JavaScript. `npm run lint` applies them from the root of the
// repository, as ESLint ignores files outside of the folder in which it runs.

import js from "@eslint/js";
import globals from "globals";

// Sinks that turn a string into markup or code. TestNoMarkupFromStrings of public/ holds the same.
const sinks = [
  "innerHTML",
  "outerHTML",
  "insertAdjacentHTML",
  "srcdoc",
  "setHTMLUnsafe",
  "parseFromString",
  "createContextualFragment",
];

const noSinks = sinks.map((name) => ({
  selector: `MemberExpression[property.name="${name}"]`,
  message: `${name} turns a string into markup. Build elements with h() of core/dom.js.`,
}));

export default [
  { ignores: ["public/docs/vendor/**"] },
  js.configs.recommended,
  {
    files: ["**/*.js"],
    languageOptions: { ecmaVersion: 2022, sourceType: "module", globals: globals.browser },
    rules: {
      "no-unused-vars": ["error", { argsIgnorePattern: "^_" }],
      eqeqeq: "error",
      "no-var": "error",
      "prefer-const": "error",
      "no-eval": "error",
      "no-implied-eval": "error",
      "no-new-func": "error",
      "no-script-url": "error",
      "no-restricted-syntax": ["error", ...noSinks],
    },
  },
  {
    // Mails are shown in a sandboxed frame.
    files: ["public/console/mailbox.js"],
    rules: {
      "no-restricted-syntax": [
        "error",
        ...noSinks.filter((rule) => !rule.selector.includes("srcdoc")),
      ],
    },
  },
  {
    files: ["**/_test/*.js", "tools/web/*.js"],
    languageOptions: { globals: { ...globals.browser, ...globals.node } },
  },
];
