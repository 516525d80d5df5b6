import { describe, expect, it } from "vitest";
import { createProxy } from "../../../edge/upstream/proxy.ts";
import {
  anUpstream,
  aTarget,
  deadPort,
  deps,
  nodesOf,
  scriptedUpstream,
  WAYS,
  type Way,
} from "../../support/proxy-world.ts";
import {
  answering,
  end,
  headOf,
  reset,
  send,
  until,
  untilBytes,
} from "../../support/upstream-scripts.ts";

const OK_BYTES = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";
const OK = answering(OK_BYTES);
const SCRIPTS = {
  resets: [headOf(), reset()],
  "says nothing": [headOf()],
  "stops in its head": [headOf(), send("HTTP/1.1 200 OK\r\n")],
  "cuts its head": [headOf(), send("HTTP/1.1 200"), end()],
};

/** The proxy, and what it opens and gives up of connections, in order. */
function watchedProxy() {
  const events: string[] = [];
  const opened = (address: string) => {
    const name = `${events.filter((event) => event.startsWith("open")).length} ${address}`;
    events.push(`open ${name}`);
    return () => {
      if (!events.includes(`close ${name}`)) events.push(`close ${name}`);
    };
  };
  const proxy = createProxy({
    ...deps,
    fetch: (url, init) => {
      const closed = opened("fetch");
      init.signal?.addEventListener("abort", closed);
      return deps.fetch(url, init);
    },
    connect: (address, options) => {
      const closed = opened("socket");
      const socket = deps.connect(address, options);
      const close = socket.close.bind(socket);
      socket.close = () => {
        closed();
        return close();
      };
      return socket;
    },
  });
  return { proxy, events };
}

async function portsOf(): Promise<number[]> {
  const failing = await Promise.all(
    Object.values(SCRIPTS).map((script) => scriptedUpstream(script)),
  );
  const dead = [await deadPort(), await deadPort(), await deadPort(), await deadPort()];
  return [...failing.map(({ port }) => port), ...dead];
}

/** Each is given up before the next is opened. */
function oneAfterTheOther(way: Way, count: number): string[] {
  const turns = Array.from({ length: count }, (_, i) => [`open ${i} ${way}`, `close ${i} ${way}`]);
  return turns.flat();
}

describe.each(WAYS)("attempts by %s", (way) => {
  const timeout = { connect: 0.1, send: 0.1, read: 0.1 };

  it("are made one after the other, and never hold two connections", async () => {
    const { proxy, events } = watchedProxy();
    const whole = await scriptedUpstream(OK);
    const ports = await portsOf();
    const upstream = anUpstream({ nodes: nodesOf(way, ...ports, whole.port), timeout });
    const response = await proxy(new Request("http://client.test/"), aTarget(upstream));
    expect(await response.text()).toBe("ok");
    const failed = oneAfterTheOther(way, ports.length);
    expect(events.slice(0, failed.length + 1)).toEqual([...failed, `open ${ports.length} ${way}`]);
  });

  it("that all fail leave no connection", async () => {
    const { proxy, events } = watchedProxy();
    const ports = await portsOf();
    const upstream = anUpstream({ nodes: nodesOf(way, ...ports), timeout });
    const answer = proxy(new Request("http://client.test/"), aTarget(upstream));
    await expect(answer).rejects.toMatchObject({ fault: "upstream" });
    expect(events).toEqual(oneAfterTheOther(way, ports.length));
  });

  it.each([
    [64, 2],
    [65, 1],
  ])("send a body of %i KiB again only where it was kept", async (kib, attempts) => {
    const broken = await scriptedUpstream([until("\r\n\r\nx"), reset()]);
    const whole = await scriptedUpstream([untilBytes(kib * 1024), send(OK_BYTES), end()]);
    const { proxy, events } = watchedProxy();
    const upstream = anUpstream({ nodes: nodesOf(way, broken.port, whole.port) });
    const body = "x".repeat(kib * 1024);
    const headers = { "content-length": String(body.length) };
    const request = new Request("http://client.test/", { method: "PUT", body, headers });
    const answer = proxy(request, aTarget(upstream));
    if (attempts === 2) expect((await answer).status).toBe(200);
    else await expect(answer).rejects.toMatchObject({ status: 502 });
    expect(events.filter((event) => event.startsWith("open"))).toHaveLength(attempts);
    expect(await whole.seen()).toHaveLength(attempts - 1);
  });
});

describe.each(WAYS)("a client that has left already (node reached by %s)", (way) => {
  it("has no node asked for it", async () => {
    const upstream = await scriptedUpstream(OK);
    const { proxy, events } = watchedProxy();
    const request = new Request("http://client.test/", { signal: AbortSignal.abort() });
    const target = aTarget(anUpstream({ nodes: nodesOf(way, upstream.port) }));
    await expect(proxy(request, target)).rejects.toMatchObject({ status: 499 });
    expect(events).toEqual([]);
  });
});
