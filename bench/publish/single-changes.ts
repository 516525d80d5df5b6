import { type Random, seededRandom } from "../../test/support/random.ts";
import { resourceOf, type TableRoute } from "../routing/route-table.ts";

/** What one change does to one route. */
export const CHANGE_KINDS = ["upstream", "uri", "host", "added", "deleted"] as const;
export type ChangeKind = (typeof CHANGE_KINDS)[number];

export interface SingleChange {
  readonly kind: ChangeKind;
  readonly id: string;
  /** What lies in etcd from now on; undefined: nothing. */
  readonly resource: object | undefined;
  /** How many hosts the route has, before or after, whichever is more. */
  readonly hosts: number;
}

/**
 * `each` changes of every kind, in turns, of routes of `table` that differ:
 *
 * - `upstream`: another node; what is matched stays.
 * - `uri`: another end of the path, on the same hosts.
 * - `host`: to the host of another route.
 * - `added`: a new route beside one that there is.
 * - `deleted`.
 */
export function singleChanges(
  table: readonly TableRoute[],
  each: number,
  seed: number,
): readonly SingleChange[] {
  const random = seededRandom(seed);
  const left = new Set<number>();
  while (left.size < each * CHANGE_KINDS.length) left.add(random.below(table.length));
  return [...left].map((index, i) => {
    const kind = CHANGE_KINDS[i % CHANGE_KINDS.length] as ChangeKind;
    return changeOf(kind, table, index, random);
  });
}

function changeOf(
  kind: ChangeKind,
  table: readonly TableRoute[],
  index: number,
  random: Random,
): SingleChange {
  const route = table[index] as TableRoute;
  const { id, uri } = route;
  const hosts = route.hosts.length;
  switch (kind) {
    case "upstream": {
      const nodes = { [`10.1.${random.below(250)}.7:8080`]: 1 };
      const resource = { ...resourceOf(route, index), upstream: { type: "roundrobin", nodes } };
      return { kind, id, resource, hosts };
    }
    case "uri": {
      const changed = uri.endsWith("/*") ? uri.replace(/\*$/, "next/*") : `${uri}-next`;
      return { kind, id, resource: resourceOf({ ...route, uri: changed }, index), hosts };
    }
    case "host": {
      const other = table[random.below(table.length)] as TableRoute;
      const moved = { ...route, hosts: other.hosts };
      const most = Math.max(hosts, other.hosts.length);
      return { kind, id, resource: resourceOf(moved, index), hosts: most };
    }
    case "added": {
      const added = { ...route, id: `${id}-beside`, uri: uri.replace(/[^/]*$/, "beside") };
      return { kind, id: added.id, resource: resourceOf(added, index), hosts };
    }
    case "deleted":
      return { kind, id, resource: undefined, hosts };
  }
}
