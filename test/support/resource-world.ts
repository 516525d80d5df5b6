import type { KeyspaceChange } from "../../exporter/etcd/keyspace.ts";
import { ResourceTable } from "../../exporter/resource-table.ts";

/** What a user puts into etcd: values by key below the prefix; `undefined` deletes. */
export type Puts = Readonly<Record<string, unknown>>;

const encoder = new TextEncoder();

/** A table of resources that is fed as by etcd, each put at a revision of its own. */
export class ResourceWorld {
  readonly table = new ResourceTable("/apisix");
  #revision = 0;

  /** Returns the keys that changed. */
  put(puts: Puts, cause: KeyspaceChange["cause"] = "watch"): ReadonlySet<string> {
    const entries = Object.entries(puts);
    const written = entries.filter(([, value]) => value !== undefined);
    return this.table.apply({
      cause,
      clusterId: "1",
      revision: this.#revision + written.length,
      puts: written.map(([key, value]) => ({
        key: `/apisix/${key}`,
        value: encoder.encode(JSON.stringify(value)),
        modRevision: ++this.#revision,
      })),
      deletes: entries.filter(([, value]) => value === undefined).map(([key]) => `/apisix/${key}`),
    });
  }
}

export const node = { type: "roundrobin", nodes: { "127.0.0.1:8080": 1 } };

export const routeTo = (uri: string, more: object = {}) => ({ uri, upstream: node, ...more });
