import { freePort } from "../../examples/quick-start/ports.ts";
import { startUpstreams } from "../../examples/quick-start/upstreams.ts";
import { startStack } from "../../test/support/stack.ts";
import { quantile, round, table } from "../support/figures.ts";
import type { Report } from "../support/report.ts";

const PUTS = 60;

const CASES = [
  {
    name: "intervals of 0",
    edge: { REFRESH_INTERVAL_MS: "0" },
    exporter: { PUBLISH_INTERVAL_MS: "0" },
  },
  {
    name: "defaults of npm start (publish 1 s, refresh 1 s)",
    edge: { REFRESH_INTERVAL_MS: "1000" },
    exporter: { PUBLISH_INTERVAL_MS: "1000" },
  },
] as const;

/** From the begin of a put into etcd to the first request that the new route answers. */
export async function measureLatency(say: (line: string) => void): Promise<Report> {
  const upstreams = await startUpstreams(["only"], await freePort());
  const rows: Record<string, string | number>[] = [];
  try {
    for (const settings of CASES) {
      rows.push({
        case: settings.name,
        ...(await measure(settings, upstreams.ports[0] as number)),
      });
      say(`put to served, ${settings.name}: p50 ${rows.at(-1)?.p50_ms} ms`);
    }
  } finally {
    await upstreams.stop();
  }
  const head = ["case", "p50 ms", "p99 ms", "puts"];
  return {
    text: `etcd put to served\n\n${table(
      head,
      rows.map((row) => Object.values(row)),
    )}`,
    figures: Object.fromEntries(rows.map(({ case: name, ...figures }) => [String(name), figures])),
  };
}

async function measure(
  settings: (typeof CASES)[number],
  upstreamPort: number,
): Promise<Record<string, number>> {
  const stack = await startStack(settings);
  const latencies: number[] = [];
  try {
    for (let i = 0; i <= PUTS; i++) {
      const upstream = { nodes: { [`127.0.0.1:${upstreamPort}`]: 1 } };
      const started = performance.now();
      await stack.put(`routes/r${i}`, { uri: `/r${i}`, upstream });
      await stack.served(`/r${i}`);
      // The first one waits for the exporter to start.
      if (i > 0) latencies.push(performance.now() - started);
    }
  } finally {
    await stack.stop();
  }
  return {
    p50_ms: round(quantile(latencies, 0.5), 0),
    p99_ms: round(quantile(latencies, 0.99), 0),
    puts: PUTS,
  };
}
