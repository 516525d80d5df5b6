import type { Observation } from "../../shared/health/node-health.ts";

/** What probes came to: `ignored`, a status of neither list; `fault`, the exporter's own. */
export type ProbeOutcome = Observation | "ignored" | "fault";

export const PROBE_OUTCOMES: readonly ProbeOutcome[] = [
  "success",
  "http-failure",
  "tcp-failure",
  "timeout",
  "ignored",
  "fault",
];

/** What `/status` and `/metrics` show of health checks. Times in milliseconds since the epoch. */
export interface HealthState {
  /** Whether this exporter probes; a follower does not. */
  isProbing: boolean;
  upstreams: number;
  nodes: number;
  /** By the key of the resource, the addresses of its dead nodes. */
  readonly down: Map<string, readonly string[]>;
  /** Keys of the resources whose checks are left to the edge. */
  readonly leftToEdge: Set<string>;
  /** Counts since start. */
  readonly probes: Record<ProbeOutcome, number>;
  /** Probes that are due and wait for their turn, as of late. */
  waiting: number;
  lastFault: { readonly at: number; readonly message: string } | undefined;
  writes: number;
  writeFailures: number;
  lastWrite: { readonly at: number; readonly bytes: number } | undefined;
  /** The last write that failed, until one succeeds. */
  writeError: { readonly at: number; readonly message: string } | undefined;
  /** Entries that found no room in the overlay. */
  omitted: number;
}

export function initialHealthState(): HealthState {
  return {
    isProbing: false,
    upstreams: 0,
    nodes: 0,
    down: new Map(),
    leftToEdge: new Set(),
    probes: {
      success: 0,
      "http-failure": 0,
      "tcp-failure": 0,
      timeout: 0,
      ignored: 0,
      fault: 0,
    },
    waiting: 0,
    lastFault: undefined,
    writes: 0,
    writeFailures: 0,
    lastWrite: undefined,
    writeError: undefined,
    omitted: 0,
  };
}

export function downNodes({ down }: HealthState): number {
  let count = 0;
  for (const addresses of down.values()) count += addresses.length;
  return count;
}
