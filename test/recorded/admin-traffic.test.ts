import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { APISIX_DEFAULT_KEYS } from "../../exporter/encryption/keyring.ts";
import { type AdminWorld, startAdminWorld } from "../support/admin-world.ts";
import { describeWithEtcd, type EtcdCluster, startEtcdServer } from "../support/etcd-server.ts";

/** What a client asked a real APISIX 3.18, and what it was answered. */
interface Exchange {
  /** ADC as a library, ADC's command, apisix-mcp, apisix-sdk. */
  readonly c: string;
  readonly m: string;
  /** Below `/apisix/admin/`. */
  readonly u: string;
  readonly b?: unknown;
  readonly s: number;
  /** Absent where it is not compared: a list of plugins, which other tests hold. */
  readonly r?: unknown;
}

/** A write to a real APISIX 3.18 with nothing in its etcd; `admin-writes.test.ts` holds its words. */
interface RecordedWrite {
  readonly m: string;
  readonly path: string;
  readonly v?: unknown;
  readonly raw?: string;
  readonly s: number;
}

const linesOf = <T>(file: string) =>
  readFileSync(join(import.meta.dirname, file), "utf8")
    .trim()
    .split("\n")
    .map((line): T => JSON.parse(line));

const exchanges = linesOf<Exchange>("admin-traffic.jsonl");
const clients = [...new Set(exchanges.map(({ c }) => c))];

const NUMBERS = new Set(["create_time", "update_time", "createdIndex", "modifiedIndex"]);

/** Without what differs from run to run; an empty table is a list or an object in Lua as it happens. */
function comparable(value: unknown, prefix: string): unknown {
  if (typeof value === "string") {
    return value.replace(prefix, "/apisix").replaceAll(/\b\d{20}\b/g, "<id>");
  }
  if (typeof value !== "object" || value === null) return value;
  if (Object.keys(value).length === 0) return [];
  if (Array.isArray(value)) return value.map((member) => comparable(member, prefix));
  const fields = Object.entries(value).map(([name, field]) => {
    return [name, NUMBERS.has(name) ? typeof field : comparable(field, prefix)];
  });
  return Object.fromEntries(fields);
}

describeWithEtcd("the recorded calls of", () => {
  let cluster: EtcdCluster;
  let world: AdminWorld;
  beforeAll(async () => {
    cluster = await startEtcdServer();
    // The recorded APISIX had its own default keyring: ciphertexts are compared as well.
    world = await startAdminWorld(cluster, { keyring: APISIX_DEFAULT_KEYS });
  });
  afterAll(async () => {
    await world.stop();
    await cluster.stop();
  });

  it.each(clients)("%s are answered as APISIX answered them", async (client) => {
    for (const [i, exchange] of exchanges.filter(({ c }) => c === client).entries()) {
      const { m, u, b, s, r } = exchange;
      const { status, body } = await world.call(m, u, b);
      const where = `${i}: ${m} ${u} ${JSON.stringify(b ?? "").slice(0, 300)}`;
      expect({ status, body: r && comparable(body, world.prefix) }, where).toEqual({
        status: s,
        body: r && comparable(r, "/apisix"),
      });
    }
  });

  it("clients that wrote to an empty APISIX have the same statuses", async () => {
    for (const { m, path, v, raw, s } of linesOf<RecordedWrite>("admin-writes.jsonl")) {
      const { status, body } = await world.call(m, path, raw ?? v);
      const isStreamRoute = path.startsWith("stream_routes");
      const where = `${m} ${path} ${JSON.stringify(raw ?? v)}: ${JSON.stringify(body)}`;
      // Stream routes are always on here; what fails in APISIX is the client's fault.
      if (!isStreamRoute) expect(status, where).toBe(s === 500 ? 400 : s);
      const { key } = (body ?? {}) as { key?: string };
      if (key !== undefined) {
        const below = key.slice(world.prefix.length + 1);
        expect(await world.call("DELETE", `${below}?force=true`)).toMatchObject({ status: 200 });
      }
    }
  });
});
