import { describe, expect, it } from "vitest";
import { errorResponse, GatewayError } from "../../../edge/errors.ts";
import { createProxy } from "../../../edge/upstream/proxy.ts";
import {
  anUpstream,
  aTarget,
  deadPort,
  deps,
  nodesOf,
  scriptedUpstream,
  through,
  WAYS,
} from "../../support/proxy-world.ts";
import {
  answering,
  end,
  headOf,
  pause,
  reset,
  type Step,
  send,
  stopReading,
  until,
} from "../../support/upstream-scripts.ts";

const OK = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";
const FAST = { connect: 0.2, send: 0.3, read: 0.3 };

/** The error's response as a client would get it. */
async function refused(answer: Promise<Response>): Promise<Response> {
  try {
    const response = await answer;
    throw new Error(`answered ${response.status} ${await response.text()}`);
  } catch (error) {
    if (!(error instanceof GatewayError)) throw error;
    return errorResponse(error, "/");
  }
}

const statuses = (response: Response) => response.headers.get("x-apisix-upstream-status");

describe.each(WAYS)("a node that fails, reached by %s", (way) => {
  it("and refuses: the next one answers, and nobody hears of the first", async () => {
    const upstream = await scriptedUpstream(answering(OK));
    const response = await through(
      anUpstream({ nodes: nodesOf(way, await deadPort(), upstream.port) }),
    );
    expect([response.status, await response.text(), statuses(response)]).toEqual([200, "ok", null]);
    expect(await upstream.seen()).toHaveLength(1);
  });

  it("and refuses as every other does: 502, nginx's page, and the status of each", async () => {
    const upstream = anUpstream({ nodes: nodesOf(way, await deadPort(), await deadPort()) });
    const response = await refused(through(upstream));
    expect(response.status).toBe(502);
    expect(statuses(response)).toBe("502, 502");
    expect(await response.text()).toContain("<title>502 Bad Gateway</title>");
  });

  it.each([
    ["resets after the head", [headOf(), reset()]],
    ["ends before a byte of its answer", [headOf(), end()]],
    ["ends in the middle of its head", [headOf(), send("HTTP/1.1 200 OK\r\nX-A"), end()]],
  ])("and %s: a GET is tried at the next node", async (_, script) => {
    const broken = await scriptedUpstream(script);
    const whole = await scriptedUpstream(answering(OK));
    const response = await through(anUpstream({ nodes: nodesOf(way, broken.port, whole.port) }));
    expect([response.status, await response.text()]).toEqual([200, "ok"]);
    expect((await broken.seen()).length).toBe(1);
  });

  it.each(["POST", "PATCH", "LOCK"])("a %s that was sent is not sent again", async (method) => {
    const broken = await scriptedUpstream([headOf(), reset()]);
    const whole = await scriptedUpstream(answering(OK));
    const upstream = anUpstream({ nodes: nodesOf(way, broken.port, whole.port) });
    const init = { method, body: "once", headers: { "content-length": "4" } };
    const response = await refused(through(upstream, init));
    expect([response.status, statuses(response)]).toEqual([502, "502"]);
    expect(await whole.seen()).toEqual([]);
  });

  it.each(["PUT", "DELETE"])(
    "a small %s that was sent is sent again, body and all",
    async (method) => {
      const broken = await scriptedUpstream([headOf(), reset()]);
      const whole = await scriptedUpstream(answering(OK));
      const upstream = anUpstream({ nodes: nodesOf(way, broken.port, whole.port) });
      const init = { method, body: "twice", headers: { "content-length": "5" } };
      expect((await through(upstream, init)).status).toBe(200);
      const [seen] = await whole.seenWhen(([first]) => first?.text.endsWith("twice") === true);
      expect(seen?.text.toLowerCase()).toContain("content-length: 5\r\n");
    },
  );

  it("and says nothing: 504 after the read time-out", async () => {
    const upstream = await scriptedUpstream([headOf()]);
    const timeout = { connect: 0.2, send: 0.3, read: 0.3 };
    const response = await refused(
      through(anUpstream({ nodes: nodesOf(way, upstream.port), timeout })),
    );
    expect([response.status, statuses(response)]).toEqual([504, "504"]);
    expect(await response.text()).toContain("<title>504 Gateway Time-out</title>");
    await upstream.seenWhen(([first]) => first?.isEnded === true);
  });

  it("and stops in the middle of its head: 504 after the read time-out", async () => {
    const half = [headOf(), send("HTTP/1.1 200 OK\r\n"), send("X-A: 1\r\n")];
    const upstream = await scriptedUpstream(half);
    const response = await refused(
      through(anUpstream({ nodes: nodesOf(way, upstream.port), timeout: FAST })),
    );
    expect([response.status, statuses(response)]).toEqual([504, "504"]);
  });

  it("and says nothing: the next node has the whole read time-out again", async () => {
    const [one, two] = [await scriptedUpstream([headOf()]), await scriptedUpstream([headOf()])];
    const timeout = { connect: 0.2, send: 0.3, read: 0.3 };
    const response = await refused(
      through(anUpstream({ nodes: nodesOf(way, one.port, two.port), timeout })),
    );
    expect([response.status, statuses(response)]).toEqual([504, "504, 504"]);
  });

  it("a status of 5xx is an answer, not a failure", async () => {
    const failing = await scriptedUpstream(
      answering("HTTP/1.1 503 Busy\r\nContent-Length: 4\r\n\r\nbusy"),
    );
    const whole = await scriptedUpstream(answering(OK));
    const response = await through(anUpstream({ nodes: nodesOf(way, failing.port, whole.port) }));
    expect([response.status, await response.text(), statuses(response)]).toEqual([
      503,
      "busy",
      "503",
    ]);
    expect(await whole.seen()).toEqual([]);
  });

  it("a status of 5xx after a refused node names both", async () => {
    const failing = await scriptedUpstream(
      answering("HTTP/1.1 500 No\r\nContent-Length: 0\r\n\r\n"),
    );
    const response = await through(
      anUpstream({ nodes: nodesOf(way, await deadPort(), failing.port) }),
    );
    expect([response.status, statuses(response)]).toEqual([500, "502, 500"]);
  });

  it("an only node is tried again where retries are set, and only then", async () => {
    const upstream = await scriptedUpstream([headOf(), reset()], answering(OK));
    const nodes = nodesOf(way, upstream.port);
    expect((await refused(through(anUpstream({ nodes })))).status).toBe(502);
    const again = await scriptedUpstream([headOf(), reset()], [headOf(), reset()], answering(OK));
    const retried = anUpstream({ nodes: nodesOf(way, again.port), retries: 2 });
    expect((await through(retried)).status).toBe(200);
    expect(await again.seen()).toHaveLength(3);
  });

  it("retries 0 tries once", async () => {
    const whole = await scriptedUpstream(answering(OK));
    const upstream = anUpstream({ nodes: nodesOf(way, await deadPort(), whole.port), retries: 0 });
    const response = await refused(through(upstream));
    expect([response.status, statuses(response)]).toEqual([502, "502"]);
    expect(await whole.seen()).toEqual([]);
  });

  it("more retries than nodes end with 502, although the last one was too slow", async () => {
    const slow = await scriptedUpstream([headOf()]);
    const upstream = anUpstream({
      nodes: nodesOf(way, await deadPort(), slow.port),
      retries: 5,
      timeout: FAST,
    });
    const response = await refused(through(upstream));
    expect([response.status, statuses(response)]).toEqual([502, "502, 504"]);
  });

  it("after retry_timeout there is no other try, and the answer is 502", async () => {
    const slow = await scriptedUpstream([headOf()]);
    const whole = await scriptedUpstream(answering(OK));
    const upstream = anUpstream({
      nodes: nodesOf(way, slow.port, whole.port),
      retry_timeout: 0.1,
      timeout: { connect: 0.1, send: 0.2, read: 0.2 },
    });
    const response = await refused(through(upstream));
    expect([response.status, statuses(response)]).toEqual([502, "504"]);
    expect(await whole.seen()).toEqual([]);
  });

  it("an upstream without nodes is 503, without a try", async () => {
    const response = await refused(through(anUpstream({ nodes: [] })));
    expect([response.status, statuses(response)]).toEqual([503, null]);
  });

  it("a body that ends early is cut for the client too, never ended", async () => {
    const upstream = await scriptedUpstream([
      headOf(),
      send("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf"),
      pause(50),
      end(),
    ]);
    const response = await through(anUpstream({ nodes: nodesOf(way, upstream.port) }));
    expect(response.status).toBe(200);
    await expect(response.text()).rejects.toThrow();
  });

  it("a body that stalls is cut after the read time-out", async () => {
    const upstream = await scriptedUpstream([
      headOf(),
      send("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf"),
    ]);
    const response = await through(
      anUpstream({ nodes: nodesOf(way, upstream.port), timeout: FAST }),
    );
    await expect(response.text()).rejects.toThrow(/nothing came/);
    await upstream.seenWhen(([first]) => first?.isEnded === true);
  });

  it("a body that drips, each part in time, passes whole", async () => {
    const upstream = await scriptedUpstream([
      headOf(),
      send("HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\n"),
      ...["a", "b", "c", "d"].flatMap((part) => [pause(150), send(part)]),
    ]);
    const response = await through(
      anUpstream({ nodes: nodesOf(way, upstream.port), timeout: FAST }),
    );
    expect(await response.text()).toBe("abcd");
  });

  it("a slow upload is not the upstream's silence", async () => {
    const slow = new ReadableStream<Uint8Array>({
      async pull(controller) {
        await scheduler.wait(400);
        controller.enqueue(new TextEncoder().encode("late"));
        controller.close();
      },
    });
    const patient = await scriptedUpstream([headOf(), until("late"), send(OK), end()]);
    const response = await through(
      anUpstream({
        nodes: nodesOf(way, patient.port),
        timeout: { connect: 0.1, send: 0.2, read: 0.2 },
      }),
      { method: "POST", body: slow },
    );
    expect(await response.text()).toBe("ok");
  });

  it("an upstream that takes none of the body is 504 after the send time-out", async () => {
    const upstream = await scriptedUpstream([stopReading()]);
    const endless = new ReadableStream<Uint8Array>({
      pull: (controller) => controller.enqueue(new Uint8Array(256 * 1024)),
    });
    const response = await refused(
      through(
        anUpstream({
          nodes: nodesOf(way, upstream.port),
          timeout: { connect: 0.1, send: 0.3, read: 0.3 },
        }),
        { method: "POST", body: endless },
      ),
    );
    expect(response.status).toBe(504);
  });

  it("a client whose body is cut is at fault itself, and nothing is tried again", async () => {
    const upstream = await scriptedUpstream([headOf()]);
    const cut = new ReadableStream<Uint8Array>({
      pull(controller) {
        controller.error(new Error("gone"));
      },
    });
    const nodes = nodesOf(way, upstream.port, upstream.port);
    const answer = through(anUpstream({ nodes }), { method: "PUT", body: cut });
    await expect(answer).rejects.toMatchObject({ fault: "downstream", status: 400 });
    expect((await upstream.seen()).length).toBeLessThanOrEqual(1);
  });

  it("a client that goes away takes the upstream's connection with it", async () => {
    const upstream = await scriptedUpstream([headOf()]);
    const leaving = new AbortController();
    const answer = through(anUpstream({ nodes: nodesOf(way, upstream.port) }), {
      signal: leaving.signal,
    });
    const ended = expect(answer).rejects.toMatchObject({ fault: "downstream" });
    await upstream.seenWhen((connections) => connections.length === 1);
    leaving.abort();
    await ended;
    await upstream.seenWhen(([first]) => first?.isEnded === true);
  });

  it("a signal that the platform never aborts is not listened to", async () => {
    const upstream = await scriptedUpstream([headOf(), pause(100), send(OK), end()]);
    const leaving = new AbortController();
    const deaf = createProxy({ ...deps, hearsOfLeaving: false });
    const request = new Request("http://client.test/", { signal: leaving.signal });
    const answer = deaf(request, aTarget(anUpstream({ nodes: nodesOf(way, upstream.port) })));
    await upstream.seenWhen((connections) => connections.length === 1);
    leaving.abort();
    expect(await (await answer).text()).toBe("ok");
  });

  it("the log hears of every node and its reason", async () => {
    const [one, two] = [await deadPort(), await deadPort()];
    const answer = through(anUpstream({ nodes: nodesOf(way, one, two) }));
    await expect(answer).rejects.toMatchObject({ fault: "upstream" });
    await answer.catch((error: Error) => {
      expect(error.message).toMatch(new RegExp(`:${one}: .*; .*:${two}: `));
    });
  });
});

describe("a node reached by socket", () => {
  it("that refuses has been sent nothing, so a POST is tried at the next one", async () => {
    const whole = await scriptedUpstream(answering(OK));
    const nodes = nodesOf("socket", await deadPort(), whole.port);
    const body = new Response("once").body;
    const response = await through(anUpstream({ nodes }), { method: "POST", body });
    expect([response.status, await response.text()]).toEqual([200, "ok"]);
  });

  it("that does not accept within the connect time-out is 504", async () => {
    // No address of this machine leaves a connection waiting, so this socket never says that it is open.
    const waiting: Pick<Socket, "opened" | "closed" | "close"> = {
      opened: new Promise(() => undefined),
      closed: new Promise(() => undefined),
      close: () => Promise.resolve(),
    };
    const never = createProxy({ ...deps, connect: () => waiting as Socket });
    const upstream = anUpstream({
      nodes: nodesOf("socket", 1),
      timeout: { connect: 0.2, send: 1, read: 1 },
    });
    const answer = never(new Request("http://client.test/"), aTarget(upstream));
    await expect(answer).rejects.toMatchObject({ status: 504 });
  });

  it("whose head is no HTTP/1.1 is 502, and no other node is asked", async () => {
    const odd = await scriptedUpstream(answering("SSH-2.0-OpenSSH_9.2\r\n\r\n"));
    const whole = await scriptedUpstream(answering(OK));
    const nodes = nodesOf("socket", odd.port, whole.port);
    const response = await refused(through(anUpstream({ nodes })));
    expect([response.status, statuses(response)]).toEqual([502, "502"]);
    expect(await whole.seen()).toEqual([]);
  });

  it("with a private address names what is missing", async () => {
    const nodes = [{ host: "10.255.255.1", port: 1, weight: 1, priority: 0 }];
    const unreachable = createProxy({
      ...deps,
      connect: () => {
        throw new Error("proxy request failed");
      },
    });
    const answer = unreachable(new Request("http://client.test/"), aTarget(anUpstream({ nodes })));
    await expect(answer).rejects.toThrow(/private address.*VPC network binding/);
  });
});

describe("a private network", () => {
  const privately = async (script: Step[], init: RequestInit, upstreamHost?: string) => {
    const upstream = await scriptedUpstream(script);
    const asked: string[] = [];
    const behind = createProxy({
      ...deps,
      privateNetwork: {
        fetch: (url, init) => {
          asked.push(`fetch ${url}`);
          return fetch(url.replace("10.1.2.3:8080", `localhost:${upstream.port}`), init);
        },
        connect: (address, options) => {
          asked.push(`connect ${address}`);
          return deps.connect(`127.0.0.1:${upstream.port}`, options);
        },
      },
    });
    const nodes = [{ host: "10.1.2.3", port: 8080, weight: 1, priority: 0 }];
    const rewriting = { pass_host: "rewrite", upstream_host: upstreamHost ?? "" } as const;
    const target = aTarget(anUpstream({ nodes, ...(upstreamHost ? rewriting : {}) }));
    const response = await behind(new Request("http://client.test/", init), target);
    return [...asked, await response.text()];
  };

  it("carries fetch to private addresses, for there an address is no obstacle", async () => {
    expect(await privately(answering(OK), {})).toEqual(["fetch http://10.1.2.3:8080/", "ok"]);
  });

  it("carries a socket where the Host is another", async () => {
    expect(await privately(answering(OK), {}, "shop.test")).toEqual([
      "connect 10.1.2.3:8080",
      "ok",
    ]);
  });
});
