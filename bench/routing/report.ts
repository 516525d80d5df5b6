import type { Runtime } from "../support/actors.ts";
import { round, table } from "../support/figures.ts";
import type { Report } from "../support/report.ts";
import type { IsolateMemory } from "./isolate-memory.ts";
import { isOurs, type MatchRow } from "./matching.ts";
import type { Opening } from "./opening.ts";
import type { TableKind } from "./route-table.ts";

export interface RoutingFigures {
  readonly rows: readonly MatchRow[];
  /** Nanoseconds a match by size: ours, `parameters`, zipf, all sizes in turns. */
  readonly sizes: Readonly<Record<Runtime, ReadonlyMap<number, number>>>;
  readonly indexBytes: readonly {
    readonly table: TableKind;
    readonly routes: number;
    readonly bytes: number;
  }[];
  readonly openings: Readonly<Record<Runtime, Opening>>;
  readonly isolate: IsolateMemory;
}

/** Of the runtimes workerd counts, where an edge runs. The peer is the fastest that holds the table. */
export function reportOf(figures: RoutingFigures): Report {
  const { rows, sizes, indexBytes, openings, isolate } = figures;
  const ratiosIn = (runtime: Runtime) => ({
    best_peer_ratio_1k: round(bestPeerRatio(rows, runtime, 1000)),
    best_peer_ratio_100k: round(bestPeerRatio(rows, runtime, 100_000)),
    match_ratio_1m_1k: round(
      (sizes[runtime].get(1_000_000) ?? Number.NaN) / (sizes[runtime].get(1000) ?? Number.NaN),
    ),
    open_ratio_json_100k: round(openings[runtime].ratio, 5),
  });
  const headline = {
    ...ratiosIn("workerd"),
    index_bytes_per_route: round(
      Math.max(...indexBytes.map(({ bytes, routes }) => bytes / routes)),
      1,
    ),
    isolate_mb_1m: round(isolate.liveMb, 1),
  };
  const onNode: Readonly<Record<string, number>> = ratiosIn("node");
  const text = [
    ...matchTables(rows),
    `Ours by size, in turns, ns a match\n\n${sizeTable(sizes)}`,
    `Index\n\n${table(
      ["table", "routes", "bytes", "bytes a route"],
      indexBytes.map(({ table: kind, routes, bytes }) => {
        return [kind, routes, bytes, round(bytes / routes, 1)];
      }),
    )}`,
    `Opening, ms of CPU\n\n${openingTable(openings)}`,
    `Isolate, MB\n\n${table(
      ["live", "peak with garbage", "requests", "failures"],
      [[round(isolate.liveMb, 1), round(isolate.peakMb, 1), isolate.requests, isolate.failures]],
    )}`,
    `All in all\n\n${table(
      ["figure", "workerd", "Node"],
      Object.entries(headline).map(([name, value]) => [name, value, onNode[name] ?? ""]),
    )}`,
  ];
  return {
    text: text.join("\n\n"),
    figures: {
      ...headline,
      node: onNode,
      rows,
      ns_by_size: Object.fromEntries(
        Object.entries(sizes).map(([runtime, bySize]) => [runtime, Object.fromEntries(bySize)]),
      ),
      index_bytes: indexBytes,
      openings,
      isolate,
    },
  };
}

function bestPeerRatio(rows: readonly MatchRow[], runtime: Runtime, routes: number): number {
  const here = rows.filter(
    (row) =>
      row.table === "parameters" &&
      row.stream === "zipf" &&
      row.runtime === runtime &&
      row.routes === routes,
  );
  const ours = here.find(({ contender }) => contender === "snapgate")?.ns ?? Number.NaN;
  const peers = here.filter(({ contender, ns }) => !isOurs(contender) && !Number.isNaN(ns));
  return Math.min(...peers.map(({ ns }) => ns)) / ours;
}

/** One table for each kind, stream and runtime; sizes side by side. */
function matchTables(rows: readonly MatchRow[]): string[] {
  const titles = [...new Set(rows.map(titleOf))];
  return titles.map((title) => {
    const here = rows.filter((row) => titleOf(row) === title);
    const sizes = [...new Set(here.map(({ routes }) => routes))];
    const names = [...new Set(here.map(({ contender }) => contender))];
    const lines = names.map((name) => {
      const own = sizes.map((size) =>
        here.find((row) => row.contender === name && row.routes === size),
      );
      const wrong = own
        .map((row) => row?.wrong ?? Number.NaN)
        .filter((share) => !Number.isNaN(share));
      const remarks = [
        ...new Set(own.map((row) => row?.remark ?? "").filter((text) => text !== "")),
      ];
      return [
        name,
        ...own.map((row) => (row === undefined ? "" : Number.isNaN(row.ns) ? "–" : row.ns)),
        wrong.length === 0 ? "–" : `${round(Math.max(...wrong) * 100, 3)} %`,
        remarks.join("; "),
      ];
    });
    return `${title}\n\n${table(
      ["router", ...sizes.map((size) => `${size}`), "other route", "remark"],
      lines,
    )}`;
  });
}

function titleOf({ table: kind, stream, runtime }: MatchRow): string {
  return `ns a match: table \`${kind}\`, stream \`${stream}\`, ${runtime}`;
}

function sizeTable(sizes: RoutingFigures["sizes"]): string {
  const all = [...new Set(Object.values(sizes).flatMap((bySize) => [...bySize.keys()]))];
  return table(
    ["runtime", ...all.map(String)],
    Object.entries(sizes).map(([runtime, bySize]) => [
      runtime,
      ...all.map((size) => round(bySize.get(size) ?? Number.NaN, 0)),
    ]),
  );
}

function openingTable(openings: RoutingFigures["openings"]): string {
  return table(
    ["runtime", "index", "JSON.parse", "ratio", "index, first ever"],
    Object.entries(openings).map(([runtime, { indexMs, jsonMs, ratio, firstEverMs }]) => [
      runtime,
      round(indexMs, 3),
      round(jsonMs, 0),
      round(ratio, 5),
      round(firstEverMs, 2),
    ]),
  );
}
