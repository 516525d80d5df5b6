import type { OpenSnapshot } from "../../edge/snapshot/open-snapshot.ts";
import { PREFIX } from "./model.ts";

/** The simulation's routes: `r0` and up, and the two of a pair. */
export const ROUTES = 24;

export function routeKey(i: number): string {
  return `${PREFIX}routes/r${i}`;
}

/** Markers by key of everything that the snapshot serves, by its own lookups. */
export async function servedMarkers(
  snapshot: OpenSnapshot,
): Promise<Map<string, string> | undefined> {
  const served = new Map<string, string>();
  const ids = [...Array.from({ length: ROUTES }, (_, i) => `r${i}`), "pair-a", "pair-b"];
  for (const id of ids) {
    const variables = { get: () => undefined };
    const head = { method: "GET", uri: `/${id}`, host: "_", hostHeader: "", remoteAddr: "" };
    const match = await Promise.resolve(snapshot.match({ ...head, variables })).catch(() => null);
    if (match === null) return undefined;
    const resource = match && (await snapshot.resource("routes", match.routeId).catch(() => null));
    if (resource === null) return undefined;
    if (resource?.value.desc !== undefined) served.set(`routes/${id}`, resource.value.desc);
  }
  return served;
}
