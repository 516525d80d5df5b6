import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Etcd3 } from "etcd3";
import { type RunningEdge, startEdge } from "../../examples/quick-start/edge.ts";
import { type RunningEtcd, startEtcd } from "../../examples/quick-start/etcd.ts";
import { type RunningExporter, startExporter } from "../../examples/quick-start/exporter.ts";
import { freePort } from "../../examples/quick-start/ports.ts";

/** etcd, object store, exporter and edge as processes of their own, on free ports of this machine. */
export interface Stack {
  readonly edge: RunningEdge;
  readonly etcd: RunningEtcd;
  readonly statusUrl: string;
  /** Writes one resource by its key below the prefix, e.g. `routes/1`; a string is written as it is. */
  put(key: string, value: object | string): Promise<void>;
  delete(key: string): Promise<void>;
  /** The gateway's answer. */
  get(path: string, init?: RequestInit): Promise<Response>;
  /** Waits until the gateway answers `path` with `status` (default 200). Milliseconds since the call. */
  served(path: string, status?: number): Promise<number>;
  /** The exporter's /status. */
  status(): Promise<Record<string, unknown>>;
  /** The edge's status endpoint. */
  edgeStatus(): Promise<Record<string, unknown>>;
  killEtcd(): Promise<void>;
  restartEtcd(): Promise<void>;
  killExporter(): Promise<void>;
  /** Starts the exporter (again), with `settings` over those of the stack. */
  startExporter(settings?: Readonly<Record<string, string>>): RunningExporter;
  stop(): Promise<void>;
}

export interface StackOptions {
  readonly edge?: Readonly<Record<string, string>>;
  readonly exporter?: Readonly<Record<string, string>>;
  /** So many more isolates of the edge: `stack.edge.copyUrls`. */
  readonly edgeCopies?: number;
  /** Take the embedded etcd although there is a real one. */
  readonly embeddedEtcd?: boolean;
  /** Leave the exporter to the caller. */
  readonly withoutExporter?: boolean;
}

const STATUS_TOKEN = "test-token";

export async function startStack(options: StackOptions = {}): Promise<Stack> {
  const folder = mkdtempSync(join(tmpdir(), "snapgate-stack-"));
  const etcdPort = await freePort();
  const choice = { endpoints: undefined, folder, port: etcdPort };
  const open = () => startEtcd({ ...choice, embedded: options.embeddedEtcd ?? false });
  let etcd = await open();
  const bindings = {
    SNAPGATE_NAMESPACE: "default",
    REFRESH_INTERVAL_MS: "0",
    STATUS_TOKEN,
    ...options.edge,
  };
  const copies = options.edgeCopies ?? 0;
  const edge = await startEdge({ port: 0, storePort: 0, bindings, copies });
  const statusPort = await freePort();
  let exporter: RunningExporter | undefined;
  const run = (settings: Readonly<Record<string, string>> = {}) => {
    const all = { ...exporterSettings(etcd, edge), ...options.exporter, ...settings };
    exporter = startExporter(all, statusPort);
    return exporter;
  };
  if (!options.withoutExporter) run();
  const client = new Etcd3({ hosts: etcd.endpoint });
  const key = (below: string) => `/apisix/${below}`;
  const text = (value: object | string) =>
    typeof value === "string" ? value : JSON.stringify(value);
  return {
    edge,
    get etcd() {
      return etcd;
    },
    statusUrl: `http://127.0.0.1:${statusPort}`,
    put: async (below, value) => void (await client.put(key(below)).value(text(value))),
    delete: async (below) => void (await client.delete().key(key(below))),
    get: (path, init) => fetch(`${edge.url}${path}`, init),
    served: (path, status = 200) => served(`${edge.url}${path}`, status),
    status: () => readJson(`http://127.0.0.1:${statusPort}/status`),
    edgeStatus: () =>
      readJson(`${edge.url}/snapgate/status`, { authorization: `Bearer ${STATUS_TOKEN}` }),
    killEtcd: () => kill(etcd.process),
    restartEtcd: async () => {
      etcd = await open();
    },
    killExporter: () => kill(exporter?.process),
    startExporter: run,
    stop: async () => {
      client.close();
      await exporter?.stop();
      await edge.stop();
      await etcd.stop();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** Runs `check` until it returns without throwing; throws its last error after `seconds`. */
export async function eventually<T>(check: () => Promise<T> | T, seconds = 20): Promise<T> {
  const deadline = performance.now() + seconds * 1000;
  for (;;) {
    try {
      return await check();
    } catch (error) {
      if (performance.now() > deadline) throw error;
      await new Promise((resolve) => setTimeout(resolve, 25));
    }
  }
}

function exporterSettings(etcd: RunningEtcd, edge: RunningEdge): Record<string, string> {
  return {
    ETCD_ENDPOINTS: etcd.endpoint,
    STORE: "s3",
    S3_ENDPOINT: edge.store.endpoint,
    S3_BUCKET: edge.store.bucket,
    S3_ACCESS_KEY_ID: edge.store.accessKeyId,
    S3_SECRET_ACCESS_KEY: edge.store.secretAccessKey,
    S3_PATH_STYLE: "true",
    PUBLISH_INTERVAL_MS: "0",
    LEADER_TTL_SECONDS: "2",
    LOG_LEVEL: "error",
  };
}

const SERVED_WITHIN_MS = 60_000;

async function served(url: string, wanted: number): Promise<number> {
  const started = performance.now();
  let last = 0;
  while (performance.now() - started < SERVED_WITHIN_MS) {
    last = await fetch(url).then(
      (response) => response.text().then(() => response.status),
      () => 0,
    );
    if (last === wanted) return performance.now() - started;
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  throw new Error(`${url}: ${last}, not ${wanted}, after ${SERVED_WITHIN_MS / 1000} s`);
}

async function readJson(
  url: string,
  headers: Record<string, string> = {},
): Promise<Record<string, unknown>> {
  const response = await fetch(url, { headers });
  if (!response.ok) throw new Error(`${url}: ${response.status} ${await response.text()}`);
  return (await response.json()) as Record<string, unknown>;
}

async function kill(process: RunningExporter["process"] | undefined): Promise<void> {
  if (!process || process.exitCode !== null || process.signalCode !== null) return;
  const ended = new Promise((resolve) => process.once("exit", resolve));
  process.kill("SIGKILL");
  await ended;
}
