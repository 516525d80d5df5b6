import type { ConfigurationDeps } from "../../exporter/apply/stored-configuration.ts";
import { wantedResources } from "../../exporter/apply/wanted-resource.ts";
import { systemClock } from "../../exporter/clock.ts";
import { NO_CIPHER } from "../../exporter/encryption/field-cipher.ts";
import { createEtcd3Transport } from "../../exporter/etcd/etcd3-transport.ts";
import { keysUnder } from "../../exporter/etcd/key-bytes.ts";
import type { EtcdTransport } from "../../exporter/etcd/transport.ts";
import { readEntries } from "../../exporter/table/read-standalone.ts";

/** What the modules that write a whole configuration need, on the etcd at `endpoint`. */
export function openApplyWorld(endpoint: string) {
  const random = () => 0.5;
  const transport = createEtcd3Transport({ endpoints: [endpoint] }, { clock: systemClock, random });
  const deps: ConfigurationDeps & { readonly transport: EtcdTransport } = {
    transport,
    clock: systemClock,
    random,
    prefix: "/apisix",
    cipher: NO_CIPHER,
  };
  const keys = async (prefix = "/apisix/") => {
    const { kvs } = await transport.range(keysUnder(prefix));
    return new Map(kvs.map(({ key, value }) => [key, Buffer.from(value).toString("utf8")]));
  };
  return {
    deps,
    transport,
    keys,
    /** One resource, or any other key, as it is stored. */
    value: async (below: string) => {
      const text = (await keys(`/apisix/${below}`)).get(`/apisix/${below}`);
      return text === undefined ? undefined : (JSON.parse(text) as Record<string, unknown>);
    },
    put: async (below: string, value: object | string) => {
      const text = typeof value === "string" ? value : JSON.stringify(value);
      const success = [{ do: "put", key: `/apisix/${below}`, value: text }] as const;
      await transport.txn({ compare: [], success });
    },
    clear: async () => {
      const success = [
        { do: "delete", ...keysUnder("/apisix/") },
        { do: "delete", ...keysUnder("/snapgate/") },
      ] as const;
      await transport.txn({ compare: [], success });
    },
  };
}

export type ApplyWorld = ReturnType<typeof openApplyWorld>;

/** Lists of items as they are in a standalone file. */
export function wantedOf(lists: Readonly<Record<string, readonly object[]>>) {
  const { entries } = readEntries(JSON.stringify(lists), "json", {});
  return wantedResources(entries.values()).wanted;
}
