import { systemClock } from "../../exporter/clock.ts";
import { createEtcd3Transport, type EtcdOptions } from "../../exporter/etcd/etcd3-transport.ts";
import type { Mirror } from "../../exporter/etcd/keyspace.ts";
import { createMirror, type MirrorTiming, type Trouble } from "../../exporter/etcd/mirror.ts";
import type { EtcdTransport } from "../../exporter/etcd/transport.ts";
import { type Consumer, consume, createWriter, violations, type Writer } from "./etcd-history.ts";
import { type EtcdCluster, until } from "./etcd-server.ts";
import { type Random, runSeed, seededRandom } from "./random.ts";
import { startTcpProxy, type TcpProxy } from "./tcp-proxy.ts";

let worlds = 0;

/** A mirror of a real etcd, behind proxies, with a writer that goes around them. */
export interface MirroredEtcd {
  /** Of its own for each, so that many may share one etcd. */
  readonly prefix: string;
  readonly mirror: Mirror;
  readonly consumer: Consumer;
  readonly writer: Writer;
  /** One for each member, in front of the mirror only. */
  readonly proxies: readonly TcpProxy[];
  /** Straight to etcd. */
  readonly direct: EtcdTransport;
  /** The mirror's own. */
  readonly transport: EtcdTransport;
  readonly troubles: readonly Trouble[];
  readonly random: Random;
  /** The first of `proxies`. */
  readonly proxy: TcpProxy;
  /** Waits until the mirror stands on a stream. */
  live(limitMs?: number): Promise<void>;
  /** Waits for the last write, stops, and gives what was lost, doubled or misordered. */
  verdict(): Promise<string[]>;
  stop(): Promise<void>;
}

export interface MirroredOptions {
  readonly timing?: Partial<MirrorTiming>;
  readonly mirror?: Omit<EtcdOptions, "endpoints">;
  /** For the writer, where it needs more than nothing to connect. */
  readonly direct?: Omit<EtcdOptions, "endpoints">;
  readonly beforeEach?: () => Promise<void>;
  /** Runs before the mirror starts. */
  /** Bends the mirror's transport, e.g. into one that loses an event. */
  readonly bend?: (transport: EtcdTransport) => EtcdTransport;
  /** Runs before the mirror starts. */
  readonly before?: (writer: Writer, prefix: string) => Promise<void>;
}

export async function startMirrored(
  cluster: EtcdCluster,
  options: MirroredOptions = {},
): Promise<MirroredEtcd> {
  const prefix = `/apisix-${++worlds}/`;
  const random = seededRandom(runSeed());
  console.log(`seed ${random.seed}`);
  const deps = { clock: systemClock, random: random.next };
  const open = (endpoints: readonly string[], more: Omit<EtcdOptions, "endpoints"> = {}) =>
    createEtcd3Transport({ endpoints, callTimeoutMs: 3000, ...more }, deps);

  const proxies = await Promise.all(cluster.members.map(({ port }) => startTcpProxy(port)));
  const scheme = cluster.endpoints[0]?.split(":")[0];
  const direct = open(cluster.endpoints, options.direct);
  const transport = open(
    proxies.map(({ port }) => `${scheme}://127.0.0.1:${port}`),
    options.mirror,
  );
  const troubles: Trouble[] = [];
  const writer = createWriter(direct, prefix, random);
  await options.before?.(writer, prefix);
  const mirror = createMirror({
    ...deps,
    transport: options.bend?.(transport) ?? transport,
    prefix,
    timing: options.timing ?? {},
    onTrouble: (trouble) => troubles.push(trouble),
  });
  const consumer = consume(mirror, options.beforeEach);
  const [proxy] = proxies;
  if (!proxy) throw new Error("a cluster without members");
  const live = (limitMs?: number) =>
    until(
      () => mirror.health().state === "live",
      () => `the mirror is live; it is ${JSON.stringify(mirror.health())}`,
      limitMs,
    );
  let isStopped = false;
  const stop = async () => {
    if (isStopped) return;
    isStopped = true;
    await consumer.stop();
    transport.close();
    direct.close();
    await Promise.all(proxies.map((proxy) => proxy.close()));
  };
  return {
    prefix,
    mirror,
    consumer,
    writer,
    proxies,
    direct,
    transport,
    troubles,
    random,
    proxy,
    live,
    stop,
    verdict: async () => {
      await consumer.caughtUp(writer, prefix);
      await stop();
      return violations(consumer.changes, writer.history, prefix);
    },
  };
}

export function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
