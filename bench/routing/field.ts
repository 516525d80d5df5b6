import { type Actor, type Runtime, startActor, Unable } from "../support/actors.ts";
import { median, quantile } from "../support/figures.ts";
import { CONTENDERS, type ContenderName } from "./contender.ts";
import type { StreamKind } from "./requests.ts";
import type { BuildOutcome, StandCall, TableSpec } from "./stand.ts";

/** A contender that has its table, or the reason why not. */
export interface Entrant {
  readonly name: ContenderName;
  readonly spec: TableSpec;
  readonly stand: Actor<StandCall> | undefined;
  readonly buildMs: number;
  readonly remark: string;
}

/** CPU nanoseconds a match, over the rounds. */
export interface Timing {
  readonly median: number;
  readonly least: number;
  readonly quarter: number;
  readonly threeQuarters: number;
}

const BUILD_LIMIT_MS = 90_000;
const CALL_LIMIT_MS = 60_000;
const ROUND_NS = 100e6;
const WARM_UP_NS = 600e6;
const MOST_MATCHES = 100_000;
const FEWEST_MATCHES = 500;

/** The build's limit holds for table and requests too. */
export async function enter(
  runtime: Runtime,
  name: ContenderName,
  spec: TableSpec,
  packed: Uint8Array<ArrayBuffer>,
): Promise<Entrant> {
  const contender = new URL(`./contenders/${CONTENDERS[name]}.ts`, import.meta.url);
  const stand = await startActor<StandCall>(
    runtime,
    new URL("./stand.ts", import.meta.url),
    contender,
  );
  const ours = name.startsWith("snapgate");
  try {
    const call = { is: "build", spec } as const;
    const built = await stand.ask<BuildOutcome>(call, BUILD_LIMIT_MS, ours ? packed : undefined);
    return { name, spec, stand, buildMs: built.ms, remark: built.remark };
  } catch (error) {
    await stand.stop();
    if (!(error instanceof Unable)) throw error;
    return { name, spec, stand: undefined, buildMs: Number.NaN, remark: error.message };
  }
}

/** All that could be entered, in turns: what else the machine does meets every one alike. */
export async function timeInTurns(
  entrants: readonly Entrant[],
  stream: StreamKind,
  rounds: number,
): Promise<ReadonlyMap<Entrant, Timing>> {
  const running = entrants.filter(({ stand }) => stand !== undefined);
  const samples = new Map<Entrant, number[]>(running.map((entrant) => [entrant, []]));
  const counts = new Map<Entrant, number>();
  for (const entrant of running) counts.set(entrant, await warmUp(entrant, stream));
  for (let round = 0; round < rounds; round++) {
    for (const [entrant, count] of counts) {
      samples.get(entrant)?.push((await timeRound(entrant, stream, count)) / count);
    }
  }
  return new Map([...samples].map(([entrant, values]) => [entrant, timingOf(values)]));
}

function timingOf(values: readonly number[]): Timing {
  return {
    median: median(values),
    least: Math.min(...values),
    quarter: quantile(values, 0.25),
    threeQuarters: quantile(values, 0.75),
  };
}

/** Until V8 has compiled what is hot. Returns how many matches a round is to have. */
async function warmUp(entrant: Entrant, stream: StreamKind): Promise<number> {
  let count = FEWEST_MATCHES;
  for (let spent = 0, rounds = 0; spent < WARM_UP_NS || rounds < 4; rounds++) {
    const took = await timeRound(entrant, stream, count);
    spent += took;
    const wanted = Math.round((count * ROUND_NS) / took);
    count = Math.min(MOST_MATCHES, Math.max(FEWEST_MATCHES, wanted));
  }
  return count;
}

async function timeRound({ stand }: Entrant, stream: StreamKind, count: number): Promise<number> {
  if (!stand) throw new Error("it is not running");
  await stand.ask({ is: "prepare", stream, count }, CALL_LIMIT_MS);
  const before = stand.cpuNanoseconds();
  await stand.ask({ is: "round", stream }, CALL_LIMIT_MS);
  return stand.cpuNanoseconds() - before;
}

/** The ids that an entrant finds for the first requests of a stream. */
export function answersOf(
  { stand }: Entrant,
  stream: StreamKind,
  count: number,
): Promise<readonly (string | null)[]> {
  if (!stand) throw new Error("it is not running");
  return stand.ask({ is: "answers", stream, count }, CALL_LIMIT_MS);
}
