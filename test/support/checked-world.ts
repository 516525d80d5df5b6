import { ActiveVerdicts } from "../../edge/health/active-verdicts.ts";
import { CheckedUpstream } from "../../edge/health/checked-upstream.ts";
import { encodeOverlay, type HealthOverlay } from "../../shared/health/overlay.ts";
import type { Upstream } from "../../shared/resources/upstream.ts";

/** Upstreams with health checks, and what probes say of them, for tests of the edge. */

export type Checks = NonNullable<Upstream["checks"]>;

export const KEY = "upstreams/1";

/** As the exporter normalises `checks`; `passive` and `active` are put over APISIX's defaults. */
export function someChecks(passive: object = {}, active: object = {}): Checks {
  return {
    active: {
      type: "http",
      http_path: "/",
      healthy: { interval: 1, http_statuses: [200, 302], successes: 2 },
      unhealthy: {
        interval: 1,
        http_statuses: [429, 404, 500, 501, 502, 503, 504, 505],
        http_failures: 5,
        tcp_failures: 2,
        timeouts: 3,
      },
      ...active,
    },
    passive: {
      type: "http",
      healthy: { http_statuses: [200, 201, 302], successes: 5 },
      unhealthy: {
        http_statuses: [429, 500, 503],
        tcp_failures: 2,
        timeouts: 7,
        http_failures: 5,
      },
      ...passive,
    },
  };
}

/** Nodes `host:port`, or `host:port=weight`. */
export function checkedUpstream(nodes: readonly string[], checks: Checks | undefined): Upstream {
  return {
    type: "roundrobin",
    scheme: "http",
    pass_host: "node",
    hash_on: "vars",
    nodes: nodes.map((text) => {
      const [host = "", port, weight = "1"] = text.split(/[:=]/);
      return { host, port: Number(port), weight: Number(weight), priority: 0 };
    }),
    ...(checks ? { checks } : {}),
  };
}

export function anOverlay(
  writtenAtMs: number,
  down: HealthOverlay["down"] = {},
  change: Partial<HealthOverlay> = {},
): HealthOverlay {
  return {
    format: 1,
    namespace: "default",
    writtenAt: new Date(writtenAtMs).toISOString(),
    writtenBy: "a test",
    validSeconds: 30,
    down,
    leftToEdge: [],
    ...change,
  };
}

export const overlayBytes = (...args: Parameters<typeof anOverlay>) =>
  encodeOverlay(anOverlay(...args));

/** One upstream's health on a clock that the test sets. */
export function checkedWorld(nodes: readonly string[], checks: Checks | undefined) {
  const clock = { now: 1_000_000_000 };
  const now = () => clock.now;
  const verdicts = new ActiveVerdicts(now);
  const deps = { verdicts, now };
  const upstream = checkedUpstream(nodes, checks);
  const health = new CheckedUpstream(KEY, upstream, deps);
  return { clock, verdicts, deps, ...watched(health, upstream) };
}

/** Says of nodes what `health` says, by `host:port`. */
export function watched(health: CheckedUpstream, upstream: Upstream) {
  const named = (name: string) => {
    const node = upstream.nodes.find(({ host, port }) => `${host}:${port}` === name);
    if (!node) throw new Error(`no node ${name}`);
    return node;
  };
  return {
    health,
    usable: () => {
      const isUsable = health.usable();
      return upstream.nodes.filter(isUsable).map(({ host, port }) => `${host}:${port}`);
    },
    answered: (name: string, status: number, times = 1) => {
      for (let i = 0; i < times; i++) health.attempted(named(name), { is: "answered", status });
    },
    failed: (name: string, kind: "tcp" | "timeout", times = 1) => {
      for (let i = 0; i < times; i++) health.attempted(named(name), { is: "failed", kind });
    },
  };
}
