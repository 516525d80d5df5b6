import { describe, expect, it } from "vitest";
import { fieldCipher } from "../../../exporter/encryption/field-cipher.ts";
import { Keyring } from "../../../exporter/encryption/keyring.ts";
import { ResourceTable } from "../../../exporter/resource-table.ts";

let revision = 0;

/** Values by key below the prefix; undefined deletes. */
function apply(table: ResourceTable, writes: Readonly<Record<string, object | undefined>>): void {
  const entries = Object.entries(writes).map(([key, value]) => ({ key: `/apisix/${key}`, value }));
  const puts = entries.flatMap(({ key, value }) => {
    const bytes = new TextEncoder().encode(JSON.stringify(value));
    return value === undefined ? [] : [{ key, value: bytes, modRevision: ++revision }];
  });
  const deletes = entries.flatMap(({ key, value }) => (value === undefined ? [key] : []));
  table.apply({ cause: "watch", clusterId: "1", revision, puts, deletes });
}

describe("what the table knows for the Admin API", () => {
  it("is who refers to a key, by a field of its own or by a plugin", () => {
    const table = new ResourceTable("/apisix");
    const plugins = {
      "traffic-split": {
        rules: [{ weighted_upstreams: [{ upstream_id: 7 }, { weight: 1 }] }],
      },
    };
    const protocol = { name: "redis", superior_id: "y" };
    apply(table, {
      "routes/1": { uri: "/1", upstream_id: "7" },
      "routes/2": { uri: "/2", plugins },
      "routes/3": {
        uri: "/3",
        plugins: { "grpc-transcode": { proto_id: "p", service: "s", method: "m" } },
      },
      "services/s": { upstream_id: 7 },
      "plugin_configs/c": { plugins },
      "stream_routes/x": { upstream: { nodes: { "a:1": 1 } }, protocol },
    });
    const users = (key: string) => [...table.usersOf(key)].sort();
    expect(users("upstreams/7")).toEqual([
      "plugin_configs/c",
      "routes/1",
      "routes/2",
      "services/s",
    ]);
    expect(users("protos/p")).toEqual(["routes/3"]);
    expect(users("stream_routes/y")).toEqual(["stream_routes/x"]);
    apply(table, { "routes/1": undefined, "routes/2": { uri: "/2", upstream_id: "8" } });
    expect(users("upstreams/7")).toEqual(["plugin_configs/c", "services/s"]);
  });

  it("is who has an identity, in the clear also where etcd has it encrypted", () => {
    const table = new ResourceTable("/apisix", {
      cipher: fieldCipher(new Keyring(["edd1c9f0985e76a2"])),
    });
    const sealed = "mt39FazQccyMqt4ctoRV7w==";
    apply(table, {
      "consumers/jack": { username: "jack", plugins: { "key-auth": { key: sealed } } },
      "consumers/jack/credentials/c": {
        plugins: { "basic-auth": { username: "j", password: "p" } },
      },
    });
    expect([...table.holdersOf("key-auth.key=userkey")]).toEqual(["consumers/jack"]);
    expect([...table.holdersOf("basic-auth.username=j")]).toEqual(["consumers/jack/credentials/c"]);
    expect([...table.holdersOf(`key-auth.key=${sealed}`)]).toEqual([]);
    // What is published is what a plugin can use.
    expect(table.body("consumers/jack")?.json).toContain('"key":"userkey"');
  });
});
