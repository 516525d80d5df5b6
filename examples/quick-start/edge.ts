import { convertV4MiniflareOptions, Miniflare } from "miniflare";
import { bundleEdge } from "./bundle-edge.ts";

/**
 * The edge worker on workerd with a local R2, outside `wrangler dev` (which costs twelve times the CPU
 * per request). The same runner serves `npm start`, the end-to-end tests and the benchmarks.
 */
export interface EdgeOptions {
  /** The gateway's port on 127.0.0.1; 0 picks a free one. */
  readonly port: number;
  /** The port of R2's S3 endpoint; 0 picks a free one. */
  readonly storePort: number;
  /** The worker's variables and secrets, as in wrangler.toml. */
  readonly bindings: Readonly<Record<string, string>>;
  /** The folder that keeps R2's objects; without it they are gone when the process ends. */
  readonly persistTo?: string;
}

export interface RunningEdge {
  /** e.g. `http://127.0.0.1:9080`. */
  readonly url: string;
  readonly store: LocalStore;
  stop(): Promise<void>;
}

/** R2 through its S3 endpoint: what the exporter's S3 settings take. */
export interface LocalStore {
  readonly endpoint: string;
  readonly bucket: string;
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
}

const COMPATIBILITY_DATE = "2026-10-23";
const BUCKET = "snapgate-snapshots";
const CREDENTIALS = { accessKeyId: "dev", secretAccessKey: "devsecret" };

export async function startEdge(options: EdgeOptions): Promise<RunningEdge> {
  const script = await bundleEdge();
  const miniflare = new Miniflare(
    convertV4MiniflareOptions({
      host: "127.0.0.1",
      port: options.storePort,
      cf: false,
      stripCfConnectingIp: false,
      ...(options.persistTo ? { resourcePersistencePath: options.persistTo } : {}),
      workers: [
        {
          name: "snapgate-edge",
          modules: [{ type: "ESModule", path: "worker.mjs", contents: script }],
          compatibilityDate: COMPATIBILITY_DATE,
          bindings: { ...options.bindings },
          r2Buckets: { SNAPSHOTS: { id: BUCKET, s3Credentials: CREDENTIALS } },
          unsafeDirectSockets: [{ host: "127.0.0.1", port: options.port, proxy: false }],
        },
      ],
    }),
  );
  const entry = await miniflare.ready;
  const gateway = await miniflare.unsafeGetDirectURL("snapgate-edge");
  return {
    url: gateway.origin,
    store: {
      endpoint: `${entry.origin}/cdn-cgi/local/r2/s3`,
      bucket: BUCKET,
      ...CREDENTIALS,
    },
    stop: () => miniflare.dispose(),
  };
}
