import type { Reach } from "../../shared/resources/reach.ts";
import type { Resource } from "../../shared/resources/resource.ts";
import type { Notice } from "../rejection.ts";
import { conflictingRules } from "../validate/global-rules.ts";
import { noticesOf } from "../validate/notices.ts";
import { danglingReferences } from "../validate/references.ts";
import type { HeldResource } from "./held-resource.ts";

export interface FoundNotices {
  readonly total: number;
  /** The first of them, in the order of their keys. */
  readonly list: readonly Notice[];
}

/** What the search asks of a table; keys are below the prefix. */
export interface SearchedTable {
  readonly held: Iterable<HeldResource>;
  readonly reach: Reach;
  readonly globalRules: Iterable<Resource<"global_rules">>;
  has(key: string): boolean;
  wholeKey(key: string): string;
}

/** Goes over everything that is held, but parses only what is listed: `most` notices. */
export function findNotices(table: SearchedTable, most: number): FoundNotices {
  const found: HeldResource[] = [];
  let total = 0;
  for (const held of table.held) {
    const missing = held.refersTo.reduce((sum, to) => (table.has(to) ? sum : sum + 1), 0);
    if (held.notices + missing === 0) continue;
    total += held.notices + missing;
    found.push(held);
    // Each has one notice at least: those after the first `most` are never listed.
    if (found.length > Math.max(2 * most, 1000)) keepFirst(found, most);
  }
  keepFirst(found, most);
  const conflicts = conflictingRules(table.globalRules, table.wholeKey);
  const list: Notice[] = [];
  for (const held of found) {
    if (list.length >= most) break;
    list.push(...noticesOfHeld(table, held));
  }
  const all = [...list, ...conflicts].sort((a, b) => (a.key < b.key ? -1 : Number(a.key > b.key)));
  return { total: total + conflicts.length, list: all.slice(0, most) };
}

function noticesOfHeld(table: SearchedTable, held: HeldResource): readonly Notice[] {
  const resource = held.parse();
  const exists = (other: string) => table.has(other);
  return [
    ...(held.notices > 0 ? noticesOf(resource, table.wholeKey(held.key), table.reach) : []),
    ...danglingReferences(resource, exists, table.wholeKey),
  ];
}

function keepFirst(found: HeldResource[], most: number): void {
  found.sort((a, b) => (a.key < b.key ? -1 : Number(a.key > b.key)));
  if (found.length > most) found.length = most;
}
