import { describe, expect, it } from "vitest";
import { balancerDeps, createBalancer } from "../../../edge/balancer/create-balancer.ts";
import { InFlight } from "../../../edge/balancer/in-flight.ts";
import { GatewayError } from "../../../edge/errors.ts";

import {
  anUpstream,
  aTarget,
  deadPort,
  nodesOf,
  proxy,
  scriptedUpstream,
  WAYS,
  type Way,
} from "../../support/proxy-world.ts";
import {
  answering,
  end,
  headOf,
  reset,
  type Step,
  send,
  untilGo,
} from "../../support/upstream-scripts.ts";

const HEAD = "HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\n";
const HALF = [headOf(), send(`${HEAD}abc`), untilGo()];

/** One least_conn upstream, and how many requests it has in hand. */
function world(way: Way, ...ports: number[]) {
  const inFlight = new InFlight();
  const upstream = anUpstream({ type: "least_conn", nodes: nodesOf(way, ...ports) });
  const deps = balancerDeps({ now: () => 0, random: () => 0 });
  const balancer = createBalancer(upstream, deps, inFlight);
  const host = way === "fetch" ? "localhost" : "127.0.0.1";
  return {
    ask: (init: RequestInit = {}) =>
      proxy(new Request("http://client.test/", init), aTarget(upstream, { balancer })),
    inHand: () => ports.map((port) => inFlight.of(`${host}:${port}`)),
    isForgotten: () => inFlight.size === 0,
  };
}

async function eventually(holds: () => boolean): Promise<void> {
  for (let tries = 0; tries < 200 && !holds(); tries++) await scheduler.wait(25);
  expect(holds()).toBe(true);
}

describe.each(WAYS)("a request that is counted while in hand, by %s,", (way) => {
  async function asked(script: Step[], init?: RequestInit) {
    const upstream = await scriptedUpstream(script);
    const { ask, ...counts } = world(way, upstream.port);
    return { upstream, response: await ask(init), ...counts };
  }

  it("is until the last of its answer has passed, which arrives as it was sent", async () => {
    const { upstream, response, inHand, isForgotten } = await asked([...HALF, send("def"), end()]);
    expect(inHand()).toEqual([1]);
    expect(response.headers.get("content-length")).toBe("6");
    await upstream.go();
    expect(await response.text()).toBe("abcdef");
    await eventually(isForgotten);
  });

  it("is until the end of an answer without a length", async () => {
    const chunked = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n";
    const script = [headOf(), send(chunked), untilGo(), send("3\r\ndef\r\n0\r\n\r\n"), end()];
    const { upstream, response, inHand, isForgotten } = await asked(script);
    expect(inHand()).toEqual([1]);
    expect(response.headers.get("content-length")).toBeNull();
    await upstream.go();
    expect(await response.text()).toBe("abcdef");
    await eventually(isForgotten);
  });

  it.each<[string, RequestInit, string]>([
    ["to HEAD", { method: "HEAD" }, HEAD],
    ["with 204", {}, "HTTP/1.1 204 No Content\r\n\r\n"],
    ["with 304", {}, "HTTP/1.1 304 Not Modified\r\nContent-Length: 6\r\n\r\n"],
  ])("is done with an answer %s, which has no body", async (_, init, text) => {
    const { response, isForgotten } = await asked(answering(text), init);
    await response.text();
    await eventually(isForgotten);
  });

  it("is done where the client does not want the rest", async () => {
    const { response, inHand, isForgotten } = await asked(HALF);
    expect(inHand()).toEqual([1]);
    await response.body?.cancel();
    await eventually(isForgotten);
  });

  it("is done where the client goes away, before the answer and in it", async () => {
    const inTheAnswer = new AbortController();
    const begun = await asked(HALF, { signal: inTheAnswer.signal });
    expect(begun.inHand()).toEqual([1]);
    inTheAnswer.abort();
    await eventually(begun.isForgotten);

    const upstream = await scriptedUpstream([headOf(), untilGo()]);
    const { ask, inHand, isForgotten } = world(way, upstream.port);
    const before = new AbortController();
    const answer = ask({ signal: before.signal }).catch((error: unknown) => error);
    await upstream.seenWhen(([seen]) => seen?.text.includes("\r\n\r\n") ?? false);
    expect(inHand()).toEqual([1]);
    before.abort();
    expect(await answer).toBeInstanceOf(GatewayError);
    expect(isForgotten()).toBe(true);
  });

  it("is done where the upstream breaks its answer off, and the client sees that", async () => {
    const { upstream, response, isForgotten } = await asked([...HALF, reset()]);
    await upstream.go();
    await expect(response.text()).rejects.toThrow();
    await eventually(isForgotten);
  });

  it("is done where a node fails, and counted at the next", async () => {
    const whole = await scriptedUpstream([...HALF, send("def"), end()]);
    const { ask, inHand, isForgotten } = world(way, await deadPort(), whole.port);
    const response = await ask();
    expect(inHand()).toEqual([0, 1]);
    await whole.go();
    expect(await response.text()).toBe("abcdef");
    await eventually(isForgotten);
  });

  it("is done where every node fails", async () => {
    const { ask, isForgotten } = world(way, await deadPort(), await deadPort());
    await expect(ask()).rejects.toThrow(GatewayError);
    expect(isForgotten()).toBe(true);
  });

  it("comes with the body as the upstream has encoded it", async () => {
    const zipped = new Blob(["abc"]).stream().pipeThrough(new CompressionStream("gzip"));
    const bytes = new Uint8Array(await new Response(zipped).arrayBuffer());
    const text = String.fromCharCode(...bytes);
    const head = `HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: ${bytes.length}\r\n\r\n`;
    const { response } = await asked(answering(head + text));
    expect(response.headers.get("content-length")).toBe(`${bytes.length}`);
    expect(new Uint8Array(await response.arrayBuffer())).toEqual(bytes);
  });
});

it("is sent to the next node while the first has one in hand", async () => {
  const [one, two] = [await scriptedUpstream(HALF), await scriptedUpstream(HALF)];
  const { ask, inHand } = world("socket", one.port, two.port);
  const answers = [await ask(), await ask(), await ask(), await ask()];
  expect(inHand()).toEqual([2, 2]);
  await Promise.all(answers.map((answer) => answer.body?.cancel()));
  await eventually(() => inHand().every((count) => count === 0));
});
