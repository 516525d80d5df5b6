import { afterAll, beforeAll, expect, it } from "vitest";
import { describeWithEtcd } from "../support/etcd-server.ts";
import { eventually, type Stack, startStack } from "../support/stack.ts";
import { startUpstream } from "../support/upstream.ts";

/** etcd dies, comes back compacted, or refuses; the gateway's users notice nothing. */
describeWithEtcd("when etcd is killed", () => {
  let stack: Stack;
  let upstream: Awaited<ReturnType<typeof startUpstream>>;

  beforeAll(async () => {
    [stack, upstream] = await Promise.all([startStack(), startUpstream()]);
    await stack.put("routes/first", route("/first"));
    await stack.served("/first");
  });
  afterAll(async () => {
    await stack.stop();
    await upstream.stop();
  });

  const route = (uri: string) => ({ uri, upstream: { nodes: { [upstream.node]: 1 } } });

  it("traffic goes on, and the status tells of it", async () => {
    await stack.killEtcd();
    for (let i = 0; i < 20; i++) expect((await stack.get("/first")).status).toBe(200);
    await eventually(async () => {
      const { etcd } = (await stack.status()) as { etcd: { state: string; lastError: unknown } };
      expect(etcd.state).not.toBe("live");
      expect(etcd.lastError).toBeTruthy();
    });
    expect((await stack.get("/first")).status).toBe(200);
  });

  it("the next change arrives without a restart, although the history was compacted", async () => {
    await stack.restartEtcd();
    await eventually(() => stack.put("routes/second", route("/second")));
    await compact(stack.etcd.endpoint);
    await stack.put("routes/third", route("/third"));
    await stack.served("/third");
    await stack.served("/second");
    await stack.delete("routes/first");
    await stack.served("/first", 404);
  });
});

async function compact(endpoint: string): Promise<void> {
  const post = (path: string, body: object) =>
    fetch(`${endpoint}/v3/kv/${path}`, { method: "POST", body: JSON.stringify(body) });
  const range = (await (await post("range", { key: btoa("/") })).json()) as {
    header: { revision: string };
  };
  const answer = await post("compaction", { revision: range.header.revision, physical: true });
  expect(answer.status).toBe(200);
}
