import { freePort } from "../../examples/quick-start/ports.ts";
import { startWorker } from "../../examples/quick-start/workerd.ts";
import { type Stack, startStack } from "../../test/support/stack.ts";
import { startNginxProxy, startNginxUpstream } from "../support/nginx.ts";
import { childrenNamed, requireCommands } from "../support/processes.ts";

/** A server in front of the upstream that all share. */
export interface Contender {
  readonly name: string;
  readonly url: string;
  readonly pid: number;
}

export interface Contenders {
  readonly byFetch: Contender;
  readonly bySocket: Contender;
  /** Only `fetch(upstream + path, request)`. */
  readonly bare: Contender;
  /** The bare worker with the headers that APISIX writes, both ways: the least that a gateway must do. */
  readonly sameHeaders: Contender;
  readonly nginx: Contender;
  stop(): Promise<void>;
}

/** Snapgate, two workers without a gateway and nginx, before one upstream of 1 KB answers. */
export async function startContenders(): Promise<Contenders> {
  requireCommands({ wrk: "wrk", nginx: "nginx-light" });
  const upstreamPort = await freePort();
  const upstream = await startNginxUpstream(upstreamPort);
  const proxyPort = await freePort();
  const proxy = await startNginxProxy(proxyPort, upstreamPort);
  const stack = await startStack({ edge: { REFRESH_INTERVAL_MS: "5000" } });
  const edgePid = youngestWorkerd();
  const bare = await startWorker({ name: "bare", script: passThrough(upstreamPort), port: 0 });
  const barePid = youngestWorkerd();
  const script = withHeaders(upstreamPort);
  const sameHeaders = await startWorker({ name: "same-headers", script, port: 0 });
  const sameHeadersPid = youngestWorkerd();
  await routeBothWays(stack, upstreamPort);
  return {
    byFetch: { name: "snapgate, by fetch", url: `${stack.edge.url}/fetch/x`, pid: edgePid },
    bySocket: { name: "snapgate, by socket", url: `${stack.edge.url}/socket/x`, pid: edgePid },
    bare: { name: "bare pass-through worker", url: `${bare.url}/x`, pid: barePid },
    sameHeaders: {
      name: "bare worker, APISIX's headers",
      url: `${sameHeaders.url}/x`,
      pid: sameHeadersPid,
    },
    nginx: { name: "nginx", url: `http://127.0.0.1:${proxyPort}/x`, pid: proxy.pid },
    stop: async () => {
      await sameHeaders.stop();
      await bare.stop();
      await stack.stop();
      await proxy.stop();
      await upstream.stop();
    },
  };
}

function youngestWorkerd(): number {
  const pid = childrenNamed("workerd").at(-1);
  if (pid === undefined) throw new Error("no workerd is running");
  return pid;
}

function passThrough(upstreamPort: number): string {
  return `export default { fetch(request) {
    const url = new URL(request.url);
    return fetch("http://127.0.0.1:${upstreamPort}" + url.pathname + url.search, request);
  } };`;
}

function withHeaders(upstreamPort: number): string {
  return `export default { async fetch(request) {
    const url = new URL(request.url);
    const sent = new Request("http://127.0.0.1:${upstreamPort}" + url.pathname + url.search, request);
    sent.headers.set("x-real-ip", "127.0.0.1");
    sent.headers.set("x-forwarded-for", "127.0.0.1");
    sent.headers.set("x-forwarded-proto", "http");
    sent.headers.set("x-forwarded-host", url.host);
    sent.headers.set("x-forwarded-port", url.port);
    const answer = await fetch(sent);
    const response = new Response(answer.body, answer);
    response.headers.set("content-type", "text/plain; charset=utf-8");
    response.headers.set("server", "APISIX");
    return response;
  } };`;
}

/** `pass_host: node` lets the edge use fetch; the client's own Host needs the socket exchange. */
async function routeBothWays(stack: Stack, upstreamPort: number): Promise<void> {
  const nodes = { [`localhost:${upstreamPort}`]: 1 };
  await stack.put("routes/fetch", { uri: "/fetch/*", upstream: { nodes, pass_host: "node" } });
  await stack.put("routes/socket", { uri: "/socket/*", upstream: { nodes } });
  await stack.served("/fetch/x");
  await stack.served("/socket/x");
}
