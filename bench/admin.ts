import { type Run, runWrites, type WayOfWriting } from "./admin/one-run.ts";
import { type PlannedWrite, WRITE_KINDS } from "./admin/write-plan.ts";
import { median, quantile, round, table } from "./support/figures.ts";
import type { Report } from "./support/report.ts";

const PER_SECOND = 200;
const SECONDS = Number(process.env.ADMIN_SECONDS ?? 60);
const FOLLOW_EVERY = 40;
const SEED = 20261126;
const LISTED = 5;

const WAYS = {
  admin: "Admin API",
  etcd3: "etcd3 put and delete",
} as const satisfies Readonly<Record<WayOfWriting, string>>;

const TITLE =
  `${PER_SECOND} writes/s for ${SECONDS} s, whether or not they are answered, over 3,000 routes; the exporter ` +
  "publishes every second, the edge looks every second";

/**
 * Writes at a fixed rate through the Admin API while the exporter publishes, and the same ones straight
 * into etcd in its place: what is lost, how long it takes, what it costs.
 */
export async function admin(say: (line: string) => void): Promise<Report> {
  if (!(SECONDS >= 1)) throw new Error("ADMIN_SECONDS: want a number of seconds from 1");
  const found: Partial<Record<WayOfWriting, WayFigures>> = {};
  for (const way of ["admin", "etcd3"] as const) {
    const options = { perSecond: PER_SECOND, seconds: SECONDS, seed: SEED };
    const run = await runWrites(way, { ...options, followEvery: FOLLOW_EVERY });
    const figures = figuresOf(run);
    found[way] = figures;
    const { failed, wrong, write_p50_ms } = figures;
    say(`${WAYS[way]}: ${failed} failed, ${wrong} wrong, a write's p50 ${write_p50_ms} ms`);
    for (const line of complaints(run)) say(`  ${line}`);
  }
  return { text: `${TITLE}\n\n${text(found)}`, figures: { ...found } };
}

type WayFigures = ReturnType<typeof figuresOf>;

function figuresOf(run: Run) {
  const { sustained, exporter, etcd, workerd, client } = run;
  const { outcomes, seconds } = sustained;
  const served = run.served.filter((ms) => ms !== undefined);
  return {
    writes: outcomes.length,
    kinds: Object.fromEntries(WRITE_KINDS.map((kind) => [kind, ofKind(run, kind).length])),
    achieved_per_second: round(outcomes.length / seconds, 1),
    failed: outcomes.filter(({ error }) => error !== undefined).length,
    /** What etcd and the edge held otherwise than the last write of every key said. */
    wrong: run.wrong.length,
    edge_asked: run.edgeAsked,
    waited_for_key: sustained.waited,
    ...latencies("write", outcomes),
    ...latencies("patch", ofKind(run, "patch")),
    write_p50_ms_by_sixth: bySixth(outcomes),
    write_max_ms: round(Math.max(...outcomes.map(({ latencyMs }) => latencyMs)), 1),
    served_p50_ms: round(median(served), 0),
    served_p99_ms: round(quantile(served, 0.99), 0),
    served_samples: served.length,
    served_overtaken: run.served.length - served.length,
    last_live_ms: round(run.lastLiveMs, 0),
    last_served_ms: round(run.lastServedMs, 0),
    generations: run.published.generations,
    publish_failures: run.published.failures,
    exporter_cpu: round(exporter.cpuShare),
    exporter_cpu_wait: round(exporter.waitShare),
    exporter_mb_course: exporter.courseMb.map((mb) => round(mb, 0)),
    exporter_peak_mb: round(exporter.peakMb, 0),
    etcd_cpu: round(etcd.cpuShare),
    etcd_after_mb: round(etcd.afterMb, 0),
    workerd_cpu: round(workerd.cpuShare),
    client_cpu: round(client.cpuShare),
  };
}

function ofKind(run: Run, kind: PlannedWrite["kind"]) {
  return run.sustained.outcomes.filter(({ write }) => write.kind === kind);
}

function latencies<Name extends string>(
  name: Name,
  outcomes: readonly { readonly latencyMs: number }[],
) {
  const all = outcomes.map(({ latencyMs }) => latencyMs);
  return {
    [`${name}_p50_ms`]: round(median(all), 1),
    [`${name}_p99_ms`]: round(quantile(all, 0.99), 1),
  } as Record<`${Name}_p50_ms` | `${Name}_p99_ms`, number>;
}

/** Medians of six parts of the run, one after the other: a growth would show. */
function bySixth(outcomes: readonly { readonly latencyMs: number }[]): readonly number[] {
  const size = Math.ceil(outcomes.length / 6);
  return Array.from({ length: 6 }, (_, i) => {
    const part = outcomes.slice(i * size, (i + 1) * size);
    return round(median(part.map(({ latencyMs }) => latencyMs)), 1);
  });
}

function complaints({ sustained, wrong }: Run): readonly string[] {
  const errors = sustained.outcomes.flatMap(({ error }) => error ?? []);
  return [...errors.slice(0, LISTED), ...wrong.slice(0, LISTED)];
}

type Row = readonly [what: string, cell: (figures: WayFigures) => string | number];

const ROWS: readonly Row[] = [
  ["writes, achieved per second", (f) => `${f.writes}, ${f.achieved_per_second}`],
  ["failed", (f) => f.failed],
  ["lost or wrong, in etcd or at the edge", (f) => `${f.wrong} (${f.edge_asked} paths asked)`],
  [
    "a write, p50 ms (p99, most)",
    (f) => `${f.write_p50_ms} (${f.write_p99_ms}, ${f.write_max_ms})`,
  ],
  ["a write, p50 ms of each sixth", (f) => f.write_p50_ms_by_sixth.join(", ")],
  ["a PATCH, p50 ms (p99)", (f) => `${f.patch_p50_ms} (${f.patch_p99_ms})`],
  ["write to served, p50 ms (p99)", (f) => `${f.served_p50_ms} (${f.served_p99_ms})`],
  ["last answer to live, ms", (f) => f.last_live_ms],
  ["last answer to served, ms", (f) => f.last_served_ms],
  ["generations published (failures)", (f) => `${f.generations} (${f.publish_failures})`],
  [
    "exporter, CPU of one core (ready, but without)",
    (f) => `${f.exporter_cpu} (${f.exporter_cpu_wait})`,
  ],
  ["exporter, MB by sixths", (f) => f.exporter_mb_course.join(", ")],
  ["exporter, MB at most", (f) => f.exporter_peak_mb],
  ["etcd, CPU of one core", (f) => f.etcd_cpu],
  ["edge and store, CPU of one core", (f) => f.workerd_cpu],
  ["client, CPU of one core", (f) => f.client_cpu],
];

function text(found: Partial<Record<WayOfWriting, WayFigures>>): string {
  const { admin: ours, etcd3: floor } = found;
  if (!ours || !floor) throw new Error("a run is missing");
  const rows = ROWS.map(([what, cell]) => [what, cell(ours), cell(floor)]);
  return table(["", WAYS.admin, WAYS.etcd3], rows);
}
