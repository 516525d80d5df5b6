import type { Exchange } from "../exchange.ts";
import type { B3 } from "./b3.ts";

/** A span in Zipkin's JSON, release 2; times in microseconds. */
export interface ZipkinSpan {
  readonly traceId: string;
  readonly id: string;
  readonly parentId?: string;
  readonly name: string;
  readonly kind?: "SERVER";
  readonly timestamp: number;
  readonly duration: number;
  readonly localEndpoint: object;
  readonly remoteEndpoint?: object;
  readonly tags: Readonly<Record<string, string>>;
}

export interface TraceOptions {
  /** How APISIX cuts a request into spans: 1 by phases, 2 by what was waited for. */
  readonly span_version: 1 | 2;
  readonly service_name: string;
  readonly server_addr?: string;
  /** So many random bytes, in hexadecimal digits. */
  readonly newId: (bytes: number) => string;
}

/** A span below the request's. */
interface Child {
  readonly traceId: string;
  readonly id: string;
  readonly parentId: string;
  readonly name: string;
  readonly startedAt: number;
}

/** The spans of one request, as it goes on; times in milliseconds since 1970. */
export class RequestTrace {
  readonly #exchange: Exchange;
  readonly #options: TraceOptions;
  readonly #traceId: string;
  readonly #id: string;
  readonly #parentId: string | undefined;
  readonly #ended: ZipkinSpan[] = [];
  #proxy: Child | undefined;
  #answer: Child | undefined;

  constructor(exchange: Exchange, b3: B3, options: TraceOptions) {
    this.#exchange = exchange;
    this.#options = options;
    this.#traceId = b3.traceId ?? options.newId(16);
    this.#id = options.newId(8);
    this.#parentId = b3.spanId;
    const { startedAt } = exchange;
    if (options.span_version === 2) this.#proxy = this.#child("apisix.proxy", startedAt);
    else this.#end(this.#child("apisix.rewrite", startedAt), exchange.now());
  }

  /** The request goes on to a node; answers the span that the node's own are below. */
  proxied(now: number): Child {
    if (this.#options.span_version === 1) {
      this.#end(this.#child("apisix.access", now), now);
      this.#proxy = this.#child("apisix.proxy", now);
    }
    this.#proxy ??= this.#child("apisix.proxy", now);
    return this.#proxy;
  }

  /** There is the head of an answer. */
  answered(now: number): void {
    if (this.#options.span_version === 1) {
      if (this.#proxy) this.#answer = this.#child("apisix.body_filter", now, this.#proxy.id);
      return;
    }
    if (this.#proxy) this.#end(this.#proxy, now);
    this.#proxy = undefined;
    this.#answer = this.#child("apisix.response_span", now);
  }

  /** All of them; the request's own is the last. */
  ended(now: number, status: number): readonly ZipkinSpan[] {
    if (this.#answer) this.#end(this.#answer, now);
    if (this.#proxy) this.#end(this.#proxy, now);
    const { client, method, startedAt, variables } = this.#exchange;
    this.#ended.push({
      traceId: this.#traceId,
      id: this.#id,
      ...(this.#parentId === undefined ? {} : { parentId: this.#parentId }),
      name: "apisix.request",
      kind: "SERVER",
      ...times(startedAt, now),
      localEndpoint: this.#localEndpoint(),
      remoteEndpoint: { [client.address.includes(":") ? "ipv6" : "ipv4"]: client.address },
      tags: {
        component: "apisix",
        "http.method": method,
        "http.url": String(variables.get("request_uri")),
        "http.status_code": String(status),
      },
    });
    return this.#ended;
  }

  #child(name: string, startedAt: number, parentId = this.#id): Child {
    return { traceId: this.#traceId, id: this.#options.newId(8), parentId, name, startedAt };
  }

  #end({ startedAt, ...span }: Child, now: number): void {
    const localEndpoint = this.#localEndpoint();
    this.#ended.push({ ...span, ...times(startedAt, now), localEndpoint, tags: {} });
  }

  #localEndpoint(): object {
    const { service_name: serviceName, server_addr: ipv4 } = this.#options;
    const port = Number(this.#exchange.variables.get("server_port"));
    return { serviceName, ...(ipv4 === undefined ? {} : { ipv4 }), port };
  }
}

function times(startedAt: number, endedAt: number) {
  const timestamp = Math.round(startedAt * 1000);
  return { timestamp, duration: Math.round(endedAt * 1000) - timestamp };
}
