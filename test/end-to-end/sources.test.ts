import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { bundleEdge } from "../../examples/quick-start/bundle-edge.ts";
import { type RunningWorker, startWorker } from "../../examples/quick-start/workerd.ts";
import { eventually, type Stack, startStack } from "../support/stack.ts";
import { type StepProxy, startStepProxy } from "../support/step-proxy.ts";
import { startUpstream } from "../support/upstream.ts";

/** An edge without R2 reads the bucket over signed HTTPS, and a second bucket when the first fails. */
describe("an edge that reads S3", () => {
  let stack: Stack;
  let upstream: Awaited<ReturnType<typeof startUpstream>>;
  let first: StepProxy;
  let script: string;
  const running: RunningWorker[] = [];

  beforeAll(async () => {
    [stack, upstream, script] = await Promise.all([startStack({}), startUpstream(), bundleEdge()]);
    first = await startStepProxy(stack.edge.store.endpoint);
    await stack.put("routes/hello", route("/hello"));
    await stack.served("/hello");
  });
  afterAll(async () => {
    for (const worker of running) await worker.stop();
    await stack.stop();
    await first.stop();
    await upstream.stop();
  });

  const route = (uri: string) => ({ uri, upstream: { nodes: { [upstream.node]: 1 } } });

  const s3 = (prefix: "" | "SECONDARY_", endpoint: string) => ({
    [`${prefix}S3_ENDPOINT`]: endpoint,
    [`${prefix}S3_BUCKET`]: stack.edge.store.bucket,
    [`${prefix}S3_ACCESS_KEY_ID`]: stack.edge.store.accessKeyId,
    [`${prefix}S3_SECRET_ACCESS_KEY`]: stack.edge.store.secretAccessKey,
  });

  async function edge(bindings: Record<string, string>): Promise<RunningWorker> {
    const all = { REFRESH_INTERVAL_MS: "0", STATUS_TOKEN: "t", ...bindings };
    const worker = await startWorker({ name: "s3-edge", script, port: 0, bindings: all });
    running.push(worker);
    return worker;
  }

  const status = async (worker: RunningWorker) =>
    (await fetch(`${worker.url}/hello`).then((r) => r.text().then(() => r.status))) as number;

  it("serves what the exporter published", async () => {
    const worker = await edge(s3("", stack.edge.store.endpoint));
    expect(await status(worker)).toBe(200);
    await stack.put("routes/more", route("/more"));
    await eventually(async () => expect((await fetch(`${worker.url}/more`)).status).toBe(200));
  });

  it("goes on with what it has when the bucket is gone, and says so", async () => {
    const proxy = await startStepProxy(stack.edge.store.endpoint);
    const worker = await edge(s3("", proxy.endpoint));
    expect(await status(worker)).toBe(200);
    await proxy.stop();
    for (let i = 0; i < 10; i++) expect(await status(worker)).toBe(200);
    const answer = await fetch(`${worker.url}/snapgate/status`, {
      headers: { authorization: "Bearer t" },
    });
    expect(await answer.text()).toContain('"unreachable"');
  });

  it("asks the second bucket when the first is gone from the start", async () => {
    await first.stop();
    const worker = await edge({
      ...s3("", first.endpoint),
      ...s3("SECONDARY_", stack.edge.store.endpoint),
    });
    expect(await status(worker)).toBe(200);
  });

  it("with wrong credentials and nothing loaded answers 503 with Retry-After and says why", async () => {
    const wrong = { ...s3("", stack.edge.store.endpoint), S3_SECRET_ACCESS_KEY: "wrong" };
    const worker = await edge(wrong);
    const answer = await fetch(`${worker.url}/hello`);
    expect(answer.status).toBe(503);
    expect(answer.headers.get("retry-after")).toMatch(/^\d+$/);
    expect(await answer.text()).toMatch(/no configuration/i);
  });
});
