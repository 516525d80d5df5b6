import { describe, expect, it } from "vitest";
import { aLogWorld } from "../../support/log-world.ts";
import { bytesOf, readProtobuf, textsOf } from "../../support/read-protobuf.ts";

const configuration = {
  cls_host: "cls.test",
  cls_topic: "T",
  secret_id: "id",
  secret_key: "key",
  log_format: { u: "$uri", n: 5, deep: { h: "$host" } },
};

/** Key and value of each content of each log, beside the groups' sources. */
function logsIn(list: Uint8Array) {
  return bytesOf(list, 1).map((group) => {
    const [log = new Uint8Array()] = bytesOf(group, 1);
    const contents = bytesOf(log, 2).map((content) => [
      textsOf(content, 1)[0],
      textsOf(content, 2)[0],
    ]);
    const time = readProtobuf(log).find(([field]) => field === 1)?.[1];
    return { time, source: textsOf(group, 4)[0], contents: Object.fromEntries(contents) };
  });
}

describe("tencent-cloud-cls", () => {
  it("sends a group of logs in Protocol Buffers, signed", async () => {
    const { ask, pass, sent, serve } = aLogWorld();
    await serve({ "tencent-cloud-cls": { ...configuration, global_tag: { env: "e", u: "tag" } } });
    await ask("/r/1");
    await ask("/r/2");
    await pass(5);
    expect(sent[0]?.url).toBe("https://cls.test/structuredlog?topic_id=T");
    expect(sent[0]?.headers.get("content-type")).toBe("application/x-protobuf");
    const one = { u: "tag", n: "5", deep: '{"h":"edge.test"}', env: "e", route_id: "r" };
    const log = { time: 1_700_000_000_000, source: "edge", contents: one };
    expect(logsIn(sent[0]?.bytes ?? new Uint8Array())).toEqual([log, log]);
    const form = new URLSearchParams(sent[0]?.headers.get("authorization") ?? "");
    expect(Object.fromEntries(form)).toEqual({
      "q-sign-algorithm": "sha1",
      "q-ak": "id",
      "q-sign-time": "1700000005;1700000065",
      "q-key-time": "1700000005;1700000065",
      "q-header-list": "",
      "q-url-param-list": "",
      "q-signature": "e3432aee984a5f260900c77d0105122432c5c693",
    });
  });

  it.each([
    [0.5, 0],
    [0.6, 1],
  ])("leaves out what its ratio of %d does not draw", async (sample_ratio, logged) => {
    const { ask, pass, sent, serve } = aLogWorld();
    await serve({
      "tencent-cloud-cls": { ...configuration, sample_ratio, include_resp_body: true },
    });
    await ask("/r/1");
    await pass(5);
    expect(sent).toHaveLength(logged);
  });

  it.each([
    [413, 1],
    [500, 2],
  ])("after %d sends %d times", async (status, times) => {
    const { ask, log, pass, sent, serve } = aLogWorld(() => new Response("why", { status }));
    await serve({ "tencent-cloud-cls": { ...configuration, max_retry_count: 1 } });
    await ask("/r/1");
    await pass(10);
    expect(sent).toHaveLength(times);
    expect(log).toEqual([expect.stringContaining("why")]);
  });
});
