import { Counter, Gauge, Registry } from "prom-client";
import { downNodes, PROBE_OUTCOMES } from "./health/health-state.ts";
import { isReady, type StatusSources } from "./status.ts";

type Reading = readonly [name: string, help: string, read: (sources: StatusSources) => number];

/** Present values. Seconds and bytes, as Prometheus has it. */
const GAUGES: readonly Reading[] = [
  ["snapgate_ready", "1 when the exporter is ready", (s) => Number(isReady(s))],
  ["snapgate_leader", "1 on the replica that publishes", (s) => Number(s.state.role === "leader")],
  ["snapgate_generation", "The live generation", (s) => s.state.pointer?.manifest.generation ?? 0],
  [
    "snapgate_etcd_connected",
    "1 while the watch on etcd is live",
    (s) => Number(s.health.state === "live"),
  ],
  ["snapgate_etcd_revision", "The revision the mirror stands at", (s) => s.health.revision],
  [
    "snapgate_published_revision",
    "The newest revision that is live",
    (s) => s.state.publishedRevision ?? 0,
  ],
  [
    "snapgate_lag_seconds",
    "Age of the oldest change that is not live",
    (s) => (s.state.waitingSince === undefined ? 0 : (s.now - s.state.waitingSince) / 1000),
  ],
  ["snapgate_rejections", "Keys whose value could not be used", (s) => s.rejections.length],
  [
    "snapgate_operator_hold",
    "1 while an operator holds a generation",
    (s) => Number(s.state.hold !== undefined),
  ],
  [
    "snapgate_loss_hold",
    "1 while the loss guard holds a publish",
    (s) => Number(s.state.heldLoss !== undefined),
  ],
  [
    "snapgate_discovered_services",
    "Services that DNS is asked for",
    (s) => s.discovery.services.length,
  ],
  [
    "snapgate_discovery_failing",
    "Services that DNS has no answer for at present",
    (s) => s.discovery.services.filter(({ error }) => error !== undefined).length,
  ],
  [
    "snapgate_last_publish_duration_seconds",
    "Duration of the last publish",
    (s) => (s.state.lastPublish?.ms ?? 0) / 1000,
  ],
  [
    "snapgate_last_publish_bytes",
    "Bytes uploaded by the last publish",
    (s) => s.state.lastPublish?.bytes ?? 0,
  ],
  ["snapgate_checked_upstreams", "Upstreams probed here", (s) => s.state.health.upstreams],
  ["snapgate_checked_nodes", "Nodes probed here", (s) => s.state.health.nodes],
  ["snapgate_down_nodes", "Nodes found dead", (s) => downNodes(s.state.health)],
  [
    "snapgate_health_probes_waiting",
    "Probes that are due and wait for their turn, looked at every 10 s",
    (s) => s.state.health.waiting,
  ],
  [
    "snapgate_health_overlay_last_write_timestamp_seconds",
    "When the health overlay was last written; 0: not yet",
    (s) => (s.state.health.lastWrite?.at ?? 0) / 1000,
  ],
  [
    "snapgate_health_overlay_omitted",
    "Entries that found no room in the health overlay",
    (s) => s.state.health.omitted,
  ],
];

/** Counts since start. */
const COUNTERS: readonly Reading[] = [
  ["snapgate_publishes_total", "Generations published", (s) => s.state.publishes],
  [
    "snapgate_publish_failures_total",
    "Publishes that failed and were tried again",
    (s) => s.state.publishFailures,
  ],
  [
    "snapgate_store_retries_total",
    "Store requests that were tried again",
    (s) => s.state.storeRetries,
  ],
  [
    "snapgate_discovery_failures_total",
    "Questions about services without an answer",
    (s) => s.discovery.failures,
  ],
  ["snapgate_etcd_reconnects_total", "Watches opened anew", (s) => s.health.reconnects],
  ["snapgate_etcd_resyncs_total", "Full reads after a lost position", (s) => s.health.resyncs],
  ["snapgate_etcd_stalls_total", "Silent streams found and replaced", (s) => s.health.stalls],
  [
    "snapgate_audit_mismatches_total",
    "Keys an audit found different from etcd",
    (s) => s.health.auditMismatches,
  ],
  [
    "snapgate_collected_chunks_total",
    "Chunks deleted by retention",
    (s) => s.state.collected.chunks,
  ],
  ["snapgate_health_overlay_writes_total", "Overlays written", (s) => s.state.health.writes],
  [
    "snapgate_health_overlay_write_failures_total",
    "Writes of the overlay that failed and were tried again",
    (s) => s.state.health.writeFailures,
  ],
];

/** Prometheus' text format, read at the moment of the scrape. */
export function createMetrics(): {
  readonly contentType: string;
  render(sources: StatusSources): Promise<string>;
} {
  const registry = new Registry();
  const registers = [registry];
  const gauges = GAUGES.map(([name, help, read]) => ({
    read,
    gauge: new Gauge({ name, help, registers }),
  }));
  const counters = COUNTERS.map(([name, help, read]) => ({
    read,
    counter: new Counter({ name, help, registers }),
  }));
  const resources = new Gauge({
    name: "snapgate_resources",
    help: "Resources by directory",
    labelNames: ["kind"],
    registers,
  });
  const probes = new Counter({
    name: "snapgate_health_probes_total",
    help: "Probes of nodes by what they came to",
    labelNames: ["outcome"],
    registers,
  });
  return {
    contentType: registry.contentType,
    render: (sources) => {
      for (const { gauge, read } of gauges) gauge.set(read(sources));
      for (const { counter, read } of counters) {
        counter.reset();
        counter.inc(read(sources));
      }
      probes.reset();
      for (const outcome of PROBE_OUTCOMES) {
        probes.inc({ outcome }, sources.state.health.probes[outcome]);
      }
      resources.reset();
      for (const [kind, count] of Object.entries(sources.counts)) resources.set({ kind }, count);
      return registry.metrics();
    },
  };
}
