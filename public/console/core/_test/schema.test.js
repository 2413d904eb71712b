import assert from "node:assert/strict";
import test from "node:test";

import { installBrowser } from "./browser.js";

installBrowser();
const { boundsOf, canAnswer, hasOperation, maxItemsOf, useSchema, valuesOf } =
  await import("../schema.js");

const body = { content: { "application/json": { schema: { $ref: "#/components/schemas/New" } } } };
useSchema({
  paths: {
    "/badges": {
      get: {
        parameters: [
          { in: "query", name: "status", schema: { enum: ["open", "done"] } },
          { in: "query", name: "action", schema: { examples: ["a.b"], maxLength: 9 } },
          { in: "header", name: "X-Id", schema: { enum: ["x"] } },
        ],
        responses: { 200: { content: { "text/csv": {} } } },
      },
      post: { requestBody: body },
    },
  },
  components: {
    schemas: {
      New: {
        properties: {
          title: { maxLength: 200 },
          uses: { minimum: 1, maximum: 10000 },
          slug: { pattern: "^[a-z]+$" },
          kind: { $ref: "#/components/schemas/Kind" },
          rows: { maxItems: 1000 },
        },
      },
      Kind: { enum: ["gold", "silver"] },
    },
  },
});

test("operations are there or not", () => {
  assert.ok(hasOperation("GET /badges"));
  assert.ok(!hasOperation("DELETE /badges"));
  assert.ok(!hasOperation("GET /nothing"));
  assert.ok(canAnswer("GET /badges", "text/csv"));
  assert.ok(!canAnswer("GET /badges", "text/html"));
});

test("values come from enums, or else from examples", () => {
  assert.deepEqual(valuesOf("GET /badges", "status"), ["open", "done"]);
  assert.deepEqual(valuesOf("GET /badges", "action"), ["a.b"]);
  assert.deepEqual(valuesOf("GET /badges", "X-Id"), []);
  assert.deepEqual(valuesOf("POST /badges", "kind"), ["gold", "silver"]);
  assert.deepEqual(valuesOf("POST /nothing", "kind"), []);
});

test("bounds are those of the body or the query", () => {
  const bounds = { maxlength: undefined, min: undefined, max: undefined, pattern: undefined };
  assert.deepEqual(boundsOf("POST /badges", "title"), { ...bounds, maxlength: 200 });
  assert.deepEqual(boundsOf("POST /badges", "uses"), { ...bounds, min: 1, max: 10000 });
  assert.deepEqual(boundsOf("POST /badges", "slug"), { ...bounds, pattern: "^[a-z]+$" });
  assert.deepEqual(boundsOf("GET /badges", "action"), { ...bounds, maxlength: 9 });
  assert.deepEqual(boundsOf("POST /badges", "nothing"), bounds);
  assert.equal(maxItemsOf("POST /badges", "rows"), 1000);
});
