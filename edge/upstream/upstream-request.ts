import type { Timeout } from "../../shared/resources/upstream.ts";
import type { DialPlan } from "./dial-plan.ts";
import type { Timers } from "./timers.ts";

/** One attempt at one node. */
export interface UpstreamRequest {
  readonly plan: DialPlan;
  readonly method: string;
  /** Path and query, as the client sent them. */
  readonly target: string;
  /** Without Host and hop-by-hop headers. */
  readonly headers: Headers;
  readonly body: ReadableStream<Uint8Array> | Uint8Array | null;
  /** The client asks for a WebSocket, and may have it. */
  readonly websocket: boolean;
  /** Seconds. */
  readonly timeout: Timeout;
}

/** What reaching a node needs of the platform. */
export interface DialDeps {
  readonly fetch: typeof fetch;
  readonly connect: Connect;
  readonly timers: Timers;
  /** Random bytes, for WebSocket keys and masks. */
  readonly randomBytes: (count: number) => Uint8Array;
  readonly server: string;
}

/** `connect` of `cloudflare:sockets`. */
export type Connect = (address: SocketAddress, options: SocketOptions) => Socket;
