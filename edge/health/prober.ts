import type { Probe, ProbeResult } from "../../shared/health/active-check.ts";
import type { Timeout, Upstream, UpstreamNode } from "../../shared/resources/upstream.ts";
import { byFetch } from "../upstream/by-fetch.ts";
import { bySocket, openSocket } from "../upstream/by-socket.ts";
import { createDialPlanner, type DialPlan } from "../upstream/dial-plan.ts";
import { UpstreamFailure } from "../upstream/failure.ts";
import { isBodiless } from "../upstream/outgoing-body.ts";
import type { DialDeps, UpstreamRequest } from "../upstream/upstream-request.ts";

/** Probes a node once. Throws `SubrequestsSpent` or `UnsendableProbe`. */
export type SendProbe = (probe: Probe) => Promise<ProbeResult>;

/** The platform lets this run ask nobody any more: what comes of it says nothing about a node. */
export class SubrequestsSpent extends Error {
  override readonly name = "SubrequestsSpent";
}

/** Something in its configuration cannot be sent, so that nothing was learnt of the node. */
export class UnsendableProbe extends Error {
  override readonly name = "UnsendableProbe";
}

/** What `fetch` never sends. */
const SOCKET_METHODS: ReadonlySet<string> = new Set(["CONNECT", "TRACE"]);

/** Connecting, sending and answering have a time-out each; all together end here. */
const STEPS = 3;

/** Probes reach nodes in the same ways as requests do: by fetch, by a socket, by the private network. */
export function createProber(deps: DialDeps): SendProbe {
  const planDial = createDialPlanner(deps.privateNetwork !== undefined);
  return async (probe) => {
    const { upstream, node } = asUpstream(probe);
    const plan = planDial(upstream, node, {
      clientHost: probe.hostHeader,
      target: probe.path,
      fetchMaySend:
        !SOCKET_METHODS.has(probe.method) && (probe.body === "" || !isBodiless(probe.method)),
    });
    const aborting = new AbortController();
    const limitMs = STEPS * probe.timeoutMs;
    const cancel = deps.timers.after(limitMs, () => aborting.abort());
    try {
      return await send(probe, plan, aborting.signal, deps);
    } catch (error) {
      if (isSpent(error)) throw new SubrequestsSpent(String(error), { cause: error });
      return aborting.signal.aborted ? "timeout" : resultOf(error);
    } finally {
      cancel();
    }
  };
}

async function send(
  probe: Probe,
  plan: DialPlan,
  signal: AbortSignal,
  deps: DialDeps,
): Promise<ProbeResult> {
  if (probe.type === "tcp") {
    const socket = await openSocket(plan, probe.timeoutMs, deps);
    void socket.close().catch(() => undefined);
    return "connected";
  }
  const request = requestOf(probe, plan, signal);
  const answer = await (plan.via === "fetch" ? byFetch(request, deps) : bySocket(request, deps));
  void answer.body?.cancel().catch(() => undefined);
  return { status: answer.status };
}

function requestOf(probe: Probe, plan: DialPlan, signal: AbortSignal): UpstreamRequest {
  const seconds = probe.timeoutMs / 1000;
  const timeout: Timeout = { connect: seconds, send: seconds, read: seconds };
  const headers = new Headers();
  for (const [name, value] of probe.headers) headers.append(name, value);
  const bytes = new TextEncoder().encode(probe.body);
  return {
    plan,
    method: probe.method,
    target: probe.path,
    headers,
    body: bytes.length === 0 ? { is: "none" } : { is: "bytes", bytes },
    websocket: false,
    timeout,
    limitsReads: false,
    signal,
  };
}

/** What the dial plan is made of, where the node is the probe's only one. */
function asUpstream({ type, host, port, hostHeader }: Probe) {
  const node: UpstreamNode = {
    host: host.includes(":") ? `[${host}]` : host,
    port,
    weight: 1,
    priority: 0,
  };
  const upstream: Upstream = {
    type: "roundrobin",
    scheme: type === "https" ? "https" : "http",
    pass_host: "rewrite",
    upstream_host: hostHeader,
    hash_on: "vars",
    nodes: [node],
  };
  return { upstream, node };
}

function resultOf(error: unknown): ProbeResult {
  if (!(error instanceof UpstreamFailure))
    throw new UnsendableProbe(String(error), { cause: error });
  if (error.kind === "timeout") return "timeout";
  return error.kind === "malformed" ? { status: 0 } : "tcp-failure";
}

/** The platform says so in words only, in the failure or in its cause. */
function isSpent(error: unknown): boolean {
  for (let at = error; at instanceof Error; at = at.cause) {
    if (/too many subrequests/i.test(at.message)) return true;
  }
  return false;
}
