import { convertV4MiniflareOptions, Miniflare } from "miniflare";

/** One worker on workerd by Miniflare's API, outside `wrangler dev`: production-like, and far cheaper. */
export interface WorkerOptions {
  readonly name: string;
  /** The worker as one ES module. */
  readonly script: string;
  /** On 127.0.0.1; 0 picks a free one. */
  readonly port: number;
  /** Variables and secrets, as in wrangler.toml. */
  readonly bindings?: Readonly<Record<string, string>>;
  readonly r2?: LocalR2;
  /** Classes that the worker exports, by the binding through which it reaches their objects. */
  readonly durableObjects?: Readonly<Record<string, string>>;
  /** So many more isolates of the same worker, with the same R2 and Durable Objects. */
  readonly copies?: number;
  /** Other workers, each as one ES module, by the service binding through which this one reaches them. */
  readonly services?: Readonly<Record<string, string>>;
  /** The port of V8's inspector on 127.0.0.1; without it there is none. */
  readonly inspectorPort?: number;
}

export interface LocalR2 {
  readonly binding: string;
  readonly bucket: string;
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  /** The port of its S3 endpoint; 0 picks a free one. */
  readonly port: number;
  /** The folder that keeps the objects; without it they are gone when the process ends. */
  readonly persistTo?: string | undefined;
}

export interface RunningWorker {
  /** e.g. `http://127.0.0.1:9080`. */
  readonly url: string;
  /** Of the copies. */
  readonly copyUrls: readonly string[];
  /** R2's S3 endpoint, where the worker has R2. */
  readonly s3Endpoint: string;
  /** Fires the cron trigger once; settles when the run is over, with `ok` where it went well. */
  runCron(): Promise<string>;
  stop(): Promise<void>;
}

const COMPATIBILITY_DATE = "2026-10-23";
const COMPATIBILITY_FLAGS = ["enable_request_signal"];

export async function startWorker(options: WorkerOptions): Promise<RunningWorker> {
  const { name, r2, services = {} } = options;
  const copyNames = Array.from({ length: options.copies ?? 0 }, (_, i) => `${name}-${i + 1}`);
  const restoreSignals = keepSignals();
  const miniflare = new Miniflare(
    convertV4MiniflareOptions({
      host: "127.0.0.1",
      port: r2?.port ?? 0,
      cf: false,
      stripCfConnectingIp: false,
      ...(r2?.persistTo ? { resourcePersistencePath: r2.persistTo } : {}),
      ...(options.inspectorPort === undefined ? {} : { inspectorPort: options.inspectorPort }),
      workers: [
        isolateOf(options, name, options.port),
        ...copyNames.map((copy) => isolateOf(options, copy, 0)),
        ...Object.entries(services).map(([binding, contents]) => ({
          name: binding.toLowerCase(),
          modules: [{ type: "ESModule" as const, path: "worker.mjs", contents }],
          compatibilityDate: COMPATIBILITY_DATE,
        })),
      ],
    }),
  );
  const entry = await miniflare.ready;
  restoreSignals();
  const urlOf = async (worker: string) => (await miniflare.unsafeGetDirectURL(worker)).origin;
  return {
    url: await urlOf(name),
    copyUrls: await Promise.all(copyNames.map(urlOf)),
    s3Endpoint: `${entry.origin}/cdn-cgi/local/r2/s3`,
    runCron: async () => {
      const worker = await miniflare.getWorker(name);
      return (await worker.scheduled({ cron: "* * * * *" })).outcome;
    },
    stop: () => miniflare.dispose(),
  };
}

function isolateOf(options: WorkerOptions, name: string, port: number) {
  const { r2, services = {}, durableObjects = {} } = options;
  const serviceNames = Object.keys(services).map((binding) => [binding, binding.toLowerCase()]);
  const owner = name === options.name ? {} : { scriptName: options.name };
  const objects = Object.entries(durableObjects).map(([binding, className]) => [
    binding,
    { className, useSQLite: true, ...owner },
  ]);
  return {
    name,
    modules: [{ type: "ESModule" as const, path: "worker.mjs", contents: options.script }],
    compatibilityDate: COMPATIBILITY_DATE,
    compatibilityFlags: COMPATIBILITY_FLAGS,
    bindings: { ...options.bindings },
    serviceBindings: Object.fromEntries(serviceNames),
    durableObjects: Object.fromEntries(objects),
    ...(r2 ? { r2Buckets: { [r2.binding]: { id: r2.bucket, s3Credentials: r2 } } } : {}),
    unsafeDirectSockets: [{ host: "127.0.0.1", port, proxy: false }],
  };
}

/**
 * Miniflare ends the process at once on SIGINT and SIGTERM. Whoever starts a worker here has more to stop
 * than that, and stops it by `stop`; so its listeners are taken off again.
 */
function keepSignals(): () => void {
  const signals = ["SIGINT", "SIGTERM", "SIGHUP"] as const;
  const before = new Map(signals.map((signal) => [signal, new Set(process.listeners(signal))]));
  return () => {
    for (const signal of signals) {
      for (const listener of process.listeners(signal)) {
        if (!before.get(signal)?.has(listener)) process.off(signal, listener);
      }
    }
  };
}
