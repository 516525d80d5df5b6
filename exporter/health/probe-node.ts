import type { Probe, ProbeResult } from "../../shared/health/active-check.ts";

/**
 * Probes a node once. Throws where the fault is the exporter's own, such as no file descriptor left: that
 * says nothing of the node. What it answers once `signal` has aborted does not count.
 */
export type ProbeNode = (probe: Probe, signal: AbortSignal) => Promise<ProbeResult>;
