import { freePort } from "../../examples/quick-start/ports.ts";
import { startWorker } from "../../examples/quick-start/workerd.ts";
import { type Stack, startStack } from "../../test/support/stack.ts";
import { median, round, table } from "../support/figures.ts";
import { startNginxProxy, startNginxUpstream } from "../support/nginx.ts";
import { childrenNamed, cpuSeconds, requireCommands } from "../support/processes.ts";
import type { Report } from "../support/report.ts";
import { type Load, runWrk } from "../support/wrk.ts";

const ROUNDS = 5;
const SECONDS = 4;
const CONNECTIONS = 32;

const TITLE =
  `Gateway, ${CONNECTIONS} connections, 1 KB answers, median of ${ROUNDS} rounds of ${SECONDS} s; ` +
  "CPU ratio to the bare worker";

interface Target {
  readonly name: string;
  readonly url: string;
  readonly pid: number;
}

interface Sample extends Load {
  readonly cpuMicroseconds: number;
}

/** Snapgate, a bare pass-through worker and nginx, in turns before the same upstream of 1 KB answers. */
export async function measureGateway(say: (line: string) => void): Promise<Report> {
  requireCommands({ wrk: "wrk", nginx: "nginx-light" });
  const upstreamPort = await freePort();
  const upstream = await startNginxUpstream(upstreamPort);
  const proxyPort = await freePort();
  const proxy = await startNginxProxy(proxyPort, upstreamPort);
  const stack = await startStack({ edge: { REFRESH_INTERVAL_MS: "5000" } });
  const edgePid = childrenNamed("workerd").at(-1) as number;
  const bare = await startWorker({ name: "bare", script: passThrough(upstreamPort), port: 0 });
  const barePid = childrenNamed("workerd").at(-1) as number;
  try {
    await routeBothWays(stack, upstreamPort);
    const targets: Target[] = [
      { name: "snapgate, by fetch", url: `${stack.edge.url}/fetch/x`, pid: edgePid },
      { name: "snapgate, by socket", url: `${stack.edge.url}/socket/x`, pid: edgePid },
      { name: "bare pass-through worker", url: `${bare.url}/x`, pid: barePid },
      { name: "nginx", url: `http://127.0.0.1:${proxyPort}/x`, pid: proxy.pid },
    ];
    return summarise(await inTurns(targets, say));
  } finally {
    await bare.stop();
    await stack.stop();
    await proxy.stop();
    await upstream.stop();
  }
}

function passThrough(upstreamPort: number): string {
  return `export default { fetch(request) {
    const url = new URL(request.url);
    return fetch("http://127.0.0.1:${upstreamPort}" + url.pathname + url.search, request);
  } };`;
}

/** `pass_host: node` lets the edge use fetch; the client's own Host needs the socket exchange. */
async function routeBothWays(stack: Stack, upstreamPort: number): Promise<void> {
  const nodes = { [`localhost:${upstreamPort}`]: 1 };
  await stack.put("routes/fetch", { uri: "/fetch/*", upstream: { nodes, pass_host: "node" } });
  await stack.put("routes/socket", { uri: "/socket/*", upstream: { nodes } });
  await stack.served("/fetch/x");
  await stack.served("/socket/x");
}

async function inTurns(
  targets: readonly Target[],
  say: (line: string) => void,
): Promise<ReadonlyMap<string, Sample[]>> {
  const samples = new Map<string, Sample[]>(targets.map(({ name }) => [name, []]));
  for (const target of targets) await runWrk(target.url, CONNECTIONS, 1);
  for (let turn = 1; turn <= ROUNDS; turn++) {
    for (const target of targets) {
      const before = cpuSeconds(target.pid);
      const load = await runWrk(target.url, CONNECTIONS, SECONDS);
      const cpu = cpuSeconds(target.pid) - before;
      samples.get(target.name)?.push({ ...load, cpuMicroseconds: (cpu * 1e6) / load.requests });
      say(`round ${turn}: ${target.name}: ${Math.round(load.requestsPerSecond)} requests/s`);
    }
  }
  return samples;
}

function summarise(samples: ReadonlyMap<string, Sample[]>): Report {
  const middle = (name: string, of: (sample: Sample) => number) =>
    median((samples.get(name) ?? []).map(of));
  const baseCpu = middle("bare pass-through worker", (sample) => sample.cpuMicroseconds);
  const rows = [...samples.keys()].map((name) => ({
    name,
    requests_per_second: round(
      middle(name, (sample) => sample.requestsPerSecond),
      0,
    ),
    p50_ms: round(middle(name, (sample) => sample.p50Ms)),
    p99_ms: round(middle(name, (sample) => sample.p99Ms)),
    cpu_us_per_request: round(
      middle(name, (sample) => sample.cpuMicroseconds),
      1,
    ),
    cpu_ratio_to_bare: round(middle(name, (sample) => sample.cpuMicroseconds) / baseCpu),
    errors: (samples.get(name) ?? []).reduce((sum, sample) => sum + sample.errors, 0),
  }));
  const head = [
    "server",
    "requests/s",
    "p50 ms",
    "p99 ms",
    "CPU µs/request",
    "CPU ratio",
    "errors",
  ];
  return {
    text: `${TITLE}\n\n${table(
      head,
      rows.map((row) => Object.values(row)),
    )}`,
    figures: Object.fromEntries(rows.map(({ name, ...figures }) => [name, figures])),
  };
}
