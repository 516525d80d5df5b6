import { bundleEdge } from "./bundle-edge.ts";
import { startWorker } from "./workerd.ts";

/** The edge worker with a local R2. `npm start`, the end-to-end tests and the benchmarks run this. */
export interface EdgeOptions {
  /** The gateway's port on 127.0.0.1; 0 picks a free one. */
  readonly port: number;
  /** The port of R2's S3 endpoint; 0 picks a free one. */
  readonly storePort: number;
  /** The worker's variables and secrets, as in wrangler.toml. */
  readonly bindings: Readonly<Record<string, string>>;
  /** The folder that keeps R2's objects; without it they are gone when the process ends. */
  readonly persistTo?: string;
  /** So many more isolates beside the first, which share its R2 and its Durable Objects. */
  readonly copies?: number;
  /** The worker as one ES module; bundled from its source where it is left out. */
  readonly script?: string;
}

export interface RunningEdge {
  /** e.g. `http://127.0.0.1:9080`. */
  readonly url: string;
  /** Of the other isolates. */
  readonly copyUrls: readonly string[];
  readonly store: LocalStore;
  /** Fires the cron trigger once; settles when the run is over, with `ok` where it went well. */
  runCron(): Promise<string>;
  stop(): Promise<void>;
}

/** R2 through its S3 endpoint: what the exporter's S3 settings take. */
export interface LocalStore {
  readonly endpoint: string;
  readonly bucket: string;
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
}

const BUCKET = "snapgate-snapshots";
const CREDENTIALS = { accessKeyId: "dev", secretAccessKey: "devsecret" };

export async function startEdge(options: EdgeOptions): Promise<RunningEdge> {
  const worker = await startWorker({
    name: "snapgate-edge",
    script: options.script ?? (await bundleEdge()),
    port: options.port,
    bindings: options.bindings,
    durableObjects: { RATE_LIMITS: "RateLimits" },
    copies: options.copies ?? 0,
    r2: {
      binding: "SNAPSHOTS",
      bucket: BUCKET,
      port: options.storePort,
      persistTo: options.persistTo,
      ...CREDENTIALS,
    },
  });
  return {
    url: worker.url,
    copyUrls: worker.copyUrls,
    store: { endpoint: worker.s3Endpoint, bucket: BUCKET, ...CREDENTIALS },
    runCron: worker.runCron,
    stop: worker.stop,
  };
}
