import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { GatewayError } from "../../edge/errors.ts";
import { aPluginWorld } from "../support/plugin-world.ts";
import { nameTag, probePlugins } from "../support/probe-plugins.ts";
import { anUpstream, aRoute, type World } from "../support/snapshots.ts";

/**
 * Every file of plugins/ has cases, divided by empty lines: comments, lines with what each layer
 * configures, `request METHOD PATH name:value …`, then the answer and who ran in each phase. `high`, `middle`
 * and `low` are plugins that only note that they run; all others are the real ones. `upstream 502` has
 * no node answer, `upstream none` has none. UPDATE_GOLDEN=1 writes what was found.
 */
const folder = join(import.meta.dirname, "plugins");
const PRIORITIES = { high: 3000, middle: 1500, low: 950 };
const PHASES = ["rewrite", "access", "beforeProxy", "headerFilter", "bodyFilter", "log"];

interface Case {
  readonly input: readonly string[];
  readonly expected: readonly string[];
}

describe.each(readdirSync(folder))("%s", (file) => {
  const path = join(folder, file);
  const cases = readFileSync(path, "utf8").trim().split("\n\n").map(parseCase);

  it.each(cases.map((each) => ({ ...each, name: each.input.join(" ⏎ ") })))(
    "$name",
    async ({ input, expected }) => {
      const found = await outcome(input);
      if (process.env.UPDATE_GOLDEN) update(path, input, found);
      expect(found).toEqual(expected);
    },
  );
});

function update(path: string, input: readonly string[], found: readonly string[]): void {
  const cases = readFileSync(path, "utf8").trim().split("\n\n").map(parseCase);
  const texts = cases.map((each) => {
    const isThis = each.input.join("\n") === input.join("\n");
    return [...each.input, ...(isThis ? found : each.expected)].join("\n");
  });
  writeFileSync(path, `${texts.join("\n\n")}\n`);
}

function parseCase(text: string): Case {
  const lines = text.split("\n");
  const answer = lines.findIndex((line) => line.startsWith("=> "));
  return answer < 0
    ? { input: lines, expected: [] }
    : { input: lines.slice(0, answer), expected: lines.slice(answer) };
}

async function outcome(input: readonly string[]): Promise<string[]> {
  const record: string[] = [];
  const layers = new Map(input.map((line) => splitOnce(line)));
  const failing = layers.get("upstream") === "502";
  const world = aPluginWorld({
    own: [...probePlugins(PRIORITIES, record), nameTag],
    upstream: () => {
      if (failing) throw new GatewayError("upstream", 502, "no node answers");
      return new Response("of the node", { headers: { "x-node": "u" } });
    },
  });
  await world.publish(worldOf(layers));
  const [method = "GET", path = "/r", ...headers] = (layers.get("request") ?? "").split(" ");
  const pairs = headers.map((each): [string, string] => {
    const [name = "", value = ""] = each.split(":");
    return [name, value];
  });
  const answer = await world.get(path, { method, headers: pairs });
  const body = (await answer.text()).replaceAll(/\s+/g, " ").trim().slice(0, 100);
  await world.settled();
  const told = [...answer.headers].filter(([name]) => /^(x-|access-|www-)/.test(name));
  const ran = PHASES.map((phase) => {
    const names = record.filter((each) => each.startsWith(`${phase} `));
    return `   ${phase}: ${names.map((each) => each.slice(phase.length + 1)).join(", ") || "-"}`;
  });
  const [seen] = world.seen;
  return [
    `=> ${answer.status} ${body}`.trimEnd(),
    ...told.map(([name, value]) => `   ${name}: ${value}`),
    `   node: ${seen ? `${seen.method} ${seen.target}` : "not asked"}`,
    ...ran,
  ];
}

function worldOf(layers: ReadonlyMap<string, string>): World {
  const plugins = (layer: string) => JSON.parse(layers.get(layer) ?? "{}");
  const upstream = layers.get("upstream") === "none" ? {} : { upstream: anUpstream(["u.test:80"]) };
  const from = { service_id: "s", plugin_config_id: "c" };
  const rule = (id: string) => ({ [id]: { id, plugins: plugins(`global-${id}`) } });
  return {
    routes: { r: aRoute("r", { ...upstream, ...from, plugins: plugins("route") }) },
    services: { s: { id: "s", plugins: plugins("service") } },
    plugin_configs: { c: { id: "c", plugins: plugins("plugin-config") } },
    consumers: {
      jack: { username: "jack", group_id: "g", plugins: plugins("consumer") },
      jill: { username: "jill" },
    },
    consumer_groups: { g: { id: "g", plugins: plugins("group") } },
    global_rules: { ...rule("1"), ...rule("2") },
  };
}

function splitOnce(line: string): [string, string] {
  const space = line.indexOf(" ");
  return [line.slice(0, space), line.slice(space + 1)];
}
