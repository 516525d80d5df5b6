import { CONTENDERS, type ContenderName } from "./routing/contender.ts";
import { type IsolateMemory, measureIsolate } from "./routing/isolate-memory.ts";
import { type MatchRow, measureMatching, measureSizes } from "./routing/matching.ts";
import { measureOpening, type Opening } from "./routing/opening.ts";
import { indexBytes, packIndex, unpackIndex } from "./routing/packed-index.ts";
import { type RoutingFigures, reportOf } from "./routing/report.ts";
import { makeTable, type TableKind } from "./routing/route-table.ts";
import type { TableSpec } from "./routing/stand.ts";
import type { Runtime } from "./support/actors.ts";
import type { Report } from "./support/report.ts";

const RUNTIMES: readonly Runtime[] = ["node", "workerd"];
const SIZES = [1_000, 10_000, 100_000, 1_000_000];
/** `ROUTING_LARGEST=100000` leaves out what takes the longest. */
const LARGEST = Number(process.env.ROUTING_LARGEST ?? SIZES.at(-1));
/** Beyond this size only the fastest peer is built: the others take minutes, or gigabytes. */
const ALL_PEERS_UP_TO = 100_000;
const EVERYONE = Object.keys(CONTENDERS) as ContenderName[];
const FASTEST: readonly ContenderName[] = ["snapgate", "snapgate, parameters read", "memoirist"];
const SEED = 1;
const REQUESTS = 200_000;

type Say = (line: string) => void;
type Tables = ReadonlyMap<TableSpec, Uint8Array<ArrayBuffer>>;

/** Finding a route, beside the routers of the JavaScript world; what a table costs before and meanwhile. */
export async function routing(say: Say): Promise<Report> {
  const tables = await packTables(say);
  const rows: MatchRow[] = [];
  for (const [spec, packed] of tables) rows.push(...(await measureTable(spec, packed, say)));
  const figures: RoutingFigures = {
    rows,
    sizes: await measureGrowth(tables, say),
    indexBytes: [...tables].map(([{ kind, size }, packed]) => {
      return { table: kind, routes: size, bytes: indexBytes(unpackIndex(packed)) };
    }),
    openings: await measureOpenings(tables, say),
    isolate: await measureMemory(say),
  };
  return reportOf(figures);
}

async function packTables(say: Say): Promise<Tables> {
  const tables = new Map<TableSpec, Uint8Array<ArrayBuffer>>();
  for (const kind of ["parameters", "tenants"] satisfies TableKind[]) {
    for (const size of SIZES.filter((size) => size <= LARGEST)) {
      const spec: TableSpec = { kind, size, seed: SEED, requests: REQUESTS };
      const started = performance.now();
      tables.set(spec, await packIndex(kind, makeTable(kind, size, SEED)));
      say(`${kind}, ${size} routes: built in ${Math.round(performance.now() - started)} ms`);
    }
  }
  return tables;
}

/** The headline is of `parameters`; the other table is there at three sizes and for one stream. */
async function measureTable(
  spec: TableSpec,
  packed: Uint8Array<ArrayBuffer>,
  say: Say,
): Promise<readonly MatchRow[]> {
  const isHeadline = spec.kind === "parameters";
  if (!isHeadline && spec.size === 10_000) return [];
  const names = spec.size <= ALL_PEERS_UP_TO ? EVERYONE : FASTEST;
  const rows: MatchRow[] = [];
  for (const runtime of RUNTIMES) {
    const streams = isHeadline ? (["zipf", "spread"] as const) : (["zipf"] as const);
    const measured = await measureMatching(runtime, spec, packed, names, streams);
    for (const { stream, contender, ns, remark } of measured) {
      const found = Number.isNaN(ns) ? remark : `${ns} ns`;
      say(`${spec.kind}, ${spec.size} routes, ${runtime}, ${stream}: ${contender}: ${found}`);
    }
    rows.push(...measured);
  }
  return rows;
}

async function measureGrowth(tables: Tables, say: Say): Promise<RoutingFigures["sizes"]> {
  const headline = new Map([...tables].filter(([{ kind }]) => kind === "parameters"));
  const sizes: Partial<Record<Runtime, ReadonlyMap<number, number>>> = {};
  for (const runtime of RUNTIMES) {
    sizes[runtime] = await measureSizes(runtime, headline, "zipf");
    say(`growth, ${runtime}: ${JSON.stringify([...sizes[runtime]])}`);
  }
  return sizes as RoutingFigures["sizes"];
}

async function measureOpenings(tables: Tables, say: Say): Promise<Record<Runtime, Opening>> {
  const [spec, packed] = [...tables].find(
    ([{ kind, size }]) => kind === "parameters" && size === Math.min(100_000, LARGEST),
  ) as [TableSpec, Uint8Array<ArrayBuffer>];
  const openings: Partial<Record<Runtime, Opening>> = {};
  for (const runtime of RUNTIMES) {
    openings[runtime] = await measureOpening(runtime, spec, packed);
    say(`opening, ${runtime}: ${JSON.stringify(openings[runtime])}`);
  }
  return openings as Record<Runtime, Opening>;
}

async function measureMemory(say: Say): Promise<IsolateMemory> {
  const memory = await measureIsolate("parameters", LARGEST, say);
  say(`isolate: ${JSON.stringify(memory)}`);
  return memory;
}
