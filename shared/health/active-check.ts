import type { Upstream, UpstreamNode } from "../resources/upstream.ts";
import type { HealthLimits, Observation } from "./node-health.ts";

/**
 * What active health checks do, as an upstream's `checks.active` says it and lua-resty-healthcheck does
 * it: whom to probe, with what, how often, and what the answer means. How the bytes are moved is the
 * prober's.
 */

/** `checks.active` with everything filled in. */
export interface ActiveCheck {
  readonly type: "http" | "https" | "tcp";
  /** For each step: the connection, the handshake, the answer. */
  readonly timeoutMs: number;
  /** How many nodes of the upstream are probed at once. */
  readonly concurrency: number;
  readonly host: string | undefined;
  readonly port: number | undefined;
  readonly method: string;
  readonly path: string;
  readonly body: string;
  readonly headers: readonly (readonly [name: string, value: string])[];
  readonly verifyCertificate: boolean;
  readonly healthy: {
    /** 0: healthy nodes are not probed. */
    readonly intervalMs: number;
    readonly statuses: ReadonlySet<number>;
    readonly successes: number;
  };
  readonly unhealthy: {
    /** 0: dead nodes are not probed. */
    readonly intervalMs: number;
    readonly statuses: ReadonlySet<number>;
    readonly httpFailures: number;
    readonly tcpFailures: number;
    readonly timeouts: number;
  };
}

/** One probe of one node: what to reach and what to say. */
export interface Probe {
  readonly type: "http" | "https" | "tcp";
  /** A name or an address, an IPv6 one without brackets. */
  readonly host: string;
  readonly port: number;
  /** The Host header; without its port the name that TLS asks for. */
  readonly hostHeader: string;
  readonly method: string;
  /** Begins with `/`, without white space or control characters. */
  readonly path: string;
  /** Without Host, Connection and what frames the body; a prober sends those itself. */
  readonly headers: readonly (readonly [name: string, value: string])[];
  /** Empty: none. */
  readonly body: string;
  readonly verifyCertificate: boolean;
  readonly timeoutMs: number;
}

/**
 * What a probe came to. `status` 0: an answer that is not HTTP; `connected`: of a `tcp` check.
 * `tcp-failure` is whatever else goes wrong, a refused certificate as well.
 */
export type ProbeResult = { readonly status: number } | "connected" | "tcp-failure" | "timeout";

type Checks = NonNullable<Upstream["checks"]>["active"];

/** Node's timers hold no more. */
const MAX_DELAY_MS = 2 ** 31 - 1;

/** OpenResty's for a socket whose time-out is 0. */
const NO_TIMEOUT_MS = 60_000;

/** Undefined without `checks.active`. */
export function activeCheckOf(upstream: Upstream): ActiveCheck | undefined {
  const active = upstream.checks?.active;
  if (!active) return undefined;
  const { healthy, unhealthy } = active;
  return {
    type: active.type ?? "http",
    timeoutMs: timeoutMs(active.timeout ?? 1),
    // The library puts all nodes into one queue where it is below 1.
    concurrency: Math.max(1, active.concurrency ?? 10),
    host: active.host,
    port: active.port,
    method: active.http_method ?? "GET",
    path: requestPath(active.http_path ?? "/"),
    body: active.http_req_body ?? "",
    headers: (active.req_headers ?? []).map(parseHeader).filter((header) => header !== undefined),
    verifyCertificate: active.https_verify_certificate ?? true,
    healthy: {
      intervalMs: intervalMs(healthy),
      statuses: new Set(healthy?.http_statuses ?? [200, 302]),
      successes: healthy?.successes ?? 2,
    },
    unhealthy: {
      intervalMs: intervalMs(unhealthy),
      statuses: new Set(unhealthy?.http_statuses ?? [429, 404, 500, 501, 502, 503, 504, 505]),
      httpFailures: unhealthy?.http_failures ?? 5,
      tcpFailures: unhealthy?.tcp_failures ?? 2,
      timeouts: unhealthy?.timeouts ?? 3,
    },
  };
}

/** Elements of `req_headers` that are no `Name: value`; they are not sent. */
export function malformedHeaders(active: Checks): readonly string[] {
  return (active.req_headers ?? []).filter((line) => parseHeader(line) === undefined);
}

export function probeOf(upstream: Upstream, node: UpstreamNode, check: ActiveCheck): Probe {
  const ownHost = check.headers.find(([name]) => name.toLowerCase() === "host")?.[1];
  return {
    type: check.type,
    host: node.host.replace(/^\[|\]$/g, ""),
    port: check.port ?? portOf(upstream, node),
    hostHeader: ownHost ?? hostHeader(upstream, node, check),
    method: check.method,
    path: check.path,
    headers: check.headers.filter(([name]) => !SENT_BY_PROBER.has(name.toLowerCase())),
    body: check.body,
    verifyCertificate: check.verifyCertificate,
    timeoutMs: check.timeoutMs,
  };
}

/** Undefined where the result says nothing: a status of neither list. */
export function observationOf(check: ActiveCheck, result: ProbeResult): Observation | undefined {
  if (result === "connected") return "success";
  if (typeof result === "string") return result;
  if (check.healthy.statuses.has(result.status)) return "success";
  const isFailure = result.status === 0 || check.unhealthy.statuses.has(result.status);
  return isFailure ? "http-failure" : undefined;
}

export function limitsOf({ healthy, unhealthy }: ActiveCheck): HealthLimits {
  return {
    success: healthy.successes,
    "http-failure": unhealthy.httpFailures,
    "tcp-failure": unhealthy.tcpFailures,
    timeout: unhealthy.timeouts,
  };
}

/** `host:port` as the overlay names a node (FORMAT.md 10.3), whatever port its probes go to. */
export function nodeAddress(upstream: Pick<Upstream, "scheme">, node: UpstreamNode): string {
  return `${node.host}:${portOf(upstream, node)}`;
}

/** The label with which an upstream leaves its checks to the edge's scheduled job, at `edge`. */
export const CHECKS_LABEL = "snapgate/checks";

/** True where the exporter cannot reach the nodes, as the upstream says itself. */
export function isLeftToEdge(upstream: Upstream): boolean {
  return upstream.labels?.[CHECKS_LABEL] === "edge";
}

const SCHEME_PORTS: Readonly<Record<string, number>> = { https: 443, grpcs: 443, tls: 443 };

function portOf({ scheme }: Pick<Upstream, "scheme">, { port }: UpstreamNode): number {
  return port ?? SCHEME_PORTS[scheme] ?? 80;
}

/** APISIX resolves the name of a node first and sends its address then; here the name stays. */
function hostHeader(upstream: Upstream, node: UpstreamNode, check: ActiveCheck): string {
  if (upstream.pass_host === "rewrite" && upstream.upstream_host !== undefined) {
    return upstream.upstream_host;
  }
  if (upstream.pass_host === "node" && !isAddress(node.host)) return node.host;
  return check.host ?? node.host;
}

function isAddress(host: string): boolean {
  return host.startsWith("[") || /^\d{1,3}(\.\d{1,3}){3}$/.test(host);
}

/** The library's own default is 0: it is 1 s only where the object is there (apisix.md 1.1). */
function intervalMs(side: { readonly interval?: number | undefined } | undefined): number {
  if (!side) return 0;
  return Math.min((side.interval ?? 1) * 1000, MAX_DELAY_MS);
}

function timeoutMs(seconds: number): number {
  return seconds > 0 ? Math.min(Math.ceil(seconds * 1000), MAX_DELAY_MS) : NO_TIMEOUT_MS;
}

/** A path without its slash would run into the port of a URL; white space would end the request line. */
function requestPath(path: string): string {
  const whole = path.startsWith("/") ? path : `/${path}`;
  return [...whole].map((char) => (isGap(char) ? encodeURIComponent(char) : char)).join("");
}

function isGap(char: string): boolean {
  return char <= " " || char === "\x7f";
}

const SENT_BY_PROBER: ReadonlySet<string> = new Set([
  "host",
  "connection",
  "content-length",
  "transfer-encoding",
]);

function parseHeader(line: string): readonly [string, string] | undefined {
  const match = /^([!#$%&'*+.^_`|~0-9A-Za-z-]+):[ \t]*([^\r\n\0]*)$/.exec(line);
  return match ? [match[1] as string, (match[2] as string).trimEnd()] : undefined;
}
