import type { MirrorHealth } from "../etcd/keyspace.ts";
import type { ResourceTable } from "../resource-table.ts";
import type { ExporterState } from "../status.ts";

/** What the exporter knows of the configuration without asking etcd. It may be late, and says how late. */
export interface ConfigurationView {
  /** Undefined while it cannot be relied on: etcd has not been read yet, or the watch is down. */
  revision(): number | undefined;
  /** Keys below the prefix of whatever refers to `key`, likewise below the prefix. */
  usersOf(key: string): Iterable<string>;
  /** Keys below the prefix of the consumers and credentials with this identity. */
  holdersOf(identity: string): Iterable<string>;
}

/** The exporter's own table, which every replica keeps. */
export function viewOfExporter(exporter: {
  readonly table: ResourceTable;
  readonly state: ExporterState;
  health(): MirrorHealth;
}): ConfigurationView {
  const { table, state } = exporter;
  return {
    revision: () => {
      const isCurrent = state.hasBase && exporter.health().state === "live";
      return isCurrent ? state.tableRevision : undefined;
    },
    usersOf: (key) => table.referrersTo(key),
    holdersOf: (identity) => table.holdersOf(identity),
  };
}
