import { setTimeout as sleep } from "node:timers/promises";
import { median, round, table } from "../support/figures.ts";
import { startPausedWrk } from "../support/paused-wrk.ts";
import { cpuNanoseconds } from "../support/processes.ts";
import type { Report } from "../support/report.ts";
import { runWrk } from "../support/wrk.ts";
import type { Contender, Contenders } from "./contenders.ts";

const CONNECTIONS = 16;
/** One process and the next of the same program differ by a tenth, whatever it is; so all are begun anew. */
const STARTS = 4;
const BLOCKS = 2;
const TURNS = 20;
const TURN_MS = 100;
/** For what is under way when a load is stopped, which is less than a turn's share. */
const SETTLE_MS = 5;

const TITLE =
  `CPU of the server's process for a request: ${CONNECTIONS} connections, answers of 1 KB, median of ` +
  `${STARTS} starts of ${BLOCKS} blocks of ${TURNS} turns of ${TURN_MS} ms each`;

interface Cost {
  readonly microseconds: number;
  readonly errors: number;
}

/**
 * In a block all loads are open at once and run by turns, so that whatever else the machine does costs
 * all of them the same; a ratio is the median of the blocks' own ratios.
 */
export async function measureCpu(
  start: () => Promise<Contenders>,
  say: (line: string) => void,
): Promise<Report> {
  const costs: Costs = { bare: [], sameHeaders: [], byFetch: [], bySocket: [] };
  for (let turn = 1; turn <= STARTS; turn++) {
    const contenders = await start();
    try {
      for (const name of NAMES) await runWrk(contenders[name].url, CONNECTIONS, 2);
      for (let block = 1; block <= BLOCKS; block++) await oneRound(contenders, costs);
    } finally {
      await contenders.stop();
    }
    say(`CPU, start ${turn} of ${STARTS}: ${ratioToBare(costs, "byFetch")} by fetch so far`);
  }
  const figures = {
    cpu_ratio_fetch: ratioToBare(costs, "byFetch"),
    cpu_ratio_socket: ratioToBare(costs, "bySocket"),
    cpu_ratio_same_headers: ratioToBare(costs, "sameHeaders"),
    cpu_us: Object.fromEntries(NAMES.map((name) => [name, middle(costs, name)])),
    cpu_errors: NAMES.flatMap((name) => costs[name]).reduce((sum, { errors }) => sum + errors, 0),
  };
  const rows = NAMES.map((name) => [WORDS[name], middle(costs, name), ratioToBare(costs, name)]);
  const text = `${TITLE}\n\n${table(["server", "CPU µs/request", "ratio"], rows)}`;
  return { text, figures };
}

const WORDS = {
  bare: "bare pass-through worker",
  sameHeaders: "bare worker, APISIX's headers",
  byFetch: "snapgate, by fetch",
  bySocket: "snapgate, by socket",
} as const;

type Name = keyof typeof WORDS;
const NAMES = ["bare", "sameHeaders", "byFetch", "bySocket"] as const satisfies readonly Name[];
type Costs = Readonly<Record<Name, Cost[]>>;

/** Both ways of the gateway are one process, whose time is one way's only in a block of its own. */
async function oneRound(contenders: Contenders, costs: Costs): Promise<void> {
  for (const way of ["byFetch", "bySocket"] as const) {
    const names = ["bare", "sameHeaders", way] as const;
    const found = await oneBlock(names.map((name) => contenders[name]));
    for (const name of names) {
      const cost = found.get(contenders[name]);
      if (cost) costs[name].push(cost);
    }
  }
}

async function oneBlock(contenders: readonly Contender[]): Promise<ReadonlyMap<Contender, Cost>> {
  const loads = [];
  for (const contender of contenders) {
    const before = cpuNanoseconds(contender.pid);
    const load = await startPausedWrk(contender.url, CONNECTIONS);
    loads.push({ contender, before, load });
  }
  for (let turn = 0; turn < TURNS; turn++) {
    // Forwards and backwards, so that nobody always follows the same one.
    for (const { load } of turn % 2 === 0 ? loads : loads.toReversed()) {
      await load.run(TURN_MS);
      await sleep(SETTLE_MS);
    }
  }
  const costs = new Map<Contender, Cost>();
  for (const { contender, before, load } of loads) {
    const { requests, errors } = await load.end();
    const used = cpuNanoseconds(contender.pid) - before;
    costs.set(contender, { microseconds: used / 1000 / requests, errors });
  }
  return costs;
}

function middle(costs: Costs, name: Name): number {
  return round(median(costs[name].map(({ microseconds }) => microseconds)), 1);
}

/** The bare worker runs in every block, each way of the gateway in every other one. */
function ratioToBare({ bare, ...others }: Costs, name: Name): number {
  const own = name === "bare" ? bare : others[name];
  const perOwn = bare.length / own.length;
  const ratios = own.map(({ microseconds }, i) => {
    const matching = bare.slice(i * perOwn, (i + 1) * perOwn);
    return microseconds / median(matching.map((cost) => cost.microseconds));
  });
  return round(median(ratios), 3);
}
