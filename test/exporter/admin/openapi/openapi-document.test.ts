import { readFileSync } from "node:fs";
import { join } from "node:path";
import { Ajv2020, type ValidateFunction } from "ajv/dist/2020.js";
import { describe, expect, it } from "vitest";
import { toDraft2020 } from "../../../../exporter/admin/openapi/draft-2020.ts";
import { openApiDocument } from "../../../../exporter/admin/openapi/openapi-document.ts";
import type { Operation, PathItem, Verb } from "../../../../exporter/admin/openapi/operation.ts";
import { when } from "../../../../shared/plugins/schemas/parts.ts";

const document = openApiDocument();
const VERBS: readonly Verb[] = ["get", "head", "put", "post", "patch", "delete"];

const operations = Object.entries(document.paths).flatMap(([path, item]) =>
  VERBS.flatMap((verb): { path: string; verb: Verb; operation: Operation; item: PathItem }[] => {
    const operation = item[verb];
    return operation ? [{ path, verb, operation, item }] : [];
  }),
);

/** Reference 9.2: what each path takes. */
const WANTED: Readonly<Record<string, string>> = {
  ...both("routes", "get post", "get put patch delete"),
  ...both("services", "get post", "get put patch delete"),
  ...both("upstreams", "get post", "get put patch delete"),
  ...both("ssls", "get post", "get put patch delete"),
  ...both("protos", "get post", "get put delete"),
  ...both("stream_routes", "get post", "get put delete"),
  ...both("plugin_configs", "get", "get put patch delete"),
  ...both("consumer_groups", "get", "get put patch delete"),
  ...both("global_rules", "get", "get put patch delete"),
  "/secrets": "get",
  "/secrets/vault/{id}": "get put patch delete",
  "/secrets/aws/{id}": "get put patch delete",
  "/secrets/gcp/{id}": "get put patch delete",
  "/consumers": "get put",
  "/consumers/{username}": "get put delete",
  "/consumers/{username}/credentials": "get",
  "/consumers/{username}/credentials/{id}": "get put delete",
  "/plugin_metadata": "get",
  "/plugin_metadata/{plugin}": "get put delete",
  "/plugins": "get",
  "/plugins/list": "get",
  "/plugins/{plugin}": "get",
  "/plugins/reload": "put",
  "/schema/{type}": "get",
  "/schema/plugins/{plugin}": "get",
  "/schema/validate/{resource}": "post",
  "/configs": "get head put",
  "/configs/validate": "post",
  "/openapi.json": "get",
};

function both(kind: string, list: string, one: string): Record<string, string> {
  return { [`/${kind}`]: list, [`/${kind}/{id}`]: one };
}

/** Every object in the document, with the way to it. */
function* parts(value: unknown, way = "#"): Generator<readonly [string, Record<string, unknown>]> {
  if (typeof value !== "object" || value === null) return;
  if (!Array.isArray(value)) yield [way, value as Record<string, unknown>];
  for (const [name, inner] of Object.entries(value)) yield* parts(inner, `${way}/${name}`);
}

const ajv = new Ajv2020({ strict: false, validateFormats: false });
ajv.addSchema({ $id: "doc", ...document });

function validatorOf(name: string): ValidateFunction {
  const validator = ajv.getSchema(`doc#/components/schemas/${name}`);
  if (!validator) throw new Error(`no schema ${name}`);
  return validator;
}

describe("the OpenAPI document", () => {
  it("has every path of the Admin API with its verbs, and no other", () => {
    const found = Object.fromEntries(
      Object.entries(document.paths).map(([path, item]) => {
        return [path, VERBS.filter((verb) => item[verb]).join(" ")];
      }),
    );
    expect(found).toEqual(WANTED);
  });

  it("resolves every reference, and uses every schema", () => {
    const used = new Set<string>();
    for (const [way, part] of parts(document)) {
      if (typeof part.$ref !== "string") continue;
      const name = /^#\/components\/schemas\/([\w.-]+)$/.exec(part.$ref)?.[1] ?? "";
      expect(document.components.schemas, `${way}: ${part.$ref}`).toHaveProperty([name]);
      used.add(name);
    }
    expect(Object.keys(document.components.schemas).filter((name) => !used.has(name))).toEqual([]);
  });

  it("names every operation once, with a summary, a tag, answers, and the parameters of its path", () => {
    const ids = operations.map(({ operation }) => operation.operationId);
    expect(ids.filter((id, i) => ids.indexOf(id) !== i)).toEqual([]);
    for (const { path, verb, operation, item } of operations) {
      const about = `${verb} ${path}`;
      expect(operation.operationId, about).toMatch(/^[a-z_]+$/);
      expect(operation.summary, about).toMatch(/^\w.*\w$/);
      expect(operation.tags, about).toHaveLength(1);
      expect(Object.keys(operation.responses), about).toContain("401");
      expect(
        Object.keys(operation.responses).some((status) => /^2/.test(status)),
        about,
      ).toBe(true);
      for (const answer of Object.values(operation.responses)) {
        expect(answer.description, about).toMatch(/\w/);
      }
      const inPath = [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name);
      const told = (item.parameters ?? []).filter((each) => each.in === "path" && each.required);
      expect(
        told.map(({ name }) => name),
        about,
      ).toEqual(inPath);
      const takesBody = ["put", "post", "patch"].includes(verb) && path !== "/plugins/reload";
      expect(operation.requestBody !== undefined, about).toBe(takesBody);
    }
  });

  it("has schemas of JSON Schema 2020-12 only", () => {
    for (const name of Object.keys(document.components.schemas)) {
      const schema = document.components.schemas[name];
      expect(ajv.validateSchema(schema as object), `${name}: ${ajv.errorsText()}`).toBe(true);
    }
    const older = [...parts(document.components)].filter(
      ([way, part]) =>
        !way.endsWith("/properties") &&
        ("dependencies" in part || "definitions" in part || Array.isArray(part.items)),
    );
    expect(older.map(([way]) => way)).toEqual([]);
  });

  it("accepts what a real APISIX accepted, and refuses most of what its schemas refused", () => {
    const puts = linesOf("validate.jsonl").map((line) => JSON.parse(line) as RecordedPut);
    const validators = new Map<string, ValidateFunction>();
    let [accepted, refused, refusedHere] = [0, 0, 0];
    for (const { key, value, status, answer } of puts) {
      const schema = schemaFor("put", key);
      if (schema === undefined || value === undefined || hasEmptyTable(value)) continue;
      const text = JSON.stringify(schema);
      const validator = validators.get(text) ?? ajv.compile(schema);
      validators.set(text, validator);
      const isValid = validator(value);
      if (status < 300) {
        accepted += 1;
        const about = `${key} ${JSON.stringify(value)}: ${ajv.errorsText(validator.errors)}`;
        expect(isValid, about).toBe(true);
      } else if (/^invalid configuration: /.test(answer ?? "")) {
        refused += 1;
        if (!isValid) refusedHere += 1;
      }
    }
    expect(accepted).toBeGreaterThan(50);
    expect(refusedHere / refused).toBeGreaterThan(0.8);
  });

  it("knows the fields of plugins: what APISIX took passes, what is of another type does not", () => {
    let checked = 0;
    for (const line of linesOf("plugin-configs.jsonl")) {
      const [plugin, use, config] = JSON.parse(line) as [string, string, unknown];
      const name = `${USES[use]}.${plugin}`;
      if (!(name in document.components.schemas) || hasEmptyTable(config)) continue;
      const validator = validatorOf(name);
      checked += 1;
      expect(validator(config), `${line}: ${ajv.errorsText(validator.errors)}`).toBe(true);
    }
    expect(checked).toBeGreaterThan(300);
    expect(validatorOf("plugin.limit-count")({ count: true, time_window: 1 })).toBe(false);
  });
});

interface RecordedPut {
  readonly key: string;
  readonly value?: unknown;
  readonly status: number;
  readonly answer?: string;
}

function linesOf(recorded: string): string[] {
  const path = join(import.meta.dirname, "../../../recorded", recorded);
  return readFileSync(path, "utf8").trim().split("\n");
}

/** Of the body of an operation, as it would be found by its path. */
function schemaFor(verb: Verb, path: string): object | undefined {
  const found = operations.find(
    (each) =>
      each.verb === verb &&
      verb !== "patch" &&
      new RegExp(`^${each.path.replaceAll(/\{\w+\}/g, "[^/]+")}$`).test(`/${path}`) &&
      !each.path.startsWith("/schema") &&
      !each.path.startsWith("/configs"),
  );
  const content = found?.operation.requestBody?.content as
    | { readonly "application/json": { readonly schema: object } }
    | undefined;
  if (!content) return undefined;
  const text = JSON.stringify(content["application/json"].schema);
  return JSON.parse(text.replaceAll('"#/components', '"doc#/components'));
}

const USES: Readonly<Record<string, string>> = {
  plugin: "plugin",
  consumer: "consumer-plugin",
  metadata: "metadata",
};

/** Lua has one kind of table where JSON has two, so APISIX takes an empty one for either. */
function hasEmptyTable(value: unknown): boolean {
  return /\[\]|\{\}/.test(JSON.stringify(value));
}

describe("a schema of APISIX's in the words of 2020-12", () => {
  it("has two keywords for dependencies, one for tuples, and keeps a pattern only where it is portable", () => {
    expect(
      toDraft2020({
        $comment: "mark",
        dependencies: { a: ["b"], c: { required: ["d"] } },
        items: [{ type: "string" }],
        properties: { p: { pattern: "(?i)x" }, q: { pattern: "^x$" } },
        encrypt_fields: ["p"],
      }),
    ).toEqual({
      dependentRequired: { a: ["b"] },
      dependentSchemas: { c: { required: ["d"] } },
      prefixItems: [{ type: "string" }],
      properties: { p: { "x-pcre-pattern": "(?i)x" }, q: { pattern: "^x$" } },
      "x-encrypt-fields": ["p"],
    });
  });

  it("asks for a field in a condition where its default would make that false", () => {
    const inner = when({ properties: { policy: { const: "local" } } }, {});
    const schema = {
      properties: { policy: { enum: ["local", "redis"], default: "local" } },
      ...when({ properties: { policy: { enum: ["redis"] } } }, { required: ["host"] }, inner),
    };
    expect(toDraft2020(schema)).toMatchObject({
      if: { properties: { policy: { enum: ["redis"] } }, required: ["policy"] },
      else: inner,
    });
    expect(ajv.compile(toDraft2020(schema))({})).toBe(true);
  });
});
