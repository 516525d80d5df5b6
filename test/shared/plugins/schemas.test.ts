import { describe, expect, it } from "vitest";
import { compilePcre } from "../../../shared/expression/pcre.ts";
import { checkSchema } from "../../../shared/json-schema/check-schema.ts";
import { HTTP_PLUGINS, STREAM_PLUGINS } from "../../../shared/plugins/catalogue.ts";
import type { JsonSchema } from "../../../shared/plugins/json-schema.ts";
import {
  HTTP_PLUGIN_SCHEMAS,
  STREAM_PLUGIN_SCHEMAS,
} from "../../../shared/plugins/schemas/index.ts";
import { withMeta } from "../../../shared/plugins/schemas/meta.ts";

const namesOf = (plugins: readonly { readonly name: string }[]) => plugins.map(({ name }) => name);

const whole = [HTTP_PLUGIN_SCHEMAS, STREAM_PLUGIN_SCHEMAS].flatMap((all, stream) =>
  Object.entries(all).flatMap(([name, schemas]) =>
    Object.entries(schemas).map(([use, schema]) => ({
      name: `${stream ? "stream:" : ""}${name} ${use}`,
      schema: schema as JsonSchema,
    })),
  ),
);

/** The schema and all that lie in it. */
function everySchema(schema: JsonSchema): JsonSchema[] {
  const { properties, patternProperties, additionalProperties, items } = schema;
  const { allOf = [], anyOf = [], oneOf = [], dependencies = {} } = schema;
  const inner = [
    ...Object.values(properties ?? {}),
    ...Object.values(patternProperties ?? {}),
    additionalProperties,
    ...[items].flat(),
    ...allOf,
    ...anyOf,
    ...oneOf,
    ...Object.values(dependencies).filter((needed) => !Array.isArray(needed)),
    schema.not,
    schema.if,
    schema.then,
    schema.else,
  ].filter((one): one is JsonSchema => typeof one === "object" && !Array.isArray(one));
  return [schema, ...inner.flatMap(everySchema)];
}

describe("the schemas", () => {
  it("are those of every plugin of the catalogue, and of no other", () => {
    expect(Object.keys(HTTP_PLUGIN_SCHEMAS).sort()).toEqual(namesOf(HTTP_PLUGINS).sort());
    expect(Object.keys(STREAM_PLUGIN_SCHEMAS).sort()).toEqual(namesOf(STREAM_PLUGINS).sort());
  });

  it("have one for consumers where the plugin attaches one", () => {
    const attaching = HTTP_PLUGINS.flatMap(({ name, auth }) => (auth ? [name] : []));
    const having = Object.entries(HTTP_PLUGIN_SCHEMAS).flatMap(([name, { consumerSchema }]) =>
      consumerSchema ? [name] : [],
    );
    // It attaches what its plugins find.
    expect(having.sort()).toEqual(attaching.filter((name) => name !== "multi-auth").sort());
  });

  it.each(whole)("$name: every pattern compiles, every default fits", ({ schema }) => {
    expect(schema.type).toBe("object");
    for (const { pattern, patternProperties, ...inner } of everySchema(schema)) {
      for (const one of [pattern ?? "", ...Object.keys(patternProperties ?? {})]) {
        expect(() => compilePcre(one), one).not.toThrow();
      }
      if (inner.default === undefined) continue;
      const value = structuredClone(inner.default);
      expect(checkSchema({ ...inner, ...(pattern && { pattern }) }, value)).toBeUndefined();
    }
  });

  it.each(whole)("$name: names as encrypted only fields that there are", ({ schema }) => {
    const branches = everySchema(schema);
    for (const path of schema.encrypt_fields ?? []) {
      for (const part of path.split(".")) {
        const isKnown = branches.some(({ properties }) => Object.hasOwn(properties ?? {}, part));
        expect(isKnown, path).toBe(true);
      }
    }
  });

  it.each(whole)("$name: requires only fields that have a schema", ({ schema }) => {
    const known = new Set(
      everySchema(schema).flatMap(({ properties }) => Object.keys(properties ?? {})),
    );
    // The oldest form of error-log-logger's metadata has them, of any type.
    for (const name of ["host", "port"]) known.add(name);
    const required = everySchema(schema).flatMap((one) => one.required ?? []);
    expect(required.filter((name) => !known.has(name))).toEqual([]);
  });
});

describe("_meta", () => {
  it("is added to every plugin's own fields and takes nothing unknown", () => {
    const schema = withMeta({ type: "object", properties: { a: { type: "string" } } });
    const meta = { disable: true, priority: 5, error_response: { a: 1 }, filter: [] };
    expect(checkSchema(schema, { a: "x", _meta: meta })).toBeUndefined();
    expect(checkSchema(schema, { _meta: { nope: 1 } })?.words).toBe(
      'property "_meta" validation failed: additional properties forbidden, found nope',
    );
  });
});
