import { Agent, get } from "node:http";
import { freePort } from "../examples/quick-start/ports.ts";
import { type Stack, startStack } from "../test/support/stack.ts";
import { quantile, round, table } from "./support/figures.ts";
import { startNginxUpstream } from "./support/nginx.ts";
import { requireCommands } from "./support/processes.ts";
import type { Report } from "./support/report.ts";

const REQUESTS = 4_000;
/** Each makes files. */
const NEW_OBJECTS = 200;
/** One at a time tells what a decision takes; many at once, what they wait for each other. */
const CLIENTS = [1, 16] as const;

const LOCAL = { count: 1_000_000, time_window: 3600, key: "remote_addr" };
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
const KEPT = ["none", "local", "shared", "late"] as const;

/** What a decision of `limit-count` takes, by where it counts, against the same gateway without a limit. */
export async function limits(say: (line: string) => void): Promise<Report> {
  requireCommands({ nginx: "nginx-light" });
  const port = await freePort();
  const upstream = await startNginxUpstream(port);
  const stack = await startStack({ edge: { REFRESH_INTERVAL_MS: "5000" } });
  try {
    await putRoutes(stack, port);
    const parts: Report[] = [];
    for (const clients of CLIENTS) {
      parts.push(await measured(stack, { clients, names: KEPT, requests: REQUESTS }));
      say(`limits: ${REQUESTS} requests of each, ${clients} at a time`);
    }
    const names = ["none", "fresh"] as const;
    parts.push(await measured(stack, { clients: 1, names, requests: NEW_OBJECTS }));
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
  for (const [name, [, plugins]] of Object.entries(VARIANTS)) {
    const upstream = { nodes: { [`localhost:${port}`]: 1 }, pass_host: "node" };
    await stack.put(`routes/${name}`, { uri: `/${name}/*`, upstream, plugins });
  }
  for (const name of Object.keys(VARIANTS)) await stack.served(`/${name}/x`);
}

interface Plan {
  readonly clients: number;
  readonly names: readonly Variant[];
  /** Of each variant, by all clients together. */
  readonly requests: number;
}

/** Request by request in turns, so that what else the machine does falls on all alike. */
async function measured(stack: Stack, { clients, names, requests }: Plan): Promise<Report> {
  const agent = new Agent({ keepAlive: true, maxSockets: clients });
  const found = new Map<Variant, number[]>(names.map((name) => [name, []]));
  const client = async (warmUp: number) => {
    for (let i = -warmUp; i < requests / clients; i++) {
      for (const [name, latencies] of found) {
        const ms = await latency(agent, `${stack.edge.url}/${name}/x`);
        if (i >= 0) latencies.push(ms);
      }
    }
  };
  await Promise.all(Array.from({ length: clients }, () => client(20)));
  agent.destroy();
  const at = (name: Variant, share: number) => quantile(found.get(name) ?? [], share);
  const added = (name: Variant, share: number) => round(at(name, share) - at("none", share));
  const rows = names.map((name) => ({
    name,
    p50_ms: round(at(name, 0.5)),
    p99_ms: round(at(name, 0.99)),
    added_p50_ms: added(name, 0.5),
    added_p99_ms: added(name, 0.99),
  }));
  const cells = rows.map(({ name, ...figures }) => [VARIANTS[name][0], ...Object.values(figures)]);
  const head = ["route with", "p50 ms", "p99 ms", "added p50", "added p99"];
  return {
    text: `${clients} at a time, ${requests} requests of each in turns\n\n${table(head, cells)}`,
    figures: Object.fromEntries(
      rows
        .filter(({ name }) => name !== "none" || names.length > 2)
        .map(({ name, ...figures }) => [`${name}_at_${clients}`, figures]),
    ),
  };
}

/** Milliseconds to the last byte. Rejects for what was not answered by the upstream. */
function latency(agent: Agent, url: string): Promise<number> {
  const started = performance.now();
  return new Promise((resolve, reject) => {
    const request = get(url, { agent }, (response) => {
      if (response.statusCode !== 200) reject(new Error(`${url}: ${response.statusCode}`));
      response.resume().once("end", () => resolve(performance.now() - started));
    });
    request.once("error", reject);
  });
}
