import { createServer, type IncomingMessage } from "node:http";
import type { TestProject } from "vitest/node";
import { listen, ScriptedUpstream } from "./scripted-upstream.ts";
import type { Step } from "./upstream-scripts.ts";

/**
 * Scripted upstreams for tests inside workerd, which tell them over HTTP what to do.
 * `POST /open` with one script a connection (the last one repeats) → a port; `/seen`, `/go`, `/close`.
 */

declare module "vitest" {
  interface ProvidedContext {
    scriptedUpstreams: number;
  }
}

export async function setup(project: TestProject): Promise<() => Promise<void>> {
  const upstreams = new Map<number, ScriptedUpstream>();
  const control = createServer((request, response) => {
    answer(request, upstreams).then(
      (body) => response.end(JSON.stringify(body)),
      (error) => response.writeHead(500).end(String(error)),
    );
  });
  project.provide("scriptedUpstreams", await listen(control));
  return async () => {
    for (const upstream of upstreams.values()) upstream.close();
    control.closeAllConnections();
    control.close();
  };
}

async function answer(request: IncomingMessage, upstreams: Map<number, ScriptedUpstream>) {
  const url = new URL(request.url ?? "/", "http://control");
  if (url.pathname === "/open") {
    const scripts = JSON.parse(await textOf(request)) as Step[][];
    const upstream = new ScriptedUpstream(scripts);
    const port = await listen(upstream.server);
    upstreams.set(port, upstream);
    return { port };
  }
  const upstream = upstreams.get(Number(url.searchParams.get("port")));
  if (!upstream) throw new Error(`no upstream for ${url}`);
  if (url.pathname === "/go") upstream.go();
  if (url.pathname === "/close") upstream.close();
  return upstream.seen();
}

async function textOf(request: IncomingMessage): Promise<string> {
  const pieces: Buffer[] = [];
  for await (const piece of request) pieces.push(piece as Buffer);
  return Buffer.concat(pieces).toString();
}
