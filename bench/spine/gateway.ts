import { median, round, table } from "../support/figures.ts";
import { cpuSeconds } from "../support/processes.ts";
import type { Report } from "../support/report.ts";
import { type Load, runWrk } from "../support/wrk.ts";
import { type Contender, startContenders } from "../upstream/contenders.ts";

const ROUNDS = 5;
const SECONDS = 4;
const CONNECTIONS = 32;

const TITLE =
  `Gateway, ${CONNECTIONS} connections, 1 KB answers, median of ${ROUNDS} rounds of ${SECONDS} s; ` +
  "CPU ratio to the bare worker";

interface Sample extends Load {
  readonly cpuMicroseconds: number;
}

/** Snapgate, a bare pass-through worker and nginx, in turns before the same upstream of 1 KB answers. */
export async function measureGateway(say: (line: string) => void): Promise<Report> {
  const contenders = await startContenders();
  const { byFetch, bySocket, bare, nginx } = contenders;
  try {
    return summarise(await inTurns([byFetch, bySocket, bare, nginx], say), bare.name);
  } finally {
    await contenders.stop();
  }
}

async function inTurns(
  targets: readonly Contender[],
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

function summarise(samples: ReadonlyMap<string, Sample[]>, base: string): Report {
  const middle = (name: string, of: (sample: Sample) => number) =>
    median((samples.get(name) ?? []).map(of));
  const baseCpu = middle(base, (sample) => sample.cpuMicroseconds);
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
