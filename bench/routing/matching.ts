import type { Runtime } from "../support/actors.ts";
import { round } from "../support/figures.ts";
import { CONTENDERS, type ContenderName } from "./contender.ts";
import { answersOf, type Entrant, enter, type Timing, timeInTurns } from "./field.ts";
import type { StreamKind } from "./requests.ts";
import type { TableKind } from "./route-table.ts";
import type { TableSpec } from "./stand.ts";
import { trueAnswers } from "./truth.ts";

/** What one contender came to with one table and one stream, in one runtime. */
export interface MatchRow {
  readonly table: TableKind;
  readonly routes: number;
  readonly runtime: Runtime;
  readonly stream: StreamKind;
  readonly contender: ContenderName;
  /** CPU nanoseconds a match; NaN where it could not take part. */
  readonly ns: number;
  readonly quarter: number;
  readonly three_quarters: number;
  readonly build_ms: number;
  /** Share of the requests that it finds another route for than Snapgate, or none. */
  readonly wrong: number;
  readonly remark: string;
}

const ROUNDS = 7;
const COMPARED = 20_000;
const TRUE_UP_TO = 1000;
const TRUTHS = 3000;

/** All of `names` with one table. Throws where our own answers are not the true ones. */
export async function measureMatching(
  runtime: Runtime,
  spec: TableSpec,
  packed: Uint8Array<ArrayBuffer>,
  names: readonly ContenderName[],
  streams: readonly StreamKind[],
): Promise<MatchRow[]> {
  const entrants: Entrant[] = [];
  try {
    for (const name of names) entrants.push(await enter(runtime, name, spec, packed));
    const rows: MatchRow[] = [];
    for (const stream of streams) {
      const wrong = await compare(entrants, stream);
      const timings = await timeInTurns(entrants, stream, ROUNDS);
      for (const entrant of entrants) {
        const timing = timings.get(entrant);
        rows.push(rowOf(runtime, stream, entrant, timing, wrong.get(entrant) ?? Number.NaN));
      }
    }
    return rows;
  } finally {
    for (const { stand } of entrants) await stand?.stop();
  }
}

/** Ours with tables of several sizes, in turns: how a match slows down with the table. */
export async function measureSizes(
  runtime: Runtime,
  tables: ReadonlyMap<TableSpec, Uint8Array<ArrayBuffer>>,
  stream: StreamKind,
): Promise<ReadonlyMap<number, number>> {
  const entrants: Entrant[] = [];
  try {
    for (const [spec, packed] of tables) {
      entrants.push(await enter(runtime, "snapgate", spec, packed));
    }
    const timings = await timeInTurns(entrants, stream, ROUNDS);
    return new Map([...timings].map(([{ spec }, { median }]) => [spec.size, median]));
  } finally {
    for (const { stand } of entrants) await stand?.stop();
  }
}

async function compare(
  entrants: readonly Entrant[],
  stream: StreamKind,
): Promise<ReadonlyMap<Entrant, number>> {
  const [ours] = entrants;
  if (!ours?.stand || ours.name !== "snapgate") throw new Error("Snapgate itself did not run");
  const answers = await answersOf(ours, stream, COMPARED);
  if (ours.spec.size <= TRUE_UP_TO) {
    const truth = trueAnswers(ours.spec, stream, TRUTHS);
    const wrong = shareOfOthers(answers.slice(0, TRUTHS), truth);
    if (wrong > 0) throw new Error(`Snapgate finds ${wrong * TRUTHS} wrong routes of ${TRUTHS}`);
  }
  const shares = new Map<Entrant, number>();
  for (const entrant of entrants) {
    if (!entrant.stand) continue;
    shares.set(entrant, shareOfOthers(await answersOf(entrant, stream, COMPARED), answers));
  }
  return shares;
}

function shareOfOthers(
  answers: readonly (string | null)[],
  wanted: readonly (string | null)[],
): number {
  return answers.filter((answer, i) => answer !== wanted[i]).length / wanted.length;
}

function rowOf(
  runtime: Runtime,
  stream: StreamKind,
  { name, spec, buildMs, remark }: Entrant,
  timing: Timing | undefined,
  wrong: number,
): MatchRow {
  return {
    table: spec.kind,
    routes: spec.size,
    runtime,
    stream,
    contender: name,
    ns: round(timing?.median ?? Number.NaN, 0),
    quarter: round(timing?.quarter ?? Number.NaN, 0),
    three_quarters: round(timing?.threeQuarters ?? Number.NaN, 0),
    build_ms: round(buildMs, 0),
    wrong: round(wrong, 5),
    remark,
  };
}

export function isOurs(name: ContenderName): boolean {
  return CONTENDERS[name].startsWith("snapgate");
}
