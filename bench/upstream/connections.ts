import { quantile, round, table } from "../support/figures.ts";
import type { Report } from "../support/report.ts";
import type { Contenders } from "./contenders.ts";
import { openLoop } from "./open-loop.ts";

const CONNECTIONS = 3_000;
const PER_SECOND = 500;
const SECONDS = 10;
const ROUNDS = 3;

const TITLE =
  `${CONNECTIONS} open connections, ${PER_SECOND} requests/s over all of them whatever becomes of the ` +
  `answers, ${ROUNDS} rounds of ${SECONDS} s in turns, all answers together`;

/** How soon answers come while very many connections are open, most of them idle at any moment. */
export async function measureConnections(
  { byFetch, bySocket, bare, nginx }: Contenders,
  say: (line: string) => void,
): Promise<Report> {
  const contenders = [byFetch, bySocket, bare, nginx];
  const latencies = new Map<string, number[]>(contenders.map(({ name }) => [name, []]));
  const failures = new Map<string, number>();
  for (let turn = 1; turn <= ROUNDS; turn++) {
    for (const { name, url } of contenders) {
      const load = { url, perSecond: PER_SECOND, seconds: SECONDS, connections: CONNECTIONS };
      for (const { latencyMs, status } of await openLoop(load)) {
        latencies.get(name)?.push(latencyMs);
        if (status !== 200) failures.set(name, (failures.get(name) ?? 0) + 1);
      }
      const p99 = round(quantile(latencies.get(name) ?? [], 0.99), 1);
      say(`${CONNECTIONS} connections, round ${turn}: ${name}: p99 ${p99} ms so far`);
    }
  }
  const rows = contenders.map(({ name }) => {
    const all = latencies.get(name) ?? [];
    const at = (share: number) => round(quantile(all, share), 1);
    return { name, p50_ms: at(0.5), p99_ms: at(0.99), failed: failures.get(name) ?? 0 };
  });
  const cells = rows.map((row) => Object.values(row));
  return {
    text: `${TITLE}\n\n${table(["server", "p50 ms", "p99 ms", "failed"], cells)}`,
    figures: Object.fromEntries(rows.map(({ name, ...figures }) => [name, figures])),
  };
}
