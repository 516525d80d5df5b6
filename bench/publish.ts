import { execFile } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { startEtcd } from "../examples/quick-start/etcd.ts";
import { freePort } from "../examples/quick-start/ports.ts";
import type { PublishedChange } from "./publish/one-size.ts";
import { measureProcess, type RealPublishes } from "./publish/real-process.ts";
import { CHANGE_KINDS } from "./publish/single-changes.ts";
import type { TableKind } from "./routing/route-table.ts";
import { median, round, table } from "./support/figures.ts";
import { requireCommands } from "./support/processes.ts";
import type { Report } from "./support/report.ts";

const SIZES = { "1k": 1_000, "100k": 100_000, "1m": 1_000_000 } as const;
type Size = keyof typeof SIZES;
/** `PUBLISH_LARGEST=100000` leaves out what takes the longest. */
const LARGEST = Number(process.env.PUBLISH_LARGEST ?? SIZES["1m"]);
const SIZE_NAMES = (Object.keys(SIZES) as Size[]).filter((name) => SIZES[name] <= LARGEST);
const TABLES: readonly TableKind[] = ["tenants", "parameters"];
const CHANGES_OF_EACH_KIND = 100;
const ONE_SIZE = fileURLToPath(new URL("./publish/one-size.ts", import.meta.url));

/** What publishing one changed route costs, by the size of the table. */
export async function publish(say: (line: string) => void): Promise<Report> {
  requireCommands({ etcd: "etcd-server" });
  const costs: CostOfKind[] = [];
  for (const name of SIZE_NAMES) {
    for (const kind of TABLES) {
      costs.push(...costsOf(kind, name, await runOneSize(kind, SIZES[name])));
      say(`publish, ${name} routes, ${kind}: ${costs.at(-1)?.cpu_ms.median} ms of CPU`);
    }
  }
  const real = await measureProcesses(say);
  return {
    text: [headlineText(costs), changesText(costs), processText(real)].join("\n\n"),
    figures: { ...headline(costs), single_changes: costs, exporter_process: real },
  };
}

interface CostOfKind {
  readonly size: Size;
  readonly table: TableKind;
  readonly change: PublishedChange["kind"] | "all" | "one host";
  readonly bytes: { readonly median: number; readonly worst: number };
  readonly objects: { readonly median: number; readonly worst: number };
  readonly cpu_ms: { readonly median: number; readonly mean: number; readonly worst: number };
}

/** The costs of every kind of change, then of all of routes with at most one host, then of all. */
function costsOf(kind: TableKind, size: Size, changes: readonly PublishedChange[]): CostOfKind[] {
  return [...CHANGE_KINDS, "one host" as const, "all" as const].map((change) => {
    const own = changes.filter((one) => isOf(one, change));
    const bytes = own.map((one) => one.bytes);
    const objects = own.map((one) => one.objects);
    const cpu = own.map((one) => one.cpuMs);
    const mean = cpu.reduce((sum, ms) => sum + ms, 0) / cpu.length;
    return {
      size,
      table: kind,
      change,
      bytes: { median: median(bytes), worst: Math.max(...bytes) },
      objects: { median: median(objects), worst: Math.max(...objects) },
      cpu_ms: {
        median: round(median(cpu)),
        mean: round(mean),
        worst: round(Math.max(...cpu)),
      },
    };
  });
}

function isOf({ kind, hosts }: PublishedChange, change: CostOfKind["change"]): boolean {
  if (change === "one host") return hosts <= 1;
  return change === "all" || kind === change;
}

async function runOneSize(kind: TableKind, size: number): Promise<readonly PublishedChange[]> {
  const args = [ONE_SIZE, kind, String(size), String(CHANGES_OF_EACH_KIND)];
  const { stdout } = await promisify(execFile)(process.execPath, args, { maxBuffer: 1 << 26 });
  return JSON.parse(stdout) as PublishedChange[];
}

async function measureProcesses(say: (line: string) => void) {
  const folder = mkdtempSync(join(tmpdir(), "snapgate-bench-"));
  const port = await freePort();
  const etcd = await startEtcd({ endpoints: undefined, port, folder, embedded: false });
  const found: Partial<Record<Size, RealPublishes>> = {};
  try {
    for (const name of SIZE_NAMES) {
      found[name] = await measureProcess(etcd.endpoint, folder, SIZES[name], 40);
      say(`publish, ${name} routes, real process: ${round(found[name].ms.median)} ms`);
    }
  } finally {
    await etcd.stop();
    rmSync(folder, { recursive: true, force: true });
  }
  return found as Record<Size, RealPublishes>;
}

/** The kind of change and of table that costs most, by its median; and the worst single change of all. */
function headline(costs: readonly CostOfKind[]) {
  const bySize = (read: (own: readonly CostOfKind[]) => number) =>
    Object.fromEntries(
      SIZE_NAMES.map((size) => [size, read(costs.filter((cost) => cost.size === size))]),
    );
  const most = (read: (cost: CostOfKind) => number) => (own: readonly CostOfKind[]) =>
    Math.max(...own.map(read));
  const ofOneHost = (own: readonly CostOfKind[]) =>
    own.filter(({ change }) => change === "one host");
  const worstBytes = most(({ bytes }) => bytes.worst);
  const worstObjects = most(({ objects }) => objects.worst);
  return {
    publish_bytes: bySize(most(({ bytes }) => bytes.median)),
    publish_objects: bySize(most(({ objects }) => objects.median)),
    publish_cpu_ratio: bySize(most((cost) => cpuRatio(cost, costs, "median"))),
    publish_cpu_ratio_mean: bySize(most((cost) => cpuRatio(cost, costs, "mean"))),
    publish_bytes_worst_one_host: bySize((own) => worstBytes(ofOneHost(own))),
    publish_objects_worst_one_host: bySize((own) => worstObjects(ofOneHost(own))),
    publish_bytes_worst: bySize(worstBytes),
    publish_objects_worst: bySize(worstObjects),
  };
}

/** To the same kind of change of the same kind of table at 1k. */
function cpuRatio(cost: CostOfKind, costs: readonly CostOfKind[], of: "median" | "mean"): number {
  const small = costs.find(
    ({ size, table, change }) =>
      size === SIZE_NAMES[0] && table === cost.table && change === cost.change,
  );
  return round(cost.cpu_ms[of] / (small?.cpu_ms[of] as number));
}

function headlineText(costs: readonly CostOfKind[]): string {
  const rows = Object.entries(headline(costs)).map(([name, bySize]) => [
    name,
    ...SIZE_NAMES.map((size) => bySize[size]),
  ]);
  return table(["", ...SIZE_NAMES], rows);
}

function changesText(costs: readonly CostOfKind[]): string {
  const rows = costs.map(({ size, table: kind, change, bytes, objects, cpu_ms }) => [
    kind,
    size,
    change,
    `${kilobytes(bytes.median)} (${kilobytes(bytes.worst)})`,
    `${objects.median} (${objects.worst})`,
    `${cpu_ms.median} (${cpu_ms.mean}, ${cpu_ms.worst})`,
  ]);
  const head = [
    "table",
    "routes",
    "change",
    "KB (worst)",
    "objects (worst)",
    "CPU ms (mean, worst)",
  ];
  return table(head, rows);
}

function processText(real: Readonly<Record<Size, RealPublishes>>): string {
  const rows = SIZE_NAMES.map((size) => {
    const { ms, bytes, objects, meanCpuMs, memoryMb, peakMb } = real[size];
    return [
      size,
      `${round(ms.median, 1)} (${round(ms.p99, 1)})`,
      kilobytes(bytes.median),
      objects.median,
      round(meanCpuMs, 1),
      round(memoryMb, 0),
      round(peakMb, 0),
    ];
  });
  const head = [
    "routes",
    "put to pointer ms (p99)",
    "KB",
    "objects",
    "mean CPU ms",
    "MB",
    "peak MB",
  ];
  return table(head, rows);
}

function kilobytes(bytes: number): number {
  return round(bytes / 1024, 0);
}
