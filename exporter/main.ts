import { viewOfExporter } from "./admin/configuration-view.ts";
import { startAdmin } from "./admin/start-admin.ts";
import { systemClock } from "./clock.ts";
import type { Config } from "./config.ts";
import { openDns } from "./discovery/open-dns.ts";
import { createEdgeMetricsApp } from "./edge-metrics-app.ts";
import { cipherOf } from "./encryption/cipher-of.ts";
import { Exporter } from "./exporter.ts";
import type { FileSourceDeps } from "./file/file-source.ts";
import { createSocketProber } from "./health/socket-prober.ts";
import { createStatusApp, type Listening, listen } from "./http-server.ts";
import { createLog, errorText, type Log } from "./log.ts";
import { openSource } from "./open-source.ts";
import { publisherName } from "./process.ts";
import type { PublishAnswer } from "./publishing.ts";
import { initialState } from "./status.ts";
import { openStore } from "./store/open-store.ts";
import { RETRY_DEFAULTS } from "./store/retrying-store.ts";

/**
 * The exporter as a program. Keys come in from etcd, or from a file in its place, the table validates them, the
 * compiler makes chunks, the publisher moves the pointer: exporter.ts joins them, this file gives them
 * the world.
 */

const random = Math.random;
const clock = systemClock;

/** Watches and publishes until `signal` aborts; a publish under way then is finished. */
export async function runExporter(config: Config, signal: AbortSignal): Promise<void> {
  const world = openWorld(config, signal, "forever");
  const app = createStatusApp(() => world.exporter.sources(), clock);
  const { edgeMetricsToken } = config;
  if (edgeMetricsToken) app.route("/edge-metrics", createEdgeMetricsApp(edgeMetricsToken));
  const listening: Listening[] = [];
  try {
    listening.push(await listen(app, config.statusListen, { setting: "STATUS_LISTEN" }));
    if (config.admin && world.admin) {
      listening.push(await startAdmin(config.admin, world.admin));
    }
    const { namespace, statusListen: status } = config;
    world.log.info("exporter started", { status, namespace });
    await world.exporter.run(signal);
  } finally {
    await Promise.all(listening.map((each) => each.close()));
    world.close();
  }
  world.log.info("exporter stopped");
}

/** Reads etcd once, publishes once. `force` lets a publish through that the loss guard holds. */
export async function publishOnce(
  config: Config,
  signal: AbortSignal,
  options: { readonly force?: boolean } = {},
): Promise<PublishAnswer | undefined> {
  // Beside a running leader: no election, and the pointer keeps the leader's fence.
  const world = openWorld({ ...config, election: undefined }, signal, "never");
  try {
    return await world.exporter.publishOnce(signal, options);
  } finally {
    world.close();
  }
}

export function createProcessLog(config: Pick<Config, "log">): Log {
  return createLog(config.log, process.stderr);
}

function openWorld(config: Config, signal: AbortSignal, patience: FileSourceDeps["patience"]) {
  const log = createProcessLog(config);
  const state = initialState();
  const store = openStore(config.store, {
    ...RETRY_DEFAULTS,
    clock,
    random,
    signal,
    onRetry: (error, attempt) => {
      state.storeRetries += 1;
      state.storeError = { at: clock.now(), message: errorText(error) };
      log.warn("the store failed; trying again", { error: errorText(error), attempt });
    },
  });
  const by = publisherName("snapgate export");
  const source = openSource(config, { store, clock, random, log, by, patience });
  const health = { checks: config.healthChecks, probe: createSocketProber({ clock }) };
  const cipher = cipherOf(config.keyring, log);
  const dns = { find: openDns(config.dns, clock), timing: config.dns.timing };
  const { reach } = config;
  const world = { clock, random, log, cipher };
  const ours = { config, store, dns, reach, health, by, state };
  const exporter = new Exporter({ ...ours, ...world, ...source });
  const close = () => source.close();
  const admin = source.transport && {
    transport: source.transport,
    prefix: config.prefix,
    ...world,
    view: viewOfExporter(exporter),
  };
  return { exporter, log, admin, close };
}
