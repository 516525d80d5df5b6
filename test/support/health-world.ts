import { HealthChecks } from "../../exporter/health/health-checks.ts";
import type { Log } from "../../exporter/log.ts";
import { ResourceTable } from "../../exporter/resource-table.ts";
import { type ExporterState, initialState } from "../../exporter/status.ts";
import {
  decodeOverlay,
  HEALTH_OVERLAY_NAMES,
  type HealthOverlay,
} from "../../shared/health/overlay.ts";
import { MemoryStore } from "./memory-store.ts";
import { type ScriptedProbe, scriptedProbe } from "./scripted-probe.ts";
import { type VirtualClock, virtualClock } from "./virtual-clock.ts";

/** What the health checks of all exporters of a test share: time, a store, and nodes to probe. */
export class HealthWorld {
  readonly clock: VirtualClock = virtualClock();
  readonly store = new MemoryStore(() => this.clock.now());
  readonly script: ScriptedProbe = scriptedProbe(this.clock);
  readonly #running: { readonly stop: AbortController; readonly done: Promise<void> }[] = [];

  exporter(checks: "on" | "off" = "on", by = "exporter 1"): CheckingExporter {
    return new CheckingExporter(this, checks, by);
  }

  run(checks: HealthChecks): AbortController {
    const stop = new AbortController();
    this.#running.push({ stop, done: checks.run(stop.signal) });
    return stop;
  }

  /** What lies in the store; throws where it is damaged. */
  overlay(): HealthOverlay | undefined {
    const held = this.store.objects.get(HEALTH_OVERLAY_NAMES.exporter);
    return held && decodeOverlay(held.bytes, HEALTH_OVERLAY_NAMES.exporter);
  }

  async end(): Promise<void> {
    for (const { stop } of this.#running) stop.abort();
    await this.clock.advance(20_000);
    await Promise.all(this.#running.map(({ done }) => done));
  }
}

type Values = Readonly<Record<string, object | undefined>>;

/** An exporter's table with the checks of it. */
class CheckingExporter {
  readonly table = new ResourceTable("/apisix");
  readonly state: ExporterState = initialState();
  readonly lines: string[] = [];
  readonly checks: HealthChecks;
  readonly #world: HealthWorld;
  #revision = 0;

  constructor(world: HealthWorld, checks: "on" | "off", by: string) {
    this.#world = world;
    const line =
      (level: string) =>
      (message: string, fields: object = {}) =>
        void this.lines.push(`${level} ${message} ${JSON.stringify(fields)}`);
    const log: Log = {
      debug: line("debug"),
      info: line("info"),
      warn: line("warn"),
      error: line("error"),
    };
    const { table, state } = this;
    const { clock, script, store } = world;
    const common = { table, state, store, clock, log, by, checks, namespace: "default" };
    this.checks = new HealthChecks({ ...common, random: () => 0, probe: script.probe });
  }

  put(values: Values): void {
    this.#revision += 1;
    const entries = Object.entries(values);
    const puts = entries.flatMap(([key, value]) => {
      if (!value) return [];
      const bytes = new TextEncoder().encode(JSON.stringify(value));
      return [{ key: `/apisix/${key}`, value: bytes, modRevision: this.#revision }];
    });
    const deletes = entries.flatMap(([key, value]) => (value ? [] : [`/apisix/${key}`]));
    const cause = this.#revision === 1 ? "base" : "watch";
    const revision = this.#revision;
    const changed = this.table.apply({ cause, clusterId: "1", revision, puts, deletes });
    this.state.hasBase = true;
    this.checks.note(changed);
  }

  run(): AbortController {
    return this.#world.run(this.checks);
  }
}

/** An upstream of these nodes, probed every second in either state. */
export const checkedUpstream = (
  nodes: readonly string[],
  active: object = { healthy: {}, unhealthy: { tcp_failures: 2 } },
  more: object = {},
) => ({
  nodes: Object.fromEntries(nodes.map((node) => [node, 1])),
  checks: { active },
  ...more,
});
