import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type RunningEdge, startEdge } from "../../examples/quick-start/edge.ts";
import { startEtcd, writeToEtcd } from "../../examples/quick-start/etcd.ts";
import { startExporter } from "../../examples/quick-start/exporter.ts";
import { freePort } from "../../examples/quick-start/ports.ts";

/** etcd, object store, exporter and edge on free ports of this machine. */
export interface Stack {
  readonly edge: RunningEdge;
  /** Writes one resource, e.g. `routes/1`. */
  put(key: string, value: object): Promise<void>;
  /** Waits until the gateway answers `path` with a status below 400. Milliseconds since the call. */
  served(path: string): Promise<number>;
  stop(): Promise<void>;
}

export async function startStack(
  edgeSettings: Readonly<Record<string, string>>,
  exporterSettings: Readonly<Record<string, string>> = {},
): Promise<Stack> {
  const folder = mkdtempSync(join(tmpdir(), "snapgate-bench-"));
  const port = await freePort();
  const etcd = await startEtcd({ endpoints: undefined, port, folder, embedded: false });
  const bindings = { SNAPGATE_NAMESPACE: "default", ...edgeSettings };
  const edge = await startEdge({ port: 0, storePort: 0, bindings });
  const settings = {
    ETCD_ENDPOINTS: etcd.endpoint,
    STORE: "s3",
    S3_ENDPOINT: edge.store.endpoint,
    S3_BUCKET: edge.store.bucket,
    S3_ACCESS_KEY_ID: edge.store.accessKeyId,
    S3_SECRET_ACCESS_KEY: edge.store.secretAccessKey,
    S3_PATH_STYLE: "true",
    LOG_LEVEL: "error",
    ...exporterSettings,
  };
  const exporter = startExporter(settings, await freePort());
  return {
    edge,
    put: (key, value) =>
      writeToEtcd(etcd.endpoint, new Map([[`/apisix/${key}`, JSON.stringify(value)]])),
    served: (path) => served(`${edge.url}${path}`),
    stop: async () => {
      await exporter.stop();
      await edge.stop();
      await etcd.stop();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

const SERVED_WITHIN_MS = 60_000;

async function served(url: string): Promise<number> {
  const started = performance.now();
  while (performance.now() - started < SERVED_WITHIN_MS) {
    const status = await fetch(url).then(
      (response) => response.text().then(() => response.status),
      () => 599,
    );
    if (status < 400) return performance.now() - started;
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  throw new Error(`${url} was not served within ${SERVED_WITHIN_MS / 1000} s`);
}
