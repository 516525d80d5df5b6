import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { canonicalText } from "../../shared/json-schema/lua-value.ts";
import { type AdminWorld, startAdminWorld } from "../support/admin-world.ts";
import { describeWithEtcd, type EtcdCluster, startEtcdServer } from "../support/etcd-server.ts";

interface Recorded {
  readonly server: string;
  readonly method: "HEAD" | "GET" | "PUT";
  readonly digest?: string;
  readonly body?: Readonly<Record<string, unknown>>;
  readonly status: number;
  /** `X-Digest` of the answer. */
  readonly answered?: string;
  readonly shown?: Readonly<Record<string, unknown>>;
}

const calls = readFileSync(join(import.meta.dirname, "standalone-configs.jsonl"), "utf8")
  .trim()
  .split("\n")
  .map((line) => JSON.parse(line) as Recorded);

describeWithEtcd("ADC's calls to a server in standalone mode", () => {
  let cluster: EtcdCluster;
  const worlds = new Map<string, AdminWorld>();
  const stopped: AdminWorld[] = [];

  beforeAll(async () => {
    cluster = await startEtcdServer();
  });
  afterAll(async () => {
    for (const world of [...stopped, ...worlds.values()]) await world.stop();
    await cluster.stop();
  });

  /** A server that was started again has lost all it had; so each start has an etcd prefix of its own. */
  async function worldOf({ server, method, answered }: Recorded): Promise<AdminWorld> {
    const known = worlds.get(server);
    const isFresh = method === "HEAD" && answered === undefined;
    if (known && !isFresh) return known;
    if (known) stopped.push(known);
    const world = await startAdminWorld(cluster);
    worlds.set(server, world);
    return world;
  }

  it("are answered as APISIX answered them", async () => {
    expect(calls.length).toBeGreaterThan(40);
    for (const [i, call] of calls.entries()) {
      const world = await worldOf(call);
      const headers = call.digest === undefined ? {} : { "x-digest": call.digest };
      const answer = await world.call(call.method, "configs", call.body, headers);
      const about = `call ${i + 1}: ${call.method} ${JSON.stringify(answer.body)}`;
      expect(answer.status, about).toBe(call.status);
      expect(answer.headers.get("x-digest") ?? undefined, about).toBe(call.answered);
      expect(answer.headers.get("x-last-modified") !== null, about).toBe(
        call.answered !== undefined,
      );
      if (call.method !== "GET") expect(answer.body, about).toBe("");
      else expect(comparable(answer.body as object), about).toBe(comparable(call.shown ?? {}));
    }
  });
});

/** Without what depends on the moment, an item's place in its list, and lists that are empty. */
function comparable(body: object): string {
  const fields = Object.entries(body).flatMap(([name, value]) => {
    if (name === "X-Last-Modified") return [];
    if (!Array.isArray(value)) return [[name, value]];
    if (value.length === 0) return [];
    const items = value.map(({ modifiedIndex: _, ...item }) => item);
    return [[name, items.sort((a, b) => (key(a) < key(b) ? -1 : 1))]];
  });
  return canonicalText(Object.fromEntries(fields));
}

function key({ id, username }: { readonly id?: unknown; readonly username?: unknown }): string {
  return String(id ?? username);
}
