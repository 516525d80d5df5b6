import { activeCheckOf, isLeftToEdge } from "../../shared/health/active-check.ts";
import type { Clock } from "../clock.ts";
import { errorText, type Log } from "../log.ts";
import { Pacer } from "../publish/pacer.ts";
import type { ResourceTable } from "../resource-table.ts";
import { Slots } from "../slots.ts";
import type { ExporterState } from "../status.ts";
import type { ObjectStore } from "../store/object-store.ts";
import { checkedUpstreamOf } from "./checked-upstream.ts";
import type { HealthState } from "./health-state.ts";
import { OverlayWriter } from "./overlay-writer.ts";
import type { ProbeNode } from "./probe-node.ts";
import { UpstreamChecks } from "./upstream-checks.ts";

export interface HealthChecksDeps {
  readonly table: Pick<ResourceTable, "get" | "checked" | "reach">;
  readonly store: ObjectStore;
  readonly clock: Clock;
  /** From 0 up to, not including, 1. */
  readonly random: () => number;
  readonly log: Log;
  readonly namespace: string;
  /** Written into the overlay, for a person. */
  readonly by: string;
  readonly probe: ProbeNode;
  /** `off`: every check is left to the edge. */
  readonly checks: "on" | "off";
  /** Its `health` is this object's to write. */
  readonly state: ExporterState;
}

/** The most probes at once: each needs a file descriptor. */
export const PROBES_AT_ONCE = 256;
/** A store need not take one name more often (R2: once a second). */
const LEAST_MS_BETWEEN_WRITES = 1_000;
const MAX_BACKOFF_MS = 5_000;
/** Several of them fit into the time for which an overlay is believed. */
const HEARTBEAT_MS = 10_000;
const MS_BETWEEN_FAULT_LINES = 60_000;

/**
 * Active health checks of all upstreams, by whoever leads: probes their nodes and keeps the overlay beside
 * the pointer (FORMAT.md 10). The cost of a change follows the change.
 */
export class HealthChecks {
  readonly #deps: HealthChecksDeps;
  readonly #health: HealthState;
  readonly #slots = new Slots(PROBES_AT_ONCE);
  /** By the key of the resource that holds the upstream. */
  readonly #upstreams = new Map<string, UpstreamChecks>();
  #pacer: Pacer | undefined;
  #isDue = false;
  #faultSaidAt = Number.NEGATIVE_INFINITY;

  constructor(deps: HealthChecksDeps) {
    this.#deps = deps;
    this.#health = deps.state.health;
  }

  /** Takes in that these resources have changed. */
  note(changed: Iterable<string>): void {
    // Whoever leads next asks the table for all of them.
    if (!this.#pacer) return;
    const { checked } = this.#deps.table;
    const { leftToEdge } = this.#health;
    // The first change is everything there is.
    if (checked.size + this.#upstreams.size + leftToEdge.size === 0) return;
    for (const key of changed) {
      if (!checked.has(key) && !this.#isHeld(key)) continue;
      this.#take(key);
      this.#pacer.nudge();
    }
  }

  /** Probes and writes until `signal` aborts. */
  async run(signal: AbortSignal): Promise<void> {
    const { clock, log, random } = this.#deps;
    const writer = new OverlayWriter(this.#deps);
    const pacer = new Pacer({
      clock,
      random,
      intervalMs: LEAST_MS_BETWEEN_WRITES,
      maxBackoffMs: MAX_BACKOFF_MS,
      job: () => this.#write(writer, signal),
      onFailure: (error, retryInMs) => {
        this.#health.writeFailures += 1;
        this.#health.writeError = { at: clock.now(), message: errorText(error) };
        log.warn("cannot write the health overlay", { error: errorText(error), retryInMs });
      },
    });
    this.#pacer = pacer;
    this.#health.isProbing = this.#deps.checks === "on";
    for (const key of this.#deps.table.checked) this.#take(key);
    // The last write may wait for the store; probing does not wait for it.
    const probing = this.#renew(pacer, signal).then(() => this.#end());
    await Promise.all([pacer.run(signal), probing]);
  }

  #end(): void {
    this.#pacer = undefined;
    for (const checks of this.#upstreams.values()) checks.stop();
    this.#upstreams.clear();
    this.#health.down.clear();
    this.#health.leftToEdge.clear();
    Object.assign(this.#health, { isProbing: false, upstreams: 0, nodes: 0, waiting: 0 });
  }

  #isHeld(key: string): boolean {
    return this.#upstreams.has(key) || this.#health.leftToEdge.has(key);
  }

  /** Makes what is held under `key` what the table says. */
  #take(key: string): void {
    const resource = this.#deps.table.get(key);
    const upstream = resource && checkedUpstreamOf(resource, this.#deps.table.reach);
    const check = upstream && activeCheckOf(upstream);
    const isLeft = upstream && (this.#deps.checks === "off" || isLeftToEdge(upstream));
    if (isLeft) this.#health.leftToEdge.add(key);
    else this.#health.leftToEdge.delete(key);
    const before = this.#upstreams.get(key);
    const sizeBefore = before?.size ?? 0;
    if (!upstream || !check || isLeft) {
      before?.stop();
      this.#upstreams.delete(key);
    } else if (before) {
      before.update(upstream, check);
    } else {
      this.#upstreams.set(key, new UpstreamChecks(upstream, check, this.#listenersOf(key)));
    }
    this.#health.upstreams = this.#upstreams.size;
    this.#health.nodes += (this.#upstreams.get(key)?.size ?? 0) - sizeBefore;
    this.#showDown(key);
  }

  #listenersOf(key: string) {
    const { clock, log, probe, random } = this.#deps;
    const counts = this.#health.probes;
    return {
      clock,
      random,
      probe,
      slots: this.#slots,
      counted: (outcome: keyof HealthState["probes"]) => {
        counts[outcome] += 1;
      },
      turned: (address: string, by: string) => {
        const fields = { upstream: key, node: address };
        if (by === "success") log.info("node is healthy again", fields);
        else log.warn("node is down", { ...fields, by });
        this.#showDown(key);
        this.#pacer?.nudge();
      },
      fault: (address: string, error: unknown) => this.#noteFault(key, address, error),
    };
  }

  #showDown(key: string): void {
    const down = this.#upstreams.get(key)?.down() ?? [];
    if (down.length > 0) this.#health.down.set(key, down);
    else this.#health.down.delete(key);
  }

  /** It concerns all nodes alike, so one line a minute tells enough. */
  #noteFault(key: string, address: string, error: unknown): void {
    const { clock, log } = this.#deps;
    const at = clock.now();
    this.#health.lastFault = { at, message: `${address}: ${errorText(error)}` };
    if (at - this.#faultSaidAt < MS_BETWEEN_FAULT_LINES) return;
    this.#faultSaidAt = at;
    log.warn("cannot probe a node", { upstream: key, node: address, error: errorText(error) });
  }

  /** Renews what is written, also where nothing changes. */
  async #renew(pacer: Pacer, signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      this.#isDue = true;
      pacer.nudge();
      this.#noteBacklog();
      await this.#deps.clock.sleep(HEARTBEAT_MS, signal);
    }
  }

  /** Nodes of a backlog longer than this wait for others before every probe. */
  #noteBacklog(): void {
    const { waiting } = this.#slots;
    const wasBehind = this.#health.waiting > PROBES_AT_ONCE;
    this.#health.waiting = waiting;
    if (waiting <= PROBES_AT_ONCE || wasBehind) return;
    const why = "more probes are due than can be made: nodes are probed less often than configured";
    this.#deps.log.warn(why, { waiting, atOnce: PROBES_AT_ONCE });
  }

  async #write(writer: OverlayWriter, signal: AbortSignal): Promise<void> {
    const { clock, log, state } = this.#deps;
    // Before the base has been read, nobody knows what is to be checked.
    if (signal.aborted || !state.hasBase) return;
    const { down, leftToEdge } = this.#health;
    if (!writer.isOpen) this.#adopt((await writer.open())?.down ?? {});
    // Deposed while the store was slow: the next leader writes.
    if (signal.aborted) return;
    if (this.#upstreams.size === 0 && leftToEdge.size === 0) {
      const { outcome } = await writer.delete();
      if (outcome === "deleted") log.info("health overlay deleted: nothing is checked", {});
    } else {
      const isDue = this.#isDue;
      const answer = await writer.write({ down, leftToEdge }, { isDue });
      if (answer.outcome === "written") {
        if (isDue) this.#isDue = false;
        this.#health.writes += 1;
        this.#health.lastWrite = { at: clock.now(), bytes: answer.bytes };
        this.#noteOmitted(answer.omitted);
      }
    }
    this.#health.writeError = undefined;
  }

  #adopt(down: Readonly<Record<string, readonly string[]>>): void {
    for (const [key, addresses] of Object.entries(down)) {
      this.#upstreams.get(key)?.adopt(addresses);
      this.#showDown(key);
    }
  }

  #noteOmitted(omitted: number): void {
    const { log } = this.#deps;
    if (omitted > 0 && this.#health.omitted === 0) {
      log.error("the health overlay is full: nodes that are left out count as healthy", {
        omitted,
      });
    }
    if (omitted === 0 && this.#health.omitted > 0)
      log.info("the health overlay has room again", {});
    this.#health.omitted = omitted;
  }
}
