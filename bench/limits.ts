import { freePort } from "../examples/quick-start/ports.ts";
import { type Stack, startStack } from "../test/support/stack.ts";
import { round, table } from "./support/figures.ts";
import { startNginxUpstream } from "./support/nginx.ts";
import { requireCommands } from "./support/processes.ts";
import type { Report } from "./support/report.ts";
import { type Load, runWrk } from "./support/wrk.ts";

const ROUNDS = 12;
const SECONDS = 1;
/** One at a time tells what a decision takes; many at once, what they wait for each other. */
const CONNECTIONS = [1, 16] as const;

const LOCAL = { count: 1_000_000_000, time_window: 3600, key: "remote_addr" };
const SHARED = { ...LOCAL, policy: "redis", redis_host: "127.0.0.1" };

const VARIANTS = {
  none: ["no limit", {}],
  local: ["limit-count, local", { "limit-count": LOCAL }],
  shared: ["limit-count, Durable Object", { "limit-count": SHARED }],
  late: [
    "limit-count, Durable Object, sync_interval 1 s",
    { "limit-count": { ...SHARED, sync_interval: 1 } },
  ],
  fresh: [
    "limit-count, a new Durable Object each time",
    { "limit-count": { ...SHARED, key: "request_id" } },
  ],
} as const;

type Variant = keyof typeof VARIANTS;
const NAMES = ["none", "local", "shared", "late", "fresh"] as const;

/** What a decision of `limit-count` takes, by where it counts, against the same gateway without a limit. */
export async function limits(say: (line: string) => void): Promise<Report> {
  requireCommands({ wrk: "wrk", nginx: "nginx-light" });
  const port = await freePort();
  const upstream = await startNginxUpstream(port);
  const stack = await startStack({ edge: { REFRESH_INTERVAL_MS: "5000" } });
  try {
    await putRoutes(stack, port);
    const parts = [];
    for (const connections of CONNECTIONS) parts.push(await atOnce(stack, connections, say));
    return {
      text: parts.map(({ text }) => text).join("\n\n"),
      figures: Object.assign({}, ...parts.map(({ figures }) => figures)),
    };
  } finally {
    await stack.stop();
    await upstream.stop();
  }
}

async function putRoutes(stack: Stack, port: number): Promise<void> {
  for (const name of NAMES) {
    const [, plugins] = VARIANTS[name];
    const upstream = { nodes: { [`localhost:${port}`]: 1 }, pass_host: "node" };
    await stack.put(`routes/${name}`, { uri: `/${name}/*`, upstream, plugins });
  }
  for (const name of NAMES) await stack.served(`/${name}/x`);
}

/** All variants in turns, so that what else the machine does falls on each of them. */
async function atOnce(
  stack: Stack,
  connections: number,
  say: (line: string) => void,
): Promise<Report> {
  const loads = new Map<Variant, Load[]>(NAMES.map((name) => [name, []]));
  for (const name of NAMES) await runWrk(`${stack.edge.url}/${name}/x`, connections, 1);
  for (let turn = 1; turn <= ROUNDS; turn++) {
    for (const [name, found] of loads) {
      const load = await runWrk(`${stack.edge.url}/${name}/x`, connections, SECONDS);
      if (load.errors > 0) throw new Error(`${name}: ${load.errors} requests failed`);
      found.push(load);
    }
    say(`limits, ${connections} connections: round ${turn} of ${ROUNDS}`);
  }
  const of = (name: Variant, figure: "p50Ms" | "p99Ms" | "requestsPerSecond") =>
    quietest(loads.get(name) ?? [])[figure];
  const rows = NAMES.map((name) => ({
    name,
    requests_per_second: round(of(name, "requestsPerSecond"), 0),
    p50_ms: round(of(name, "p50Ms")),
    p99_ms: round(of(name, "p99Ms")),
    added_p50_ms: round(of(name, "p50Ms") - of("none", "p50Ms")),
    added_p99_ms: round(of(name, "p99Ms") - of("none", "p99Ms")),
  }));
  const head = ["route with", "requests/s", "p50 ms", "p99 ms", "added p50", "added p99"];
  const title = `${connections} at a time, each's quietest of ${ROUNDS} rounds of ${SECONDS} s in turns`;
  const cells = rows.map(({ name, ...figures }) => [VARIANTS[name][0], ...Object.values(figures)]);
  return {
    text: `${title}\n\n${table(head, cells)}`,
    figures: Object.fromEntries(
      rows.map(({ name, ...figures }) => [`${name}_at_${connections}`, figures]),
    ),
  };
}

/** Of the rounds in turns: what else a machine does makes the others' slowest requests, not the gateway. */
function quietest(found: readonly Load[]): Load {
  return found.reduce((best, load) => (load.p99Ms < best.p99Ms ? load : best));
}
