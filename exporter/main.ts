import { hostname } from "node:os";
import { viewOfExporter } from "./admin/configuration-view.ts";
import { startAdmin } from "./admin/start-admin.ts";
import { monotonicNow, systemClock } from "./clock.ts";
import type { Config } from "./config.ts";
import { openDns } from "./discovery/open-dns.ts";
import { cipherOf } from "./encryption/cipher-of.ts";
import { createElection } from "./etcd/election.ts";
import { createEtcd3Transport } from "./etcd/etcd3-transport.ts";
import { createMirror } from "./etcd/mirror.ts";
import { Exporter } from "./exporter.ts";
import { createSocketProber } from "./health/socket-prober.ts";
import { createStatusApp, type Listening, listen } from "./http-server.ts";
import { createLog, errorText, type Log } from "./log.ts";
import type { PublishAnswer } from "./publishing.ts";
import { initialState } from "./status.ts";
import { openStore } from "./store/open-store.ts";
import { RETRY_DEFAULTS } from "./store/retrying-store.ts";

/**
 * The exporter as a program. etcd's keys come in through the mirror, the table validates them, the
 * compiler makes chunks, the publisher moves the pointer: exporter.ts joins them, this file gives them
 * the world.
 */

const random = Math.random;
const clock = systemClock;

/** Watches and publishes until `signal` aborts; a publish under way then is finished. */
export async function runExporter(config: Config, signal: AbortSignal): Promise<void> {
  const world = openWorld(config, signal);
  const app = createStatusApp(() => world.exporter.sources(), clock);
  const listening: Listening[] = [];
  try {
    listening.push(await listen(app, config.statusListen, { setting: "STATUS_LISTEN" }));
    if (config.admin) listening.push(await startAdmin(config.admin, world));
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
  const world = openWorld({ ...config, election: undefined }, signal);
  try {
    return await world.exporter.publishOnce(signal, options);
  } finally {
    world.close();
  }
}

/** Aborts on the first SIGTERM or SIGINT; the second ends the process at once. */
export function stopSignal(): AbortSignal {
  const controller = new AbortController();
  for (const name of ["SIGTERM", "SIGINT"] as const) {
    process.on(name, () => {
      if (controller.signal.aborted) process.exit(130);
      controller.abort();
    });
  }
  return controller.signal;
}

/** Who moves the pointer, for a person who reads it. */
export function publisherName(what: string): string {
  return `${what} on ${hostname()}, process ${process.pid}`;
}

export function createProcessLog(config: Pick<Config, "log">): Log {
  return createLog(config.log, process.stderr);
}

function openWorld(config: Config, signal: AbortSignal) {
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
  const transport = createEtcd3Transport(config.etcd, { clock, random });
  const mirror = createMirror({
    transport,
    clock,
    random,
    prefix: `${config.prefix}/`,
    timing: { auditEveryMs: config.auditIntervalMs },
    onTrouble: ({ kind, error }) =>
      log.warn("trouble with etcd", { kind, error: errorText(error) }),
  });
  const by = publisherName("snapgate export");
  const campaign =
    config.election &&
    createElection({
      transport,
      clock,
      monotonicNow,
      random,
      by,
      namespace: config.namespace,
      ttlSeconds: config.election.ttlSeconds,
      onTrouble: (error) => log.warn("trouble with the election", { error: errorText(error) }),
    });
  const health = { checks: config.healthChecks, probe: createSocketProber({ clock }) };
  const cipher = cipherOf(config.keyring, log);
  const dns = { find: openDns(config.dns, clock), timing: config.dns.timing };
  const { prefix, reach } = config;
  const world = { clock, random, log, by, state, cipher };
  const ours = { config, store, mirror, campaign, dns, reach, health };
  const exporter = new Exporter({ ...ours, ...world });
  const close = () => transport.close();
  return { ...world, transport, prefix, view: viewOfExporter(exporter), exporter, close };
}
