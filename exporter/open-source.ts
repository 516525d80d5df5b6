import { monotonicNow } from "./clock.ts";
import type { Config } from "./config.ts";
import { type Campaign, createElection } from "./etcd/election.ts";
import { createEtcd3Transport } from "./etcd/etcd3-transport.ts";
import type { Mirror } from "./etcd/keyspace.ts";
import { createMirror } from "./etcd/mirror.ts";
import type { EtcdTransport } from "./etcd/transport.ts";
import { type FileReport, FileSource, type FileSourceDeps } from "./file/file-source.ts";
import { errorText } from "./log.ts";
import { publishedSource } from "./publish/read-generation.ts";
import type { ObjectStore } from "./store/object-store.ts";
import type { PlaceOf } from "./validate.ts";

/** Where the configuration comes from: etcd, or a file in its place. */
export interface Source {
  readonly mirror: Mirror;
  /** Absent: there is only one exporter. */
  readonly campaign: Campaign | undefined;
  /** Where it is etcd. */
  readonly transport?: EtcdTransport;
  readonly file?: { readonly report: () => FileReport; readonly placeOf: PlaceOf };
  close(): void;
}

export interface SourceDeps extends Pick<FileSourceDeps, "clock" | "random" | "log" | "patience"> {
  readonly store: ObjectStore;
  /** Who would lead, for a person. */
  readonly by: string;
}

export function openSource(config: Config, deps: SourceDeps): Source {
  return config.file ? openFile(config.file, deps) : openEtcd(config, deps);
}

function openFile(file: NonNullable<Config["file"]>, deps: SourceDeps): Source {
  const { log, store } = deps;
  if (file.ignored.length > 0) {
    log.warn("without etcd these settings do nothing", { settings: file.ignored });
  }
  const publishedRevision = async (clusterId: string) => {
    const source = await publishedSource(store);
    return source?.clusterId === clusterId ? source.revision : 0;
  };
  const source = new FileSource({
    ...deps,
    file,
    environment: file.environment,
    publishedRevision,
  });
  return {
    mirror: source,
    campaign: undefined,
    file: { report: () => source.report(), placeOf: (key) => source.placeOf(key) },
    close: () => {},
  };
}

function openEtcd(config: Config, { clock, random, log, by }: SourceDeps): Source {
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
  return { mirror, campaign, transport, close: () => transport.close() };
}
