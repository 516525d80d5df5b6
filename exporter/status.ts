import type { Hold, Pointer, SourcePosition } from "../shared/snapshot/format.ts";
import type { DiscoveryReport } from "./discovery/discovery.ts";
import type { MirrorHealth } from "./etcd/keyspace.ts";
import type { FileReport } from "./file/file-source.ts";
import { downNodes, type HealthState, initialHealthState } from "./health/health-state.ts";
import { liveRevision } from "./live-revision.ts";
import type { HeldLoss } from "./publish/loss-guard.ts";
import type { Rejection } from "./rejection.ts";
import type { FoundNotices } from "./table/find-notices.ts";

/** What `/status`, `/readyz` and `/metrics` are made from. Times in milliseconds since the epoch. */
export interface ExporterState {
  role: "starting" | "leader" | "follower";
  /** The base read has been taken in. */
  hasBase: boolean;
  /** The revision that the resource table stands at. */
  tableRevision: number;
  /** The newest revision whose content is live. */
  publishedRevision: number | undefined;
  /** Where the live generation comes from, whoever published it. */
  liveSource: SourcePosition | undefined;
  /** When the oldest change that is not live yet was taken in. */
  waitingSince: number | undefined;
  pointer: Pointer | undefined;
  hold: Hold | undefined;
  heldLoss: HeldLoss | undefined;
  lastPublish:
    | {
        readonly at: number;
        readonly generation: number;
        readonly ms: number;
        readonly objects: number;
        readonly bytes: number;
      }
    | undefined;
  /** The last publish that failed, until one succeeds. */
  publishError: { readonly at: number; readonly message: string } | undefined;
  /** The last fault of the object store, retried or not. */
  storeError: { readonly at: number; readonly message: string } | undefined;
  publishes: number;
  publishFailures: number;
  storeRetries: number;
  collected: { manifests: number; chunks: number };
  readonly health: HealthState;
}

export function initialState(): ExporterState {
  return {
    role: "starting",
    hasBase: false,
    tableRevision: 0,
    publishedRevision: undefined,
    liveSource: undefined,
    waitingSince: undefined,
    pointer: undefined,
    hold: undefined,
    heldLoss: undefined,
    lastPublish: undefined,
    publishError: undefined,
    storeError: undefined,
    publishes: 0,
    publishFailures: 0,
    storeRetries: 0,
    collected: { manifests: 0, chunks: 0 },
    health: initialHealthState(),
  };
}

/** What the state is read together with. */
export interface StatusSources {
  readonly state: ExporterState;
  readonly health: MirrorHealth;
  /** Where the configuration comes from a file; `health` then speaks of that. */
  readonly file?: FileReport | undefined;
  readonly rejections: readonly Rejection[];
  /** Looks for them; lists the first `most`. */
  readonly notices: (most: number) => FoundNotices;
  readonly counts: Readonly<Record<string, number>>;
  readonly discovery: DiscoveryReport;
  readonly now: number;
}

/** More would make the page useless to a person and slow to make; totals are always whole. */
const MOST_LISTED = 200;

/** The JSON of `/status`. Ages in seconds. */
export function statusReport(sources: StatusSources) {
  const { state, health, rejections, now, counts } = sources;
  const age = (at: number | undefined) => (at === undefined ? null : (now - at) / 1000);
  return {
    role: state.role,
    ready: isReady(sources),
    generation: state.pointer?.manifest.generation ?? null,
    publishedRevision: state.publishedRevision ?? null,
    liveRevision: liveRevision(sources) ?? null,
    lag: {
      revisions:
        state.publishedRevision === undefined
          ? null
          : state.tableRevision - state.publishedRevision,
      seconds: state.waitingSince === undefined ? 0 : age(state.waitingSince),
    },
    holds: { operator: state.hold ?? null, loss: state.heldLoss ?? null },
    etcd: sources.file ? null : etcdReport(health, age),
    file: sources.file ? fileReport(sources.file, health, age) : null,
    store: { lastError: dated(state.storeError), retries: state.storeRetries },
    publish: {
      last: state.lastPublish ? { ...state.lastPublish, at: iso(state.lastPublish.at) } : null,
      error: dated(state.publishError),
      count: state.publishes,
      failures: state.publishFailures,
    },
    healthChecks: healthReport(state.health),
    discovery: discoveryReport(sources),
    lastError: lastError(sources),
    resources: counts,
    rejections: { total: rejections.length, list: rejections.slice(0, MOST_LISTED) },
    notices: sources.notices(MOST_LISTED),
  };
}

type Age = (at: number | undefined) => number | null;

function etcdReport(health: MirrorHealth, age: Age) {
  return {
    state: health.state,
    clusterId: health.clusterId ?? null,
    revision: health.revision,
    keys: health.keys,
    lastProofAgeSeconds: age(health.lastProofAt),
    reconnects: health.reconnects,
    resyncs: health.resyncs,
    stalls: health.stalls,
    auditMismatches: health.auditMismatches,
    lastError: dated(health.lastError),
  };
}

function fileReport(file: FileReport, health: MirrorHealth, age: Age) {
  const { path, state, loadedAt, problems } = file;
  return {
    path,
    state,
    revision: health.revision,
    resources: health.keys,
    loadedAt: loadedAt === undefined ? null : iso(loadedAt),
    lastProofAgeSeconds: age(health.lastProofAt),
    problems: problems.slice(0, MOST_LISTED),
    lastError: dated(health.lastError),
  };
}

function healthReport(health: HealthState) {
  const { down, leftToEdge, lastWrite } = health;
  return {
    probing: health.isProbing,
    upstreams: health.upstreams,
    nodes: health.nodes,
    leftToEdge: leftToEdge.size,
    down: { total: downNodes(health), list: Object.fromEntries([...down].slice(0, MOST_LISTED)) },
    probes: health.probes,
    waiting: health.waiting,
    lastFault: dated(health.lastFault),
    overlay: {
      last: lastWrite ? { ...lastWrite, at: iso(lastWrite.at) } : null,
      error: dated(health.writeError),
      count: health.writes,
      failures: health.writeFailures,
      omitted: health.omitted,
    },
  };
}

/** Ready: etcd has been read, and what it holds is live, or waits for a person, or for the leader. */
export function isReady({ state }: Pick<StatusSources, "state">): boolean {
  if (!state.hasBase || state.role === "starting") return false;
  const isHeld = state.hold !== undefined || state.heldLoss !== undefined;
  return state.role === "follower" || state.publishedRevision !== undefined || isHeld;
}

/** Those that cannot be asked for come first: of very many the list shows but the first. */
function discoveryReport({ discovery, now }: StatusSources) {
  const { services, failures } = discovery;
  const list = services.map(({ service, nodes, answeredAt, error }) => ({
    service,
    nodes: nodes?.length ?? null,
    answerAgeSeconds: answeredAt === undefined ? null : (now - answeredAt) / 1000,
    error: error ?? null,
  }));
  list.sort((a, b) => Number(b.error !== null) - Number(a.error !== null));
  const failing = services.filter(({ error }) => error !== undefined).length;
  return { services: services.length, failing, failures, list: list.slice(0, MOST_LISTED) };
}

function lastError({ state, health }: StatusSources) {
  const errors = [health.lastError, state.publishError, state.storeError].filter(
    (error) => error !== undefined,
  );
  return dated(errors.sort((a, b) => b.at - a.at)[0]);
}

function dated(error: { readonly at: number; readonly message: string } | undefined) {
  return error ? { at: iso(error.at), message: error.message } : null;
}

function iso(at: number): string {
  return new Date(at).toISOString();
}
