import { describe, expect, it } from "vitest";
import { createProber, SubrequestsSpent, UnsendableProbe } from "../../../edge/health/prober.ts";
import type { Probe } from "../../../shared/health/active-check.ts";
import {
  deadPort,
  deps,
  received,
  scriptedUpstream,
  WAYS,
  type Way,
} from "../../support/proxy-world.ts";
import { answering, end, headOf, pause, send, untilGo } from "../../support/upstream-scripts.ts";

const probing = createProber(deps);
const STATUS = (status: number) => answering(`HTTP/1.1 ${status} X\r\nContent-Length: 0\r\n\r\n`);

/** `fetch` where the Host is the node's own name, else a socket. */
function aProbe(way: Way, port: number, change: Partial<Probe> = {}): Probe {
  return {
    type: "http",
    host: way === "fetch" ? "localhost" : "127.0.0.1",
    port,
    hostHeader: way === "fetch" ? `localhost:${port}` : "shop.test",
    method: "GET",
    path: "/healthz?deep=1",
    headers: [],
    body: "",
    verifyCertificate: true,
    timeoutMs: 1000,
    ...change,
  };
}

describe.each(WAYS)("a probe by %s", (way) => {
  it.each([200, 302, 404, 503])("tells the status %i, and follows nothing", async (status) => {
    const upstream = await scriptedUpstream(STATUS(status));
    expect(await probing(aProbe(way, upstream.port))).toEqual({ status });
    expect(await upstream.seen()).toHaveLength(1);
  });

  it("sends the request as it is configured", async () => {
    const upstream = await scriptedUpstream([headOf(), ...STATUS(200)]);
    const headers = [
      ["X-Probe", "1"],
      ["User-Agent", "checker"],
    ] as const;
    const body = '{"ping":true}';
    await probing(aProbe(way, upstream.port, { method: "POST", headers, body }));
    const { first, headers: seen, text } = await received(upstream);
    expect(first).toBe("POST /healthz?deep=1 HTTP/1.1");
    expect(seen.get("host")).toBe(way === "fetch" ? `localhost:${upstream.port}` : "shop.test");
    expect(seen.get("x-probe")).toBe("1");
    expect(seen.get("user-agent")).toBe("checker");
    expect(seen.get("content-length")).toBe("13");
    expect(text.endsWith(body)).toBe(true);
  });

  it("has any method that may be configured", async () => {
    for (const method of ["HEAD", "PURGE", "TRACE", "OPTIONS"]) {
      const upstream = await scriptedUpstream(STATUS(200));
      expect(await probing(aProbe(way, upstream.port, { method }))).toEqual({ status: 200 });
      expect((await received(upstream)).first).toBe(`${method} /healthz?deep=1 HTTP/1.1`);
    }
  });

  it("leaves a body that has no end, and closes", async () => {
    const endless = [headOf(), send("HTTP/1.1 200 OK\r\n\r\nsome"), untilGo()];
    const upstream = await scriptedUpstream(endless);
    expect(await probing(aProbe(way, upstream.port))).toEqual({ status: 200 });
    await upstream.seenWhen(([connection]) => connection?.isEnded ?? false);
  });

  it("is a failure of the connection where nobody listens, or it breaks", async () => {
    expect(await probing(aProbe(way, await deadPort()))).toBe("tcp-failure");
    const upstream = await scriptedUpstream([headOf(), end()]);
    expect(await probing(aProbe(way, upstream.port))).toBe("tcp-failure");
  });

  it("is a time-out where nothing comes, and where the head never ends", async () => {
    const silent = await scriptedUpstream([headOf(), untilGo()]);
    expect(await probing(aProbe(way, silent.port, { timeoutMs: 150 }))).toBe("timeout");
    const drip = Array.from({ length: 100 }, () => [send("X: y\r\n"), pause(50)]).flat();
    const dripping = await scriptedUpstream([headOf(), send("HTTP/1.1 200 OK\r\n"), ...drip]);
    expect(await probing(aProbe(way, dripping.port, { timeoutMs: 150 }))).toBe("timeout");
  });

  it("of type https is a failure where no TLS answers", async () => {
    const upstream = await scriptedUpstream([send("hello, no TLS here\r\n"), end()]);
    expect(await probing(aProbe(way, upstream.port, { type: "https" }))).toBe("tcp-failure");
  });

  it("of type tcp is good once there is a connection, and sends nothing", async () => {
    const upstream = await scriptedUpstream([untilGo()]);
    expect(await probing(aProbe(way, upstream.port, { type: "tcp" }))).toBe("connected");
    const [seen] = await upstream.seenWhen(([connection]) => connection?.isEnded ?? false);
    expect(seen?.bytes).toBe(0);
    expect(await probing(aProbe(way, await deadPort(), { type: "tcp" }))).toBe("tcp-failure");
  });
});

describe("a probe", () => {
  it("of an IPv6 node goes to its address in brackets", async () => {
    const asked: string[] = [];
    const refusing = createProber({
      ...deps,
      connect: (address) => {
        asked.push(address);
        throw new Error("no");
      },
    });
    expect(await refusing(aProbe("socket", 80, { host: "::1" }))).toBe("tcp-failure");
    expect(asked).toEqual(["[::1]:80"]);
  });

  it("that gets no HTTP is status 0, which counts as an answer that is wrong", async () => {
    const upstream = await scriptedUpstream(answering("SMTP ready\r\n\r\n"));
    expect(await probing(aProbe("socket", upstream.port))).toEqual({ status: 0 });
  });

  it("that cannot be sent says nothing of the node", async () => {
    const upstream = await scriptedUpstream(STATUS(200));
    const probe = aProbe("socket", upstream.port, { hostHeader: "two words" });
    await expect(probing(probe)).rejects.toThrow(UnsendableProbe);
  });

  it("of a private address goes by the private network", async () => {
    const asked: string[] = [];
    const network = {
      fetch: async (url: string) => {
        asked.push(url);
        return new Response(null, { status: 204 });
      },
      connect: deps.connect,
    };
    const inside = createProber({ ...deps, privateNetwork: network });
    const probe = aProbe("socket", 8080, { host: "10.0.0.7", hostHeader: "10.0.0.7:8080" });
    expect(await inside(probe)).toEqual({ status: 204 });
    expect(asked).toEqual(["http://10.0.0.7:8080/healthz?deep=1"]);
  });

  it("that the platform does not let out says nothing of the node", async () => {
    const spent = createProber({
      ...deps,
      fetch: async () => {
        throw new Error("Too many subrequests by single Worker invocation.");
      },
      connect: () => {
        throw new Error("Too many subrequests.");
      },
    });
    for (const way of WAYS) {
      await expect(spent(aProbe(way, 80, { hostHeader: "localhost" }))).rejects.toThrow(
        SubrequestsSpent,
      );
    }
  });
});
