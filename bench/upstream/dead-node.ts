import { type ChildProcess, fork } from "node:child_process";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { freePort } from "../../examples/quick-start/ports.ts";
import { type Stack, startStack } from "../../test/support/stack.ts";
import { quantile, round, table } from "../support/figures.ts";
import { stopChild } from "../support/processes.ts";
import type { Report } from "../support/report.ts";
import { type CountingProxy, PROBE_PATH, startCountingProxy } from "./counting-proxy.ts";
import { type Arrival, openLoop } from "./open-loop.ts";

const PER_SECOND = 100;
const SECONDS = 60;
const KILLED_AT_S = 20;
const BACK_AT_S = 45;

const NODE = fileURLToPath(new URL("./node.ts", import.meta.url));

const NEVER_PROBED_S = 3600;
const ACTIVE = { type: "http", http_path: PROBE_PATH, timeout: 1 };

/** Upstreams that differ by their checks. An `active` block is required wherever there are any. */
const VARIANTS = [
  { name: "no checks", checks: undefined },
  {
    name: "passive only",
    checks: {
      active: {
        ...ACTIVE,
        healthy: { interval: NEVER_PROBED_S },
        unhealthy: { interval: NEVER_PROBED_S },
      },
      passive: { unhealthy: { tcp_failures: 2 } },
    },
  },
  {
    name: "active, every second",
    checks: {
      active: {
        ...ACTIVE,
        healthy: { interval: 1, successes: 1 },
        unhealthy: { interval: 1, tcp_failures: 2 },
      },
    },
  },
] as const;

const TITLE =
  `One of three nodes killed at ${KILLED_AT_S} s and back at ${BACK_AT_S} s of ${SECONDS}; open loop, ` +
  `${PER_SECOND} requests/s for each upstream, edges look every second`;

const HEAD = [
  "checks",
  "requests",
  "failed",
  "attempts at the dead node",
  "last one after s",
  "used again after s",
  "p99 ms before",
  "p99 ms while dead",
];

/** What clients notice of a node that dies, and how soon it is left alone and used again. */
export async function measureDeadNode(say: (line: string) => void): Promise<Report> {
  const stack = await startStack({
    edge: { REFRESH_INTERVAL_MS: "1000" },
    exporter: { PUBLISH_INTERVAL_MS: "1000" },
  });
  const ports = [await freePort(), await freePort(), await freePort()] as const;
  const nodes = await Promise.all(ports.map(startNode));
  const proxies: CountingProxy[] = [];
  try {
    for (const { checks } of VARIANTS) {
      const proxy = await startCountingProxy(ports[2]);
      await route(stack, proxies.push(proxy), [ports[0], ports[1], proxy.port], checks);
    }
    const began = performance.now();
    const loads = VARIANTS.map((_, i) =>
      openLoop({ url: `${stack.edge.url}/v${i + 1}`, perSecond: PER_SECOND, seconds: SECONDS }),
    );
    const killedAt = await killAndRestart(nodes, ports[2], began, say);
    const arrivals = await Promise.all(loads);
    const rows = VARIANTS.map(({ name }, i) => ({
      checks: name,
      ...outcome(arrivals[i] ?? [], proxies[i] as CountingProxy, began, killedAt),
    }));
    const cells = rows.map((row) => Object.values(row).map((value) => value ?? "not in time"));
    return {
      text: `${TITLE}\n\n${table(HEAD, cells)}`,
      figures: Object.fromEntries(rows.map(({ checks, ...figures }) => [checks, figures])),
    };
  } finally {
    await stack.stop();
    for (const proxy of proxies) await proxy.stop();
    for (const node of nodes) await stopChild(node);
  }
}

async function route(
  stack: Stack,
  number: number,
  ports: readonly number[],
  checks: object | undefined,
): Promise<void> {
  const nodes = Object.fromEntries(ports.map((port) => [`127.0.0.1:${port}`, 1]));
  const upstream = { nodes, ...(checks ? { checks } : {}) };
  await stack.put(`upstreams/${number}`, upstream);
  await stack.put(`routes/${number}`, { uri: `/v${number}`, upstream_id: String(number) });
  await stack.served(`/v${number}`);
}

/** Moments as `performance.now` tells them. */
interface Outage {
  readonly killed: number;
  readonly back: number;
}

async function killAndRestart(
  nodes: ChildProcess[],
  port: number,
  began: number,
  say: (line: string) => void,
): Promise<Outage> {
  await sleep(began + KILLED_AT_S * 1000 - performance.now());
  const victim = nodes.pop() as ChildProcess;
  const ended = new Promise((resolve) => victim.once("exit", resolve));
  victim.kill("SIGKILL");
  await ended;
  const killed = performance.now();
  say(`dead node: killed after ${KILLED_AT_S} s`);
  await sleep(began + BACK_AT_S * 1000 - performance.now());
  nodes.push(await startNode(port));
  say(`dead node: back after ${BACK_AT_S} s`);
  return { killed, back: performance.now() };
}

async function startNode(port: number): Promise<ChildProcess> {
  const child = fork(NODE, [String(port)]);
  await new Promise((resolve, reject) => {
    child.once("message", resolve);
    child.once("exit", () => reject(new Error(`the node on port ${port} did not start`)));
  });
  return child;
}

function outcome(
  arrivals: readonly Arrival[],
  { attempts }: CountingProxy,
  began: number,
  { killed, back }: Outage,
) {
  const between = ({ at }: { readonly at: number }, from: number, to: number) =>
    at >= from && at < to;
  const atDead = attempts.filter((each) => !each.reached && between(each, killed, back));
  const last = atDead.at(-1);
  const again = attempts.find(({ at, reached }) => reached && at >= back);
  const since = (moment: number | undefined, from: number) =>
    moment === undefined ? undefined : round((moment - from) / 1000, 1);
  const p99 = (from: number, to: number) => {
    const chosen = arrivals.filter((each) => between(each, from, to));
    return round(
      quantile(
        chosen.map(({ latencyMs }) => latencyMs),
        0.99,
      ),
      1,
    );
  };
  return {
    requests: arrivals.length,
    failed: arrivals.filter(({ status }) => status === 0 || status >= 500).length,
    attempts_at_dead: atDead.length,
    last_attempt_after_s: last === undefined ? 0 : since(last.at, killed),
    used_again_after_s: since(again?.at, back),
    p99_ms_before: p99(0, killed - began),
    p99_ms_while_dead: p99(killed - began, back - began),
  };
}
