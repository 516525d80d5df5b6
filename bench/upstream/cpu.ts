import { setTimeout as sleep } from "node:timers/promises";
import { median, round, table } from "../support/figures.ts";
import { startPausedWrk } from "../support/paused-wrk.ts";
import { cpuNanoseconds } from "../support/processes.ts";
import type { Report } from "../support/report.ts";
import { runWrk } from "../support/wrk.ts";
import type { Contender, Contenders } from "./contenders.ts";

const CONNECTIONS = 16;
const BLOCKS = 8;
const TURNS = 20;
const TURN_MS = 100;
/** For what is under way when a load is stopped, which is less than a turn's share. */
const SETTLE_MS = 5;

const TITLE =
  `CPU of the server's process for a request: ${CONNECTIONS} connections, answers of 1 KB, median of ` +
  `${BLOCKS} blocks of ${TURNS} turns of ${TURN_MS} ms each`;

interface Cost {
  readonly microseconds: number;
  readonly errors: number;
}

/**
 * In a block all loads are open at once and run by turns, so that whatever else the machine does costs
 * all of them the same; a ratio is the median of the blocks' own ratios.
 */
export async function measureCpu(
  { bare, sameHeaders, byFetch, bySocket }: Contenders,
  say: (line: string) => void,
): Promise<Report> {
  const contenders = [bare, sameHeaders, byFetch, bySocket];
  for (const { url } of contenders) await runWrk(url, CONNECTIONS, 2);
  const costs = new Map<Contender, Cost[]>(contenders.map((contender) => [contender, []]));
  for (let block = 1; block <= BLOCKS; block++) {
    // Two of them are one process: its time is one contender's at a time only in a block of its own.
    for (const gateway of [byFetch, bySocket]) {
      const costsNow = await oneBlock([bare, sameHeaders, gateway]);
      for (const [contender, cost] of costsNow) costs.get(contender)?.push(cost);
    }
    say(`CPU, block ${block} of ${BLOCKS}: ${ratioTo(costs, bare, byFetch)} by fetch so far`);
  }
  const figures = {
    cpu_ratio_fetch: ratioTo(costs, bare, byFetch),
    cpu_ratio_socket: ratioTo(costs, bare, bySocket),
    cpu_ratio_same_headers: ratioTo(costs, bare, sameHeaders),
    cpu_us: Object.fromEntries(contenders.map((each) => [each.name, middle(costs, each)])),
    cpu_errors: contenders.flatMap((each) => costs.get(each) ?? []).reduce(sumOfErrors, 0),
  };
  const rows = contenders.map((each) => [
    each.name,
    middle(costs, each),
    ratioTo(costs, bare, each),
  ]);
  const text = `${TITLE}\n\n${table(["server", "CPU µs/request", "ratio"], rows)}`;
  return { text, figures };
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

function middle(costs: ReadonlyMap<Contender, Cost[]>, of: Contender): number {
  return round(median((costs.get(of) ?? []).map(({ microseconds }) => microseconds)), 1);
}

/** The bare worker runs in every block, a gateway's way in every other one: they are matched by place. */
function ratioTo(costs: ReadonlyMap<Contender, Cost[]>, base: Contender, of: Contender): number {
  const own = costs.get(of) ?? [];
  const bases = costs.get(base) ?? [];
  const perOwn = bases.length / own.length;
  const ratios = own.map(({ microseconds }, i) => {
    const matching = bases.slice(Math.floor(i * perOwn), Math.ceil((i + 1) * perOwn));
    return microseconds / median(matching.map((cost) => cost.microseconds));
  });
  return round(median(ratios), 3);
}

function sumOfErrors(sum: number, { errors }: Cost): number {
  return sum + errors;
}
