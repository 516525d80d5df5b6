import type { Variables } from "../../shared/expression/variables.ts";
import type { Client } from "../../shared/request/client.ts";
import type { Timeout, Upstream } from "../../shared/resources/upstream.ts";
import type { Balancer } from "../balancer/balancer.ts";
import type { UpstreamHealth } from "../balancer/upstream-health.ts";
import type { UpstreamBinding } from "./upstream-bindings.ts";

/** A request's head after plugins had their way with it. */
export interface SentHead {
  readonly method: string;
  /** As they go out, but for what a connection needs; taken over. */
  readonly headers: Headers;
  /** In place of the client's own Host. */
  readonly host: string | undefined;
  /** A copy of a request: it does not tell where its client is. */
  readonly isCopy?: boolean;
}

/** What an attempt at a node came to. */
export interface EndedAttempt {
  readonly host: string;
  readonly port: number;
  /** Of the answer, or what the failure counts as. */
  readonly status: number;
  /** Milliseconds until the answer's head, or the failure. */
  readonly ms: number;
}

/** Where a request goes, once route, service and upstream have been merged. */
export interface ProxyTarget {
  readonly upstream: Upstream;
  readonly balancer: Balancer;
  readonly health: UpstreamHealth;
  /** Carries the requests in place of `fetch` and sockets. */
  readonly binding?: UpstreamBinding | undefined;
  /** In place of the upstream's own, where a plugin asks for it. */
  readonly scheme?: "http" | "https" | undefined;
  /** Undefined: as the client sent it. */
  readonly head?: SentHead | undefined;
  /** Hears of every attempt once it has an answer, or has failed. */
  readonly onAttempt?: ((attempt: EndedAttempt) => void) | undefined;
  /** The route's time-outs; they win over the upstream's. */
  readonly timeout: Timeout | undefined;
  readonly enableWebsocket: boolean;
  /**
   * Stops when the client goes, where the platform tells of it. What goes by no plugin needs no telling: the
   * platform stops it by itself.
   */
  readonly stopsWithClient?: boolean | undefined;
  readonly client: Client;
  /** The request's. */
  readonly variables: Variables;
  /** Path and query as they go out; nothing here is normalised. */
  readonly rawTarget: string;
  /** Has the platform go on with this when the client has its answer, or has gone. */
  readonly waitUntil: (work: Promise<unknown>) => void;
  /** The request's body, where it had to be read before; undefined: it still lies in the request. */
  readonly ahead?: Uint8Array | ReadableStream<Uint8Array> | undefined;
}
