import { naiveMatcher } from "../../test/support/naive-matcher.ts";
import type { Runtime } from "../support/actors.ts";
import { CONTENDERS, type ContenderName } from "./contender.ts";
import { answersOf, type Entrant, enter, type Timing, timeInTurns } from "./field.ts";
import { indexBytes, packIndex, unpackIndex } from "./packed-index.ts";
import { makeRequests, type StreamKind } from "./requests.ts";
import { makeTable, ROUTERS, type TableKind, type TableRoute } from "./route-table.ts";
import type { TableSpec } from "./stand.ts";

/** One table, one runtime, and every contender that could take the table. */
export interface Race {
  readonly runtime: Runtime;
  readonly spec: TableSpec;
  readonly indexBytesPerRoute: number;
  readonly results: readonly RaceResult[];
}

export interface RaceResult {
  readonly name: ContenderName;
  readonly buildMs: number;
  /** Why it is not there, or what it could not take. */
  readonly remark: string;
  /** The share of requests for which it picks another route than ours. */
  readonly otherPicks: number | undefined;
  readonly timings: Readonly<Partial<Record<StreamKind, Timing>>>;
}

const STREAMS: readonly StreamKind[] = ["zipf", "spread"];
const REQUESTS = 400_000;
const COMPARED = 20_000;
const ROUNDS = { zipf: 9, spread: 5 } as const;
const SEED = 1;
/** Trying every route takes long: so many requests, and a table of at most so many routes. */
const CHECKED = 2_000;
const MOST_CHECKED_ROUTES = 1_000;

export async function race(
  runtime: Runtime,
  kind: TableKind,
  size: number,
  names: readonly ContenderName[],
): Promise<Race> {
  const spec: TableSpec = { kind, size, seed: SEED, requests: REQUESTS };
  const routes = makeTable(kind, size, SEED);
  const packed = await packIndex(kind, routes);
  const entrants: Entrant[] = [];
  try {
    for (const name of names) entrants.push(await enter(runtime, name, spec, packed));
    const picks = await picksOf(entrants);
    if (size <= MOST_CHECKED_ROUTES) checkOurs(kind, routes, picks.get("snapgate") ?? []);
    const timings = new Map<StreamKind, ReadonlyMap<Entrant, Timing>>();
    for (const stream of STREAMS) {
      timings.set(stream, await timeInTurns(entrants, stream, ROUNDS[stream]));
    }
    const results = entrants.map((entrant): RaceResult => {
      const { buildMs, name, remark } = entrant;
      const own = STREAMS.flatMap((stream) => {
        const timing = timings.get(stream)?.get(entrant);
        return timing ? [[stream, timing] as const] : [];
      });
      const otherPicks = shareOfOthers(picks.get(name), picks.get("snapgate"));
      return { name, buildMs, remark, otherPicks, timings: Object.fromEntries(own) };
    });
    return { runtime, spec, indexBytesPerRoute: indexBytes(unpackIndex(packed)) / size, results };
  } finally {
    for (const { stand } of entrants) await stand?.stop();
  }
}

type Picks = readonly (string | null)[];

async function picksOf(entrants: readonly Entrant[]): Promise<ReadonlyMap<ContenderName, Picks>> {
  const picks = new Map<ContenderName, Picks>();
  for (const entrant of entrants) {
    if (entrant.stand) picks.set(entrant.name, await answersOf(entrant, "zipf", COMPARED));
  }
  return picks;
}

function shareOfOthers(picks: Picks | undefined, ours: Picks | undefined): number | undefined {
  if (!picks || !ours) return undefined;
  return picks.filter((pick, i) => pick !== ours[i]).length / picks.length;
}

/** Throws where ours differ from those of a matcher that tries every route. */
function checkOurs(kind: TableKind, routes: readonly TableRoute[], ours: Picks): void {
  const byId = Object.fromEntries(routes.map(({ id, ...route }) => [id, route]));
  const naive = naiveMatcher(ROUTERS[kind], { routes: byId });
  const requests = makeRequests(routes, "zipf", REQUESTS, SEED + 1).slice(0, CHECKED);
  for (const [i, { host, method, path, values }] of requests.entries()) {
    const variables = { get: (name: string) => values[name] };
    const facts = { method, uri: path, host, hostHeader: host, remoteAddr: "203.0.113.7" };
    const wanted = naive({ ...facts, variables })?.routeId ?? null;
    if (ours[i] !== wanted) throw new Error(`${method} ${host}${path}: ${ours[i]}, not ${wanted}`);
  }
}

/** Ours come first in the list. */
export const OURS = (Object.keys(CONTENDERS) as ContenderName[]).filter((name) =>
  name.startsWith("snapgate"),
);
export const PEERS = (Object.keys(CONTENDERS) as ContenderName[]).filter(
  (name) => !name.startsWith("snapgate"),
);
