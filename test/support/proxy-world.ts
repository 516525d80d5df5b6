import { connect } from "cloudflare:sockets";
import { inject } from "vitest";
import { balancerDeps, createBalancer } from "../../edge/balancer/create-balancer.ts";
import { ALWAYS_HEALTHY } from "../../edge/balancer/upstream-health.ts";
import { createProxy, type ProxyDeps } from "../../edge/upstream/proxy.ts";
import type { ProxyTarget } from "../../edge/upstream/proxy-target.ts";
import type { Upstream, UpstreamNode } from "../../shared/resources/upstream.ts";
import type { Seen, Step } from "./upstream-scripts.ts";

/** The edge's proxy in workerd, with real time and real sockets, before upstreams that follow a script. */

export interface ScriptedUpstream {
  readonly port: number;
  seen(): Promise<Seen[]>;
  /** The connections once `isSeen` holds for them; fails after some seconds. */
  seenWhen(isSeen: (connections: Seen[]) => boolean): Promise<Seen[]>;
  go(): Promise<void>;
  close(): Promise<void>;
}

/** One script a connection; the last one repeats. */
export async function scriptedUpstream(...scripts: Step[][]): Promise<ScriptedUpstream> {
  const control = `http://127.0.0.1:${inject("scriptedUpstreams")}`;
  const opened = await fetch(`${control}/open`, { method: "POST", body: JSON.stringify(scripts) });
  const { port } = await opened.json<{ port: number }>();
  const call = async (what: string) => {
    const answer = await fetch(`${control}/${what}?port=${port}`);
    return answer.json<Seen[]>();
  };
  return {
    port,
    seen: () => call("seen"),
    async seenWhen(isSeen) {
      for (let tries = 0; tries < 200; tries++) {
        const connections = await call("seen");
        if (isSeen(connections)) return connections;
        await scheduler.wait(25);
      }
      throw new Error(`never seen: ${JSON.stringify(await call("seen")).slice(0, 2000)}`);
    },
    go: async () => void (await call("go")),
    close: async () => void (await call("close")),
  };
}

/** A port on which nothing listens. */
export async function deadPort(): Promise<number> {
  const upstream = await scriptedUpstream([]);
  await upstream.close();
  return upstream.port;
}

/** `fetch` reaches a node by name; `socket` by its address. */
export type Way = "fetch" | "socket";

export const WAYS: readonly Way[] = ["fetch", "socket"];

export function nodesOf(way: Way, ...ports: number[]): UpstreamNode[] {
  const host = way === "fetch" ? "localhost" : "127.0.0.1";
  return ports.map((port) => ({ host, port, weight: 1, priority: 0 }));
}

export function anUpstream(fields: Partial<Upstream> & Pick<Upstream, "nodes">): Upstream {
  return {
    type: "roundrobin",
    scheme: "http",
    pass_host: "node",
    hash_on: "vars",
    ...fields,
  };
}

export function aTarget(upstream: Upstream, fields: Partial<ProxyTarget> = {}): ProxyTarget {
  return {
    upstream,
    // The rotation begins with the first node, so that tests know which one is tried first.
    balancer: createBalancer(upstream, balancerDeps({ now: () => Date.now(), random: () => 0 })),
    health: ALWAYS_HEALTHY,
    timeout: undefined,
    enableWebsocket: false,
    stopsWithClient: true,
    client: { address: "192.0.2.7", scheme: "http", hostHeader: "client.test", port: 80 },
    variables: { get: () => undefined },
    rawTarget: "/",
    waitUntil: () => undefined,
    ...fields,
  };
}

export const deps: ProxyDeps = {
  fetch: (url, init) => fetch(url, init),
  connect,
  now: () => Date.now(),
  hearsOfLeaving: true,
  timers: {
    after: (ms, action) => {
      const timer = setTimeout(action, ms);
      return () => clearTimeout(timer);
    },
  },
  randomBytes: (count) => crypto.getRandomValues(new Uint8Array(count)),
  server: "APISIX",
};

export const proxy = createProxy(deps);

/** Sends one request through the proxy. */
export function through(
  upstream: Upstream,
  init: RequestInit = {},
  fields: Partial<ProxyTarget> = {},
): Promise<Response> {
  const request = new Request("http://client.test/", init);
  return proxy(request, aTarget(upstream, fields));
}

/** One request to one upstream with this script. */
export async function exchanged(way: Way, script: Step[], init: RequestInit = {}, target = "/") {
  const upstream = await scriptedUpstream(script);
  const response = await through(anUpstream({ nodes: nodesOf(way, upstream.port) }), init, {
    rawTarget: target,
  });
  return { upstream, response };
}

/** What an upstream's first connection received: its first line, its headers by name in lower case. */
export async function received(upstream: ScriptedUpstream) {
  const [seen] = await upstream.seen();
  const [first = "", ...lines] = (seen?.text ?? "").split("\r\n\r\n")[0]?.split("\r\n") ?? [];
  const headers = new Map(
    lines.map((line) => {
      const colon = line.indexOf(":");
      return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()] as const;
    }),
  );
  return { first, headers, text: seen?.text ?? "" };
}
