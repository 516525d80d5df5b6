import { setTimeout as sleep } from "node:timers/promises";
import { freePort } from "../examples/quick-start/ports.ts";
import { type Stack, startStack } from "../test/support/stack.ts";
import { median, round, table } from "./support/figures.ts";
import { startNginxUpstream } from "./support/nginx.ts";
import { type PausedLoad, startPausedWrk } from "./support/paused-wrk.ts";
import { childrenNamed, cpuNanoseconds, requireCommands } from "./support/processes.ts";
import type { Report } from "./support/report.ts";
import { runWrk } from "./support/wrk.ts";

/** One process and the next of the same program differ; so all is begun anew. */
const STARTS = 3;
const CONNECTIONS = 16;
const TURNS = 40;
const TURN_MS = 100;
/** For what is under way when a load is stopped. */
const SETTLE_MS = 10;
const KEY = "bench-key";

const AUTH = { "key-auth": {} };
const LIMIT = { "limit-count": { count: 1_000_000_000, time_window: 3600, key: "remote_addr" } };
const REWRITE = { "proxy-rewrite": { uri: "/x", headers: { set: { "X-From": "$remote_addr" } } } };

/** What each variant's route has, and what it is called. */
const VARIANTS = {
  none: ["no plugin", {}],
  key_auth: ["key-auth", AUTH],
  limit_count: ["limit-count (local)", LIMIT],
  proxy_rewrite: ["proxy-rewrite", REWRITE],
  all: ["all three", { ...AUTH, ...LIMIT, ...REWRITE }],
} as const;

type Variant = keyof typeof VARIANTS;
const NAMES = ["none", "key_auth", "limit_count", "proxy_rewrite", "all"] as const;
type Costs = Readonly<Record<Variant, number[]>>;

/** CPU that plugins add to a request, against the same gateway without any. */
export async function plugins(say: (line: string) => void): Promise<Report> {
  requireCommands({ wrk: "wrk", nginx: "nginx-light" });
  const costs: Costs = { none: [], key_auth: [], limit_count: [], proxy_rewrite: [], all: [] };
  for (let start = 1; start <= STARTS; start++) {
    await oneStart(costs);
    say(`plugins, start ${start} of ${STARTS}: ${ratio(costs, "all")} with all three so far`);
  }
  const cost = (name: Variant) => round(median(costs[name]), 1);
  const rows = NAMES.map((name) => [
    VARIANTS[name][0],
    cost(name),
    round(cost(name) - cost("none"), 1),
    ratio(costs, name),
  ]);
  const title =
    `CPU of the edge's process for a request: ${CONNECTIONS} connections, answers of 1 KB, median of ` +
    `${STARTS} starts`;
  const columns = ["route with", "CPU µs/request", "added µs", "ratio"];
  return {
    text: `${title}\n\n${table(columns, rows)}`,
    figures: {
      plugins_cpu_us: Object.fromEntries(NAMES.map((name) => [name, cost(name)])),
      plugins_added_us: round(cost("all") - cost("none"), 1),
      plugins_cpu_ratio: ratio(costs, "all"),
    },
  };
}

/** Each start's own ratio, so that a slow start costs both sides. */
function ratio(costs: Costs, name: Variant): number {
  const ratios = costs[name].map((microseconds, i) => microseconds / (costs.none[i] ?? 1));
  return round(median(ratios), 3);
}

async function oneStart(costs: Costs): Promise<void> {
  const port = await freePort();
  const upstream = await startNginxUpstream(port);
  const stack = await startStack({ edge: { REFRESH_INTERVAL_MS: "5000" } });
  try {
    const pid = childrenNamed("workerd").at(-1);
    if (pid === undefined) throw new Error("no workerd is running");
    await putRoutes(stack, port);
    const url = (name: Variant) => `${stack.edge.url}/${name}/x?apikey=${KEY}`;
    for (const name of NAMES) await runWrk(url(name), CONNECTIONS, 2);
    const found = await byTurns(url, pid);
    for (const name of NAMES) costs[name].push(found[name]);
  } finally {
    await stack.stop();
    await upstream.stop();
  }
}

async function putRoutes(stack: Stack, port: number): Promise<void> {
  const nodes = { [`localhost:${port}`]: 1 };
  await stack.put("consumers/bench", { username: "bench", plugins: { "key-auth": { key: KEY } } });
  for (const name of NAMES) {
    const [, configuration] = VARIANTS[name];
    const route = { uri: `/${name}/*`, upstream: { nodes, pass_host: "node" } };
    await stack.put(`routes/${name}`, { ...route, plugins: configuration });
  }
  for (const name of NAMES) await stack.served(`/${name}/x?apikey=${KEY}`);
}

/** One load runs at a time, so that the process's time is its own; microseconds a request. */
async function byTurns(
  url: (name: Variant) => string,
  pid: number,
): Promise<Record<Variant, number>> {
  const loads = new Map<Variant, PausedLoad>();
  for (const name of NAMES) loads.set(name, await startPausedWrk(url(name), CONNECTIONS));
  const used = { none: 0, key_auth: 0, limit_count: 0, proxy_rewrite: 0, all: 0 };
  for (let turn = 0; turn < TURNS; turn++) {
    // Forwards and backwards, so that nobody always follows the same one.
    for (const [name, load] of turn % 2 === 0 ? loads : [...loads].reverse()) {
      const before = cpuNanoseconds(pid);
      await load.run(TURN_MS);
      await sleep(SETTLE_MS);
      used[name] += cpuNanoseconds(pid) - before;
    }
  }
  for (const [name, load] of loads) {
    const { requests, errors } = await load.end();
    if (errors > 0) throw new Error(`${name}: ${errors} of ${requests} requests failed`);
    used[name] /= 1000 * requests;
  }
  return used;
}
