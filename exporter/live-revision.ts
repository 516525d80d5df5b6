import type { Clock } from "./clock.ts";
import type { StatusSources } from "./status.ts";

const LOOK_EVERY_MS = 25;

/** The newest revision of etcd whose configuration edges can get; undefined where none is known. */
export function liveRevision({ state, health }: Pick<StatusSources, "state" | "health">) {
  // What is live after a rollback is older than what this exporter published before.
  const isOwn = state.role === "leader" && state.hold === undefined;
  if (isOwn && state.publishedRevision !== undefined) return state.publishedRevision;
  // Revisions of another cluster say nothing of ours.
  const { liveSource } = state;
  return liveSource?.clusterId === health.clusterId ? liveSource?.revision : undefined;
}

/** Whether the revision is live within `limitMs`; false, too, when `signal` aborts. */
export async function waitUntilLive(
  revision: number,
  sources: () => Pick<StatusSources, "state" | "health">,
  {
    clock,
    limitMs,
    signal,
  }: {
    readonly clock: Clock;
    readonly limitMs: number;
    readonly signal: AbortSignal;
  },
): Promise<boolean> {
  const end = clock.now() + limitMs;
  for (;;) {
    if ((liveRevision(sources()) ?? 0) >= revision) return true;
    if (signal.aborted || clock.now() >= end) return false;
    await clock.sleep(LOOK_EVERY_MS, signal);
  }
}
