import type { ChunkRef, RouterName } from "../snapshot/format.ts";
import type { HeldChunks } from "../snapshot/held-chunks.ts";
import { EntryRow } from "./entry-row.ts";
import type { Facts } from "./facts.ts";
import { methodBit } from "./methods.ts";
import { acceptsRest } from "./path-pattern.ts";
import { FoundRoute, type RouteMatch } from "./route-match.ts";
import { NONE, type RoutePage } from "./route-page.ts";
import { CAPTURES } from "./route-page-layout.ts";
import { RouteWalker } from "./route-walk.ts";

const { rest: REST, whole: WHOLE } = CAPTURES;

/**
 * The route index of a generation (INDEX.md): a tree of pages, each read in place. `match` neither
 * parses nor builds anything, and looks only at the pages that the request's host and path lead to.
 */
export class RouteIndex {
  readonly router: RouterName;
  readonly #walker: RouteWalker | undefined;
  readonly #row = new EntryRow();
  readonly #hosts: { page: RoutePage | undefined; at: number; holds: boolean } = {
    page: undefined,
    at: NONE,
    holds: false,
  };

  /** `root` is null for an index without routes. */
  constructor(router: RouterName, root: ChunkRef | null, chunks: HeldChunks) {
    this.router = router;
    this.#walker = root ? new RouteWalker(router, root, chunks) : undefined;
  }

  /** Throws `ChunkNeeded`, `corrupt`, and what evaluating `vars` throws. */
  match(facts: Facts): RouteMatch | undefined {
    const walker = this.#walker;
    if (!walker) return undefined;
    const method = methodBit(facts.method);
    this.#hosts.page = undefined;
    walker.begin(facts.host, facts.uri);
    while (walker.next()) {
      const match = this.#tryEntries(walker, method, facts);
      if (match) return match;
    }
    return undefined;
  }

  /** Refs of the chunks below those in memory that are not in memory themselves; for reading ahead. */
  missing(): Iterable<ChunkRef> {
    return this.#walker?.missing() ?? [];
  }

  /** The entries of one list, in their order. */
  #tryEntries(walker: RouteWalker, method: number, facts: Facts): RouteMatch | undefined {
    const { prefix } = walker;
    const page = walker.page as RoutePage;
    const row = this.#row;
    for (let at = walker.first; ; at = row.end) {
      if (row.takesMethod(page, at, method) && this.#holds(page, row, walker, facts)) {
        return new FoundRoute(page, at, row, prefix, facts, walker.scope);
      }
      if (row.isLast) return undefined;
    }
  }

  /** In APISIX's order. What cannot fail is tried last: that makes no difference, and is mostly spared. */
  #holds(page: RoutePage, row: EntryRow, walker: RouteWalker, facts: Facts): boolean {
    row.read(page);
    const { hosts, conditions, isSure } = row;
    if (hosts !== NONE && !this.#hostsHold(page, hosts, facts)) return false;
    if (conditions === NONE) return accepts(page, row, walker, facts);
    if (isSure) return accepts(page, row, walker, facts) && page.conditionsHold(conditions, facts);
    return page.conditionsHold(conditions, facts) && accepts(page, row, walker, facts);
  }

  /** Entries that lie together mostly ask for the same hosts: what was found for them is kept for a match. */
  #hostsHold(page: RoutePage, hosts: number, facts: Facts): boolean {
    const asked = this.#hosts;
    if (asked.page !== page || asked.at !== hosts) {
      asked.holds = page.hostsHold(hosts, facts);
      asked.page = page;
      asked.at = hosts;
    }
    return asked.holds;
  }
}

/** Whether the entry's pattern accepts the path, of which its key is the path or a prefix. */
function accepts(
  page: RoutePage,
  row: EntryRow,
  { prefix, key }: RouteWalker,
  facts: Facts,
): boolean {
  if (prefix === NONE) return true;
  const { capture } = row;
  if (capture === REST) return acceptsRest(page.bytes, row.restAt, row.end, key, prefix);
  return capture !== WHOLE || FoundRoute.capture(page, row, prefix, facts) !== undefined;
}
