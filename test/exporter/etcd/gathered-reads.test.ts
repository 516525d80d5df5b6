import { afterAll, beforeAll, beforeEach, expect, it } from "vitest";
import { systemClock } from "../../../exporter/clock.ts";
import { createEtcd3Transport } from "../../../exporter/etcd/etcd3-transport.ts";
import { gatherReads } from "../../../exporter/etcd/gathered-reads.ts";
import { EtcdError, type EtcdTransport } from "../../../exporter/etcd/transport.ts";
import { describeWithEtcd, type EtcdCluster, startEtcdServer } from "../../support/etcd-server.ts";

let cluster: EtcdCluster;
let etcd: EtcdTransport;
/** Names of the calls that reached etcd. */
let calls: string[];

/** etcd's own transport, with every call noted, and `refuse` before it. */
function noted(refuse: (call: string) => EtcdError | undefined = () => undefined): EtcdTransport {
  const note = async (call: string) => {
    calls.push(call);
    const error = refuse(call);
    if (error) throw error;
  };
  return {
    ...etcd,
    range: async (request) => note("range").then(() => etcd.range(request)),
    txn: async (request) => note(`txn ${request.success.length}`).then(() => etcd.txn(request)),
  };
}

async function put(key: string, value: string): Promise<void> {
  await etcd.txn({ compare: [], success: [{ do: "put", key, value }] });
}

async function readAll(transport: EtcdTransport, keys: readonly string[]) {
  const answers = await Promise.all(keys.map((key) => transport.range({ key })));
  return answers.map(({ kvs: [found] }) => found && Buffer.from(found.value).toString("utf8"));
}

const KEYS = Array.from({ length: 100 }, (_, i) => `/g/${i}`);

describeWithEtcd("reads that are gathered", () => {
  beforeAll(async () => {
    cluster = await startEtcdServer();
    const options = { endpoints: cluster.endpoints };
    etcd = createEtcd3Transport(options, { clock: systemClock, random: Math.random });
    for (const key of KEYS.slice(0, 90)) await put(key, `value of ${key}`);
  });
  beforeEach(() => {
    calls = [];
  });
  afterAll(async () => {
    etcd?.close();
    await cluster.stop();
  });

  it("are those that come while one is under way, each with its own answer", async () => {
    const transport = gatherReads(noted());
    const values = KEYS.map((key, i) => (i < 90 ? `value of ${key}` : undefined));
    expect(await readAll(transport, KEYS)).toEqual(values);
    expect(calls).toEqual(["range", "txn 64", "txn 35"]);
    const [alone] = await readAll(transport, ["/g/7"]);
    expect(alone).toBe("value of /g/7");
    expect(calls.at(-1)).toBe("range");
  });

  it("answer as a read of its own does", async () => {
    const transport = gatherReads(etcd);
    const keys = ["/g/1", "/g/2", "/g/95"];
    const gathered = await Promise.all(keys.map((key) => transport.range({ key })));
    const alone = await Promise.all(keys.map((key) => etcd.range({ key })));
    const comparable = ({ header: _, ...answer }: (typeof alone)[number]) => ({
      ...answer,
      kvs: answer.kvs.map((kv) => ({ ...kv, value: Buffer.from(kv.value).toString("utf8") })),
    });
    expect(gathered.map(comparable)).toEqual(alone.map(comparable));
  });

  it("see what was written before they were asked for, whatever is under way", async () => {
    const transport = gatherReads(etcd);
    for (let turn = 0; turn < 50; turn++) {
      const earlier = readAll(transport, KEYS.slice(0, 5));
      await put("/g/fresh", String(turn));
      expect(await readAll(transport, ["/g/fresh"])).toEqual([String(turn)]);
      await earlier;
    }
  });

  it("leave ranges and older revisions alone", async () => {
    const transport = gatherReads(noted());
    const { header } = await etcd.range({ key: "/g/1" });
    await Promise.all([
      transport.range({ key: "/g/", end: "/g0" }),
      transport.range({ key: "/g/1", revision: header.revision }),
      transport.range({ key: "/g/1", limit: 1 }),
    ]);
    expect(calls).toEqual(["range", "range", "range"]);
  });

  it("are asked one by one where etcd refuses them together", async () => {
    const refuse = (call: string) =>
      call.startsWith("txn") ? new EtcdError("denied", "permission denied") : undefined;
    const values = KEYS.slice(0, 9).map((key) => `value of ${key}`);
    expect(await readAll(gatherReads(noted(refuse)), KEYS.slice(0, 9))).toEqual(values);
  });

  it("all fail where etcd is away, and work after it", async () => {
    let isAway = true;
    const away = new EtcdError("unavailable", "away");
    const transport = gatherReads(noted(() => (isAway ? away : undefined)));
    const failed = await Promise.allSettled(
      KEYS.slice(0, 9).map((key) => transport.range({ key })),
    );
    expect(failed.map((each) => each.status === "rejected" && each.reason)).toEqual(
      Array.from({ length: 9 }, () => away),
    );
    expect(calls).toEqual(["range", "txn 8"]);
    isAway = false;
    expect(await readAll(transport, ["/g/1"])).toEqual(["value of /g/1"]);
  });
});
