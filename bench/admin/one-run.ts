import { setTimeout as sleep } from "node:timers/promises";
import type { RunningExporter } from "../../examples/quick-start/exporter.ts";
import { freePort } from "../../examples/quick-start/ports.ts";
import { startUpstreams } from "../../examples/quick-start/upstreams.ts";
import { type Stack, startStack } from "../../test/support/stack.ts";
import { writeKeys } from "../support/etcd-keys.ts";
import {
  childrenNamed,
  cpuSeconds,
  cpuWaitSeconds,
  memoryMb,
  peakMemoryMb,
} from "../support/processes.ts";
import { checkEtcd } from "./check-etcd.ts";
import { checkEdge, type EdgeCheck, SampledWrites, servedAt } from "./edge-probes.ts";
import { type Sustained, sustain } from "./sustained.ts";
import {
  INITIAL_TIME,
  type PlannedWrite,
  planWrites,
  SHARED_UPSTREAM,
  type WritePlan,
} from "./write-plan.ts";
import { adminWriter, etcdWriter, type Writer } from "./writers.ts";

export type WayOfWriting = "admin" | "etcd3";

export interface RunOptions {
  readonly perSecond: number;
  readonly seconds: number;
  readonly seed: number;
  /** One write in so many is followed to the edge. */
  readonly followEvery: number;
}

/** What a run of one way of writing came to. CPU is a share of one core while the writes went on. */
export interface Run {
  readonly sustained: Sustained;
  /** What etcd and the edge hold otherwise than they should. */
  readonly wrong: readonly string[];
  readonly edgeAsked: number;
  /** From due to served, in ms; undefined where the key's next write came before. */
  readonly served: readonly (number | undefined)[];
  readonly published: { readonly generations: number; readonly failures: number };
  /** From the last answer, in ms. */
  readonly lastLiveMs: number;
  readonly lastServedMs: number;
  readonly exporter: ProcessShare & ExporterMemory;
  readonly etcd: ProcessShare;
  /** The edge and the object store, which are one process here. */
  readonly workerd: ProcessShare;
  readonly client: ProcessShare;
}

interface ProcessShare {
  readonly cpuShare: number;
  /** How long it was ready to run and had no CPU, likewise of its threads together. */
  readonly waitShare: number;
  /** Resident after the last write. */
  readonly afterMb: number;
}

interface ExporterMemory {
  readonly peakMb: number;
  /** Resident before the first write, and after each sixth of the time. */
  readonly courseMb: readonly number[];
}

const KEY = "key-of-the-benchmark";
const INTERVAL_MS = "1000";
/** For what the start leaves behind, as the collection of its garbage. */
const SETTLE_MS = 3000;

/** A stack of its own, the writes, and then the look at what etcd and the edge make of them. */
export async function runWrites(way: WayOfWriting, options: RunOptions): Promise<Run> {
  const upstreams = await startUpstreams(["only"], 0);
  const adminPort = await freePort();
  const stack = await startStack({
    withoutExporter: true,
    edge: { REFRESH_INTERVAL_MS: INTERVAL_MS },
    exporter: {
      PUBLISH_INTERVAL_MS: INTERVAL_MS,
      ADMIN_LISTEN: `127.0.0.1:${adminPort}`,
      ADMIN_KEY: KEY,
    },
  });
  const writer =
    way === "admin"
      ? adminWriter(`http://127.0.0.1:${adminPort}/apisix/admin`, KEY)
      : etcdWriter(stack.etcd.endpoint);
  try {
    const [port = 0] = upstreams.ports;
    const plan = planWrites(options.perSecond * options.seconds, port, options.seed);
    await fill(stack, plan, port);
    return await measure({ stack, exporter: stack.startExporter(), writer, plan, way }, options);
  } finally {
    writer.close();
    await stack.stop();
    await upstreams.stop();
  }
}

interface Stand {
  readonly stack: Stack;
  readonly exporter: RunningExporter;
  readonly writer: Writer;
  readonly plan: WritePlan;
  readonly way: WayOfWriting;
}

async function measure(stand: Stand, { perSecond, followEvery }: RunOptions): Promise<Run> {
  const { stack, exporter, writer, plan, way } = stand;
  const [first] = plan.initial.values();
  await stack.served(String(first?.uri));
  await sleep(SETTLE_MS);
  const pids = {
    exporter: pidOf(exporter.process),
    etcd: pidOf(stack.etcd.process),
    workerd: pidOf({ pid: childrenNamed("workerd").at(-1) }),
    client: process.pid,
  };
  const before = { ...look(pids), ...(await publishes(stack)) };
  const samples = new SampledWrites(stack.edge.url, followEvery);
  const course = memoryCourse(pids.exporter, (plan.writes.length / perSecond / 6) * 1000);
  const sustained = await sustain(writer, plan.writes, perSecond, (write, dueAt) =>
    samples.note(write, dueAt),
  );
  const after = look(pids);
  const courseMb = course.end();
  const last = await whenLastWriteArrived(stack, sustained, plan.writes);
  const served = await samples.settled();
  const { count, failures } = await publishes(stack);
  const share = (one: keyof typeof pids) => ({
    cpuShare: (after[one].cpu - before[one].cpu) / sustained.seconds,
    waitShare: (after[one].wait - before[one].wait) / sustained.seconds,
    afterMb: after[one].mb,
  });
  const times = way === "admin" ? "kept" : "none";
  const inEtcd = await checkEtcd(stack.etcd.endpoint, plan, sustained.outcomes, times);
  const atEdge: EdgeCheck = await checkEdge(stack.edge.url, plan);
  return {
    sustained,
    wrong: [...inEtcd, ...atEdge.wrong, ...(await rejected(stack))],
    edgeAsked: atEdge.asked,
    served,
    published: { generations: count - before.count, failures: failures - before.failures },
    ...last,
    exporter: { ...share("exporter"), peakMb: peakMemoryMb(pids.exporter), courseMb },
    etcd: share("etcd"),
    workerd: share("workerd"),
    client: share("client"),
  };
}

/** What is in etcd before the exporter starts: the upstream that routes share, and the first routes. */
async function fill(stack: Stack, plan: WritePlan, upstreamPort: number): Promise<void> {
  const times = { create_time: INITIAL_TIME, update_time: INITIAL_TIME };
  const shared = { id: SHARED_UPSTREAM, type: "roundrobin", pass_host: "node" };
  const nodes = { [`127.0.0.1:${upstreamPort}`]: 1 };
  await stack.put(`upstreams/${SHARED_UPSTREAM}`, { ...shared, nodes, ...times });
  const routes = [...plan.initial].map(
    ([id, route]) => [`/apisix/routes/${id}`, JSON.stringify({ ...route, ...times })] as const,
  );
  await writeKeys(stack.etcd.endpoint, routes);
}

/** How long after the last answer the newest revision was live, and the edge answered by the last write. */
async function whenLastWriteArrived(
  { statusUrl, edge }: Stack,
  { outcomes, endedAt }: Sustained,
  writes: readonly PlannedWrite[],
): Promise<{ readonly lastLiveMs: number; readonly lastServedMs: number }> {
  const revision = Math.max(...outcomes.map((outcome) => outcome.revision ?? 0));
  const last = writes.at(-1);
  if (!last) throw new Error("there are no writes");
  const [liveAt, edgeAt] = await Promise.all([
    becomesLive(statusUrl, revision),
    servedAt(edge.url, last.probe),
  ]);
  return { lastLiveMs: liveAt - endedAt, lastServedMs: edgeAt - endedAt };
}

async function becomesLive(statusUrl: string, revision: number): Promise<number> {
  const answer = await fetch(`${statusUrl}/status?wait_for_revision=${revision}&timeout=60`);
  await answer.arrayBuffer();
  if (!answer.ok) throw new Error(`revision ${revision} is not live after 60 s: ${answer.status}`);
  return performance.now();
}

async function publishes(stack: Stack): Promise<{ count: number; failures: number }> {
  const { publish } = (await stack.status()) as {
    readonly publish: { readonly count: number; readonly failures: number };
  };
  return publish;
}

async function rejected(stack: Stack): Promise<readonly string[]> {
  const { rejections } = (await stack.status()) as {
    readonly rejections: { readonly total: number; readonly list: readonly unknown[] };
  };
  const { total, list } = rejections;
  return total === 0 ? [] : [`${total} keys are rejected, first ${JSON.stringify(list[0])}`];
}

function memoryCourse(pid: number, everyMs: number): { end(): readonly number[] } {
  const course = [memoryMb(pid)];
  const timer = setInterval(() => course.push(memoryMb(pid)), everyMs);
  return {
    end: () => {
      clearInterval(timer);
      return course;
    },
  };
}

interface Look {
  readonly cpu: number;
  readonly wait: number;
  readonly mb: number;
}

function look<Name extends string>(pids: Readonly<Record<Name, number>>): Record<Name, Look> {
  const found = Object.entries<number>(pids).map(([name, pid]) => {
    return [name, { cpu: cpuSeconds(pid), wait: cpuWaitSeconds(pid), mb: memoryMb(pid) }];
  });
  return Object.fromEntries(found) as Record<Name, Look>;
}

function pidOf(child: { readonly pid?: number | undefined } | undefined): number {
  if (child?.pid === undefined) throw new Error("a process has no pid: is an etcd on the PATH?");
  return child.pid;
}
