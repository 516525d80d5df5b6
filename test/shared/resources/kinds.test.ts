import { build } from "esbuild";
import { describe, expect, it } from "vitest";
import { KINDS } from "../../../shared/resources/kinds.ts";
import { KIND_NAMES } from "../../../shared/resources/resource-key.ts";

const ids = (kind: string) => (kind === "secrets" ? ["vault/1", "aws/1", "gcp/1"] : ["1"]);
const schemas = KIND_NAMES.flatMap((kind) =>
  ids(kind).map((id) => [`${kind}/${id}`, KINDS[kind].schemaOf(id)] as const),
);

describe("the table of kinds", () => {
  it("has every kind under its own name", () => {
    expect(Object.keys(KINDS)).toEqual(KIND_NAMES);
    for (const name of KIND_NAMES) expect(KINDS[name].name).toBe(name);
  });

  it("knows the managers of secrets, and no others", () => {
    expect(KINDS.secrets.schemaOf("vault/1")).not.toBe(KINDS.secrets.schemaOf("aws/1"));
    for (const id of ["azure/1", "constructor/1", "__proto__/1", "/1"]) {
      expect(KINDS.secrets.schemaOf(id), id).toBeUndefined();
    }
  });

  it("says of each kind that is not served why, and what to do", () => {
    const unserved = KIND_NAMES.filter((name) => KINDS[name].unserved);
    expect(unserved).not.toContain("routes");
    for (const name of unserved) {
      expect(KINDS[name].unserved?.reason, name).toMatch(/\w/);
      expect(KINDS[name].unserved?.remedy, name).toMatch(/\w/);
    }
  });
});

describe("every schema", () => {
  it.each(schemas)("%s is plain JSON Schema: as text it is the same", (_, schema) => {
    expect(JSON.parse(JSON.stringify(schema))).toEqual({ ...schema });
  });

  it.each(schemas.filter(([key]) => !/^(secrets|plugin_metadata)/.test(key)))(
    "%s lets no unknown field pass",
    (_, schema) => {
      expect(schema).toMatchObject({ type: "object", additionalProperties: false });
    },
  );
});

it("no schema reaches the edge's bundle", async () => {
  const { metafile } = await build({
    entryPoints: ["edge/worker.ts"],
    bundle: true,
    write: false,
    metafile: true,
    format: "esm",
    external: ["cloudflare:*", "node:*"],
    logLevel: "silent",
  });
  const inputs = Object.keys(metafile.inputs);
  expect(inputs).toContain("shared/resources/upstream-support.ts");
  expect(inputs.filter((path) => /typebox|ajv|exporter\//.test(path))).toEqual([]);
});
