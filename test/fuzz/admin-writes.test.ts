import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { adminKind } from "../../exporter/admin/check/admin-kinds.ts";
import { checkResource } from "../../exporter/admin/check/check-resource.ts";
import { parseBody } from "../../exporter/admin/check/parse-body.ts";
import { validateConfigs } from "../../exporter/admin/check/validate-configs.ts";
import type { JsonObject } from "../../shared/json-schema/lua-value.ts";
import { HTTP_PLUGINS } from "../../shared/plugins/catalogue.ts";
import { KIND_NAMES, type KindName } from "../../shared/resources/resource-key.ts";
import { type Random, runSeed, seededRandom } from "../support/random.ts";
import { storing } from "../support/stored-resources.ts";

/** Whatever comes in, an answer goes out: checks refuse, they do not fail. */

const context = storing({ "consumers/jack": { username: "jack" } });

const deep = (levels: number): unknown => JSON.parse("[".repeat(levels) + "]".repeat(levels));
const ODD: readonly unknown[] = [
  null,
  true,
  0,
  -1.5,
  1e300,
  "",
  "x",
  "\ud800",
  "$env://A",
  "(".repeat(5000),
  "a".repeat(100_000),
  [],
  {},
  [[]],
  [null],
  ["a", "a"],
  deep(900),
  JSON.parse('{"__proto__": {"a": 1}, "constructor": 1, "toString": null}'),
];

const NAMES = ["", "__proto__", "constructor", "id", "plugins", "_meta", "a b", "\u0000"];

interface Seed {
  readonly path: string;
  readonly v?: JsonObject;
}

const seeds = readFileSync(join(import.meta.dirname, "../recorded/admin-writes.jsonl"), "utf8")
  .trim()
  .split("\n")
  .map((line): Seed => JSON.parse(line))
  .flatMap(({ v }) => (typeof v === "object" && v !== null ? [v] : []));

/** The value with something odd at a random place of it. */
function spoilt(value: unknown, random: Random): unknown {
  const isInner = typeof value === "object" && value !== null && Object.keys(value).length > 0;
  if (!isInner || random.chance(0.2)) return random.pick(ODD);
  const name = random.pick(Object.keys(value));
  const inner = (value as JsonObject)[name];
  if (Array.isArray(value)) return value.with(Number(name), spoilt(inner, random));
  if (random.chance(0.1)) return { ...value, [random.pick(NAMES)]: random.pick(ODD) };
  return { ...value, [name]: spoilt(inner, random) };
}

function randomBody(random: Random): unknown {
  const plugin = random.pick(HTTP_PLUGINS).name;
  const start = random.chance(0.5)
    ? random.pick(seeds)
    : { uri: "/", plugins: { [plugin]: random.pick(ODD) }, vars: random.pick(ODD) };
  return spoilt(start, random);
}

it("answers every write, and changes nothing that it was given", async () => {
  const random = seededRandom(runSeed());
  for (let i = 0; i < 3000; i++) {
    const kind = adminKind(random.pick(KIND_NAMES));
    const value = randomBody(random);
    const before = JSON.stringify(value);
    const method = random.pick(["PUT", "POST", "PATCH"] as const);
    const id = random.pick(["1", "vault/1", "cors", "jack", undefined]);
    if (kind === undefined) throw new Error("a kind without a row");
    const outcome = await checkResource({ kind, method, id, consumer: "jack", value }, context);
    const where = `seed ${random.seed}, write ${i}: ${before.slice(0, 500)}`;
    expect(["valid", "refused"], where).toContain(outcome.is);
    if (outcome.is === "refused") expect(outcome.fault.error_msg, where).not.toMatch(/undefined$/);
    expect(JSON.stringify(value), where).toBe(before);
  }
});

it("answers every whole configuration", async () => {
  const random = seededRandom(runSeed());
  for (let i = 0; i < 300; i++) {
    const lists = KIND_NAMES.map((name) => [name, [randomBody(random), random.pick(ODD)]]);
    const faults = await validateConfigs(Object.fromEntries(lists), context.enabled);
    expect(faults.length, `seed ${random.seed}, configuration ${i}`).toBeGreaterThan(0);
  }
});

it("reads every body", () => {
  const random = seededRandom(runSeed());
  const letters = [
    "{",
    "}",
    "[",
    "]",
    ":",
    ",",
    '"a"',
    '"',
    "1",
    "tru",
    "null",
    " ",
    "\\",
    "\u0000",
  ];
  for (let i = 0; i < 5000; i++) {
    const text = Array.from({ length: random.below(12) }, () => random.pick(letters)).join("");
    const body = parseBody(new TextEncoder().encode(text));
    const where = `seed ${random.seed}, body ${JSON.stringify(text)}`;
    if ("fault" in body) expect(body.fault.error_msg, where).toMatch(/ at character \d+$/);
    else expect(body.value, where).toEqual(text === "" ? undefined : JSON.parse(text));
  }
});

/** Each would take minutes where the work grows with the square of the size. */
const LARGE: readonly (readonly [kind: KindName, value: JsonObject])[] = [
  ["routes", { upstream: { nodes: Object.fromEntries(numbered("127.0.0.1:", 90_000)) } }],
  ["routes", { uris: numbered("/", 60_000).map(([path]) => path), uri: undefined }],
  ["routes", { labels: Object.fromEntries(numbered("l", 60_000)) }],
  ["routes", { vars: numbered("v", 60_000).map(([name]) => ["a", "==", name]) }],
  ["routes", { filter_func: `function() ${"--[[\n".repeat(300_000)}` }],
  ["routes", { filter_func: `function() ${"[=[ ".repeat(300_000)}` }],
  ["routes", { plugins: { "uri-blocker": { block_rules: ["(a|".repeat(1300)] } } }],
  ["routes", { plugins: { "authz-keycloak": { permissions: numbered("p", 50_000) } } }],
  ["protos", { content: "/*".repeat(500_000) }],
  ["protos", { content: `"${'\\"'.repeat(500_000)}` }],
  ["protos", { content: `a${" ".repeat(1_000_000)}!` }],
];

function numbered(prefix: string, count: number): [string, number][] {
  return Array.from({ length: count }, (_, i) => [`${prefix}${i}`, 1]);
}

it.each(LARGE)("is done with a large one soon enough to answer it: %s", async (name, value) => {
  const kind = adminKind(name);
  if (kind === undefined) throw new Error("a kind without a row");
  const whole = JSON.parse(JSON.stringify({ ...(name === "routes" && { uri: "/" }), ...value }));
  const request = { kind, method: "PUT" as const, id: "1", value: whole };
  expect(["valid", "refused"]).toContain((await checkResource(request, context)).is);
});

it.each(['"', '\\"', "[", '{"a":', "[1,", '"\\'])(
  "is done with a body of nothing but %j",
  (part) => {
    const body = parseBody(new TextEncoder().encode(part.repeat(1_500_000 / part.length)));
    expect(body).toHaveProperty("fault.status", 400);
  },
);
