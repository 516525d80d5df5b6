import type { ContenderName } from "./routing/contender.ts";
import { type IsolateMemory, measureIsolate } from "./routing/isolate-memory.ts";
import { measureOpening, type Opening } from "./routing/opening.ts";
import { packIndex } from "./routing/packed-index.ts";
import { OURS, PEERS, type Race, race } from "./routing/race.ts";
import type { StreamKind } from "./routing/requests.ts";
import { makeTable, type TableKind } from "./routing/route-table.ts";
import type { Runtime } from "./support/actors.ts";
import { type Figures, round, table } from "./support/figures.ts";
import type { Report } from "./support/report.ts";

const SIZES = { "1k": 1_000, "10k": 10_000, "100k": 100_000, "1m": 1_000_000 } as const;
type Size = keyof typeof SIZES;
const SIZE_NAMES = Object.keys(SIZES) as Size[];
const RUNTIMES: readonly Runtime[] = ["node", "workerd"];
/** What the headline figures are of: exact paths, prefixes and parameters on hosts, and `vars`. */
const KIND: TableKind = "parameters";
const STREAM: StreamKind = "zipf";

/**
 * Matching beside the routers of JavaScript, what an isolate pays before its first request, and what it
 * holds. The headline is of workerd, where the edge runs; Node's is beside it.
 */
export async function routing(say: (line: string) => void): Promise<Report> {
  const races = new Map<string, Race>();
  for (const runtime of RUNTIMES) {
    for (const size of SIZE_NAMES) {
      // At a million no peer is worth the memory and the wait: ours are only held against themselves.
      const names = size === "1m" ? OURS : [...OURS, ...PEERS];
      const run = await race(runtime, KIND, SIZES[size], names);
      races.set(`${runtime} ${size}`, run);
      say(
        `${runtime}, ${size} routes: ${round(nanosecondsOf(run, "snapgate") ?? Number.NaN, 0)} ns`,
      );
    }
  }
  const openings = new Map<Runtime, Opening>();
  const spec = { kind: KIND, size: SIZES["100k"], seed: 1, requests: 1 };
  const packed = await packIndex(KIND, makeTable(KIND, spec.size, spec.seed));
  for (const runtime of RUNTIMES) {
    openings.set(runtime, await measureOpening(runtime, spec, packed));
    say(`${runtime}: opening 100k takes ${openings.get(runtime)?.indexMs} ms`);
  }
  const isolate = await measureIsolate(KIND, SIZES["1m"], say);
  return report(races, openings, isolate);
}

function report(
  races: ReadonlyMap<string, Race>,
  openings: ReadonlyMap<Runtime, Opening>,
  isolate: IsolateMemory,
): Report {
  const headline = {
    ...headlineOf("workerd", races, openings),
    isolate_mb_1m: round(isolate.liveMb, 1),
  };
  const text = [
    table(["figure", "value"], Object.entries(headline)),
    ...[...races.values()].map(raceText),
    openingText(openings),
    `Isolate at 1m routes: ${JSON.stringify(isolate)}`,
  ];
  return {
    text: text.join("\n\n"),
    figures: {
      ...headline,
      node: headlineOf("node", races, openings),
      races: [...races.values()],
      opening_100k: Object.fromEntries(openings),
      isolate_1m: isolate,
    },
  };
}

function headlineOf(
  runtime: Runtime,
  races: ReadonlyMap<string, Race>,
  openings: ReadonlyMap<Runtime, Opening>,
): Figures {
  const of = (size: Size) => races.get(`${runtime} ${size}`) as Race;
  const ours = (size: Size) => nanosecondsOf(of(size), "snapgate") ?? Number.NaN;
  const bytes = SIZE_NAMES.map((size) => of(size).indexBytesPerRoute);
  return {
    best_peer_ratio_1k: round(bestPeerRatio(of("1k"))),
    best_peer_ratio_100k: round(bestPeerRatio(of("100k"))),
    match_ratio_1m_1k: round(ours("1m") / ours("1k")),
    index_bytes_per_route: round(Math.max(...bytes), 1),
    open_ratio_json_100k: round(openings.get(runtime)?.ratio ?? Number.NaN, 5),
  };
}

/** Of the peer that is fastest, whatever it picks. */
function bestPeerRatio(run: Race): number {
  const ours = nanosecondsOf(run, "snapgate") ?? Number.NaN;
  const peers = PEERS.flatMap((name) => nanosecondsOf(run, name) ?? []);
  return Math.min(...peers) / ours;
}

function nanosecondsOf({ results }: Race, name: ContenderName): number | undefined {
  return results.find((result) => result.name === name)?.timings[STREAM]?.median;
}

function raceText({ indexBytesPerRoute, results, runtime, spec }: Race): string {
  const rows = results.map(({ buildMs, name, otherPicks, remark, timings }) => [
    name,
    round(timings.zipf?.median ?? Number.NaN, 0),
    round(timings.spread?.median ?? Number.NaN, 0),
    otherPicks === undefined ? "" : `${round(100 * otherPicks)} %`,
    round(buildMs, 0),
    remark,
  ]);
  const head = ["router", "zipf ns", "spread ns", "picks another route", "build ms", "remark"];
  const title = `${spec.size} routes in ${runtime}; index ${round(indexBytesPerRoute, 1)} bytes a route`;
  return `${title}\n\n${table(head, rows)}`;
}

function openingText(openings: ReadonlyMap<Runtime, Opening>): string {
  const rows = [...openings].map(([runtime, { firstEverMs, indexMs, jsonMs, ratio }]) => [
    runtime,
    round(indexMs, 3),
    round(firstEverMs, 2),
    round(jsonMs, 1),
    round(ratio, 5),
  ]);
  const head = [
    "runtime",
    "open and match, ms",
    "the first time ever, ms",
    "JSON.parse, ms",
    "ratio",
  ];
  return `Opening 100k routes\n\n${table(head, rows)}`;
}
