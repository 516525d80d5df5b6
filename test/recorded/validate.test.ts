import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import type { SchemaUse } from "../../exporter/plugins/plugin-schema.ts";
import { validate } from "../../exporter/validate.ts";

/**
 * validate.jsonl: values that were put to the Admin API of a real APISIX 3.18, with its status and what
 * it said. Left out is what the Admin API's look-ups decide; what plugins refuse is in admin-writes.jsonl.
 */
interface Recording {
  readonly key: string;
  readonly value?: unknown;
  /** The body as it was sent, where it was no JSON. */
  readonly raw?: string;
  readonly status: number;
  readonly answer?: string;
}

/** The Admin API is stricter than the data plane, whose part the exporter plays. */
const ADMIN_ONLY: readonly (readonly [RegExp, string])[] = [
  [/IPv6 address must be enclosed/, "the data plane puts the brackets itself"],
  [/^missing key$/, "the data plane checks the hash key of stand-alone upstreams only"],
  [/failed to match pattern "\^\(\(uri\|server_name/, "the same"],
  [/^property "id" is required$/, "an id that is left out is the key's"],
  [/^unknown plugin \[/, "the data plane ignores plugins that it does not know"],
  [/cache_zone \w+ not found$/, "a gateway's own configuration has its zones"],
];

const linesOf = <T>(file: string): readonly T[] =>
  readFileSync(join(import.meta.dirname, file), "utf8")
    .trim()
    .split("\n")
    .map((line): T => JSON.parse(line));

const recordings = linesOf<Recording>("validate.jsonl");

const judge = ({ key, value, raw }: Recording) => {
  const text = raw ?? JSON.stringify(value);
  const entry = { key: `/apisix/${key}`, value: new TextEncoder().encode(text), modRevision: 1 };
  return validate(entry, "/apisix");
};

const accepted = recordings.filter(({ status }) => status < 300);
const refused = recordings.filter(({ status }) => status >= 300);

describe("what a real APISIX accepted", () => {
  it(`is valid: ${accepted.length} values`, () => {
    const wrong = accepted.map((recording) => ({ recording, verdict: judge(recording) }));
    expect(wrong.filter(({ verdict }) => verdict.is !== "resource")).toEqual([]);
    expect(accepted.length).toBeGreaterThan(200);
  });
});

describe("the settings of plugins that a real APISIX accepted", () => {
  const settings = linesOf<readonly [string, SchemaUse, unknown]>("plugin-configs.jsonl");
  const places: Readonly<Record<SchemaUse, (plugin: string, conf: unknown) => Recording>> = {
    plugin: (plugin, conf) => ({
      key: "routes/1",
      value: { uri: "/a", plugins: { [plugin]: conf } },
      status: 201,
    }),
    consumer: (plugin, conf) => ({
      key: "consumers/jack",
      value: { username: "jack", plugins: { [plugin]: conf } },
      status: 201,
    }),
    metadata: (plugin, conf) => ({ key: `plugin_metadata/${plugin}`, value: conf, status: 201 }),
  };

  it(`are valid: ${settings.length}`, () => {
    const wrong = settings.map(([plugin, use, conf]) => judge(places[use](plugin, conf)));
    expect(wrong.filter(({ is }) => is !== "resource")).toEqual([]);
    expect(settings.length).toBeGreaterThan(800);
  });
});

describe("the settings of plugins that a real APISIX refused", () => {
  const writes = linesOf<{ m: string; path: string; v?: unknown; s: number; b?: string }>(
    "admin-writes.jsonl",
  ).filter(
    ({ m, path, b = "" }) =>
      m === "PUT" && !path.includes("?") && /err: |'vars' expression|invalid plugin conf/.test(b),
  );

  it.each(writes)("$path: $b", ({ path, v, b = "" }) => {
    // Written to a key that is valid in itself.
    const key = path === "consumers" ? `${path}/${usernameOf(v)}` : path.replaceAll("@", "");
    const verdict = judge({ key, value: withoutId(v), status: 400 });
    const mayPass = ADMIN_ONLY.some(([answer]) => answer.test(b));
    expect(verdict.is).toBe(mayPass ? "resource" : "rejected");
    if (verdict.is === "rejected") expect(verdict.rejection.path).toMatch(/^(plugins\.|vars)/);
  });

  it("were recorded for dozens of them", () => expect(writes.length).toBeGreaterThan(40));
});

function usernameOf(value: unknown): unknown {
  return (value as { username?: unknown }).username;
}

function withoutId(value: unknown): unknown {
  const { id: _, ...rest } = value as { id?: unknown };
  return rest;
}

describe("what a real APISIX refused", () => {
  it.each(refused)("$key: $answer", (recording) => {
    const verdict = judge(recording);
    const stricter = ADMIN_ONLY.find(([answer]) => answer.test(recording.answer ?? ""));
    const mayPass = stricter !== undefined && !isWrongBesides(recording);
    expect(verdict.is, stricter?.[1]).toBe(mayPass ? "resource" : "rejected");
  });
});

/**
 * For stand-alone upstreams the data plane checks the hash key too; brackets it still puts itself. Who was
 * told of an id that is left out may not have been told of all.
 */
function isWrongBesides({ key, value, answer }: Recording): boolean {
  if (JSON.stringify(value).includes('"max_age":"x"')) return true;
  return key.startsWith("upstreams/") && !/IPv6/.test(answer ?? "");
}
