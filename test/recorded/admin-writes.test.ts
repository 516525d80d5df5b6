import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import type { WriteMethod } from "../../exporter/admin/check/admin-kinds.ts";
import { checkResource } from "../../exporter/admin/check/check-resource.ts";
import { ENABLED_BY_DEFAULT } from "../../exporter/admin/check/enabled-plugins.ts";
import { parseBody } from "../../exporter/admin/check/parse-body.ts";
import { parseResourcePath } from "../../exporter/admin/check/resource-path.ts";
import { type ConfigFault, validateConfigs } from "../../exporter/admin/check/validate-configs.ts";
import { validateSchema } from "../../exporter/admin/check/validate-schema.ts";
import { configurationFault } from "../../exporter/plugins/check-plugin.ts";
import type { SchemaUse } from "../../exporter/plugins/plugin-schema.ts";
import type { JsonObject } from "../../shared/json-schema/lua-value.ts";
import { storing } from "../support/stored-resources.ts";

/** A write to a real APISIX 3.18 with nothing in its etcd, and what it answered. */
interface RecordedWrite {
  readonly m: WriteMethod;
  readonly path: string;
  readonly v?: unknown;
  /** The body as it was sent, where it was no JSON. */
  readonly raw?: string;
  readonly s: number;
  readonly b?: string;
}

interface Answer {
  readonly s: number;
  readonly b?: string | undefined;
}

/** Where another answer is meant, and which. */
const DIFFERENCES: ReadonlyMap<string, { readonly answer: Answer; readonly why: string }> = new Map(
  [
    [
      'PUT upstreams/z {"nodes":5,"type":"roundrobin"}',
      {
        why: "APISIX fails on it and answers 500",
        answer: {
          s: 400,
          b: 'invalid configuration: property "nodes" validation failed: object matches none of the required',
        },
      },
    ],
  ],
);

const STREAM_ROUTES_OFF = "stream mode is disabled, can not add stream routes";

const linesOf = <T>(file: string): T[] =>
  readFileSync(join(import.meta.dirname, file), "utf8")
    .trim()
    .split("\n")
    .map((line): T => JSON.parse(line));

const context = { ...storing({}), enabled: ENABLED_BY_DEFAULT };

async function answer({ m, path, v, raw }: RecordedWrite): Promise<Answer> {
  const body = parseBody(new TextEncoder().encode(raw ?? JSON.stringify(v)));
  if (path.startsWith("schema/validate/")) {
    const fault = "fault" in body ? body.fault : validateSchema(path.slice(16), body.value);
    return fault ? { s: fault.status, b: fault.error_msg } : { s: 200 };
  }
  const target = parseResourcePath(path);
  if ("error_msg" in target) return { s: target.status, b: target.error_msg };
  if ("fault" in body) return { s: body.fault.status, b: body.fault.error_msg };
  const outcome = await checkResource({ ...target, method: m, value: body.value }, context);
  return outcome.is === "valid"
    ? { s: 201 }
    : { s: outcome.fault.status, b: outcome.fault.error_msg };
}

// Whether there are stream routes at all is not a matter of the value.
const writes = linesOf<RecordedWrite>("admin-writes.jsonl").filter(
  ({ b }) => b !== STREAM_ROUTES_OFF,
);

describe("what a real APISIX answered to a write", () => {
  it.each(writes)("$m $path: $s $b", async (write) => {
    const name = `${write.m} ${write.path} ${write.raw ?? JSON.stringify(write.v)}`;
    const recorded = { s: write.s, b: write.b };
    expect(await answer(write)).toEqual(DIFFERENCES.get(name)?.answer ?? recorded);
  });

  it("was recorded for more than two hundred of them", () => {
    expect(writes.length).toBeGreaterThan(200);
  });
});

describe("the configurations of plugins that a real APISIX accepted", () => {
  const configs = linesOf<readonly [string, SchemaUse, unknown]>("plugin-configs.jsonl");

  it(`pass: ${configs.length}`, () => {
    const refused = configs.flatMap(([plugin, use, conf]) => {
      const fault = configurationFault("http", plugin, conf, use)?.words;
      return fault === undefined ? [] : [{ plugin, use, conf, fault }];
    });
    expect(refused).toEqual([]);
    expect(configs.length).toBeGreaterThan(800);
  });
});

describe("what a real APISIX told ADC of a whole configuration", () => {
  const all = linesOf<{ v: JsonObject; errors: ConfigFault[] }>("admin-configs.jsonl");

  it.each(all.map((one, index) => ({ ...one, index })))("number $index", async ({ v, errors }) => {
    expect(await validateConfigs(v, ENABLED_BY_DEFAULT)).toEqual(errors);
  });

  it("was both praise and blame", () => {
    expect(new Set(all.map(({ errors }) => errors.length > 0))).toEqual(new Set([true, false]));
  });
});
