import { Agent, get, type IncomingMessage } from "node:http";
import { setTimeout as sleep } from "node:timers/promises";

/** One request of an open loop. Times in milliseconds since the load's begin. */
export interface Arrival {
  /** When it was due; a client that is late itself counts as waiting. */
  readonly at: number;
  readonly latencyMs: number;
  /** 0: no answer. */
  readonly status: number;
}

export interface OpenLoop {
  readonly url: string;
  readonly perSecond: number;
  readonly seconds: number;
  /** Connections that stay open throughout; without it as many as it takes. */
  readonly connections?: number;
}

/** A client waits that long for an answer. */
const PATIENCE_MS = 30_000;

/**
 * Requests at a fixed rate, whether or not earlier ones have been answered, as many clients that know
 * nothing of each other make them: a server that stalls cannot slow its load down.
 */
export async function openLoop({
  url,
  perSecond,
  seconds,
  connections,
}: OpenLoop): Promise<readonly Arrival[]> {
  const agents = openAgents(connections);
  // Each connection is opened by a request that does not count.
  for (const part of inParts(connections === undefined ? [] : agents, 100)) {
    await Promise.all(part.map((agent) => ask(url, agent, performance.now())));
  }
  const began = performance.now();
  const total = Math.round(perSecond * seconds);
  const arrivals: Promise<Arrival>[] = [];
  while (arrivals.length < total) {
    const due = Math.min(total, Math.ceil(((performance.now() - began) * perSecond) / 1000));
    while (arrivals.length < due) {
      const dueAt = (arrivals.length * 1000) / perSecond;
      const agent = agents[arrivals.length % agents.length] as Agent;
      const asked = ask(url, agent, began + dueAt);
      arrivals.push(asked.then((answer) => ({ at: dueAt, ...answer })));
    }
    await sleep(1);
  }
  const answered = await Promise.all(arrivals);
  for (const agent of agents) agent.destroy();
  return answered;
}

function openAgents(connections: number | undefined): readonly Agent[] {
  if (connections === undefined) return [new Agent({ keepAlive: true })];
  return Array.from({ length: connections }, () => new Agent({ keepAlive: true, maxSockets: 1 }));
}

function inParts<T>(all: readonly T[], size: number): readonly (readonly T[])[] {
  const count = Math.ceil(all.length / size);
  return Array.from({ length: count }, (_, i) => all.slice(i * size, (i + 1) * size));
}

function ask(url: string, agent: Agent, dueAt: number): Promise<Omit<Arrival, "at">> {
  return new Promise((resolve) => {
    const end = (status: number) => resolve({ latencyMs: performance.now() - dueAt, status });
    const read = (response: IncomingMessage) => {
      response.resume();
      response.once("end", () => end(response.statusCode ?? 0));
      response.once("error", () => end(0));
    };
    const request = get(url, { agent, timeout: PATIENCE_MS }, read);
    request.once("timeout", () => request.destroy(new Error("no answer")));
    request.once("error", () => end(0));
  });
}
