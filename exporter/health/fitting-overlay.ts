import { type HealthOverlay, MAX_OVERLAY_BYTES } from "../../shared/health/overlay.ts";

/** What an overlay says of nodes, beside who wrote it and when. */
export interface Findings {
  /** By the key of the resource, the addresses of its dead nodes. */
  readonly down: ReadonlyMap<string, readonly string[]>;
  readonly leftToEdge: ReadonlySet<string>;
}

type Head = Omit<HealthOverlay, "down" | "leftToEdge">;

/** Brackets, names of fields, and a margin for the commas. */
const FRAME_BYTES = 256;

/**
 * As much as an overlay may hold (FORMAT.md 10.6), in the order of the keys, dead nodes first: one that is
 * not named costs an attempt, a check that nobody makes only what it would have found. `omitted` are the
 * keys that found no room.
 */
export function fittingOverlay(
  head: Head,
  { down, leftToEdge }: Findings,
): { readonly overlay: HealthOverlay; readonly omitted: number } {
  let left = MAX_OVERLAY_BYTES - FRAME_BYTES - Buffer.byteLength(JSON.stringify(head));
  let omitted = 0;
  const fits = (entry: unknown) => {
    const bytes = Buffer.byteLength(JSON.stringify(entry)) + 1;
    const hasRoom = bytes <= left;
    if (hasRoom) left -= bytes;
    else omitted += 1;
    return hasRoom;
  };
  const named = [...down].sort(byKey).filter(([key, addresses]) => fits([key, addresses]));
  const listed = [...leftToEdge].sort().filter((key) => fits(key));
  return {
    overlay: { ...head, down: Object.fromEntries(named), leftToEdge: listed },
    omitted,
  };
}

function byKey([a]: readonly [string, unknown], [b]: readonly [string, unknown]): number {
  return a < b ? -1 : Number(a > b);
}
