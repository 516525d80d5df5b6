import type { Timeout } from "../../shared/resources/upstream.ts";
import type { DialPlan } from "./dial-plan.ts";
import type { RequestBody } from "./http1/exchange.ts";
import type { Network } from "./network.ts";
import type { Timers } from "./timers.ts";

/** One attempt at one node. */
export interface UpstreamRequest {
  readonly plan: DialPlan;
  readonly method: string;
  /** Path and query, as the client sent them. */
  readonly target: string;
  /** Without Host, Content-Length and hop-by-hop headers. */
  readonly headers: Headers;
  readonly body: RequestBody;
  /** The client asks for a WebSocket, and may have it. */
  readonly websocket: boolean;
  /** Seconds. */
  readonly timeout: Timeout;
  /** The time-outs are configured, not nginx's default. */
  readonly limitsReads: boolean;
  /** Aborts when the client goes away; undefined where the platform does not tell. */
  readonly signal: AbortSignal | undefined;
}

/** What reaching a node needs of the platform. */
export interface DialDeps extends Network {
  /** A Workers VPC network; it carries the requests to nodes with private addresses. */
  readonly privateNetwork?: Network | undefined;
  readonly timers: Timers;
  /** Random bytes, for WebSocket keys and masks. */
  readonly randomBytes: (count: number) => Uint8Array;
  /** The Server header of every response. */
  readonly server: string;
}

export function networkOf({ isByPrivateNetwork }: DialPlan, deps: DialDeps): Network {
  return (isByPrivateNetwork && deps.privateNetwork) || deps;
}

/** What sends the request of a plan that goes by `fetch`. */
export function fetcherOf(plan: DialPlan, deps: DialDeps): Pick<Network, "fetch"> {
  return plan.binding?.fetcher ?? networkOf(plan, deps);
}
