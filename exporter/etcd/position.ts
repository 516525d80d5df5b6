import type { KeyspaceChange, KeyspaceEntry } from "./keyspace.ts";
import type { Header, WatchEvent } from "./transport.ts";

/** Where the mirror stands: the keys it holds, and the revision up to which it has seen everything. */
export interface Position {
  readonly clusterId: string;
  /** The highest seen; a lower one later means that etcd was restored. */
  raftTerm: number;
  /** Everything up to here is in `held`. */
  revision: number;
  /** Key → mod revision. The values belong to the consumer. */
  readonly held: Map<string, number>;
  /** The last delete seen. */
  lastDeleted: string | undefined;
  /** Keys deleted, with the revision, while an audit runs. */
  deletedDuringAudit: Map<string, number> | undefined;
}

/** The position in etcd's history is of no use any more: read everything again. */
export class PositionLost extends Error {
  override readonly name = "PositionLost";
  /** Whether a key with the same mod revision still has the same value. */
  readonly isSameHistory: boolean;

  constructor(message: string, isSameHistory: boolean, options?: ErrorOptions) {
    super(message, options);
    this.isSameHistory = isSameHistory;
  }
}

export function newPosition(header: Header, revision: number): Position {
  return {
    clusterId: header.clusterId,
    raftTerm: header.raftTerm,
    revision,
    held: new Map(),
    lastDeleted: undefined,
    deletedDuringAudit: undefined,
  };
}

/** What etcd says as of `revision` in the history that we followed. */
export interface Testimony {
  /** Mod revisions of single keys; 0 for a key that is not there. */
  readonly keys: ReadonlyMap<string, number>;
  readonly count: number;
}

/**
 * What shows that a history is ours, even where a restored etcd has passed our revision meanwhile. The last
 * change alone does not: of a key that came and went another history, too, has nothing. So it is the newest
 * key there is, the last that went, and how many there are.
 */
export function testimonyOf({ held, lastDeleted }: Position): Testimony {
  const keys = new Map<string, number>();
  let newest: string | undefined;
  let newestAt = 0;
  for (const [key, modRevision] of held) {
    if (modRevision <= newestAt) continue;
    newest = key;
    newestAt = modRevision;
  }
  if (newest !== undefined) keys.set(newest, newestAt);
  if (lastDeleted !== undefined) keys.set(lastDeleted, held.get(lastDeleted) ?? 0);
  return { keys, count: held.size };
}

/**
 * Moves on by one response of the watch, as a unit: a response holds whole revisions. Events that were
 * seen already are dropped; undefined where nothing is left.
 */
export function applyEvents(
  position: Position,
  events: readonly WatchEvent[],
): KeyspaceChange | undefined {
  const newest = new Map<string, WatchEvent>();
  let revision = position.revision;
  for (const event of events) {
    if (event.modRevision <= position.revision) continue;
    if (event.modRevision < revision) {
      throw new PositionLost(`revision ${event.modRevision} came after ${revision}`, false);
    }
    revision = event.modRevision;
    newest.set(event.key, event);
  }
  if (newest.size === 0) return undefined;

  const puts: KeyspaceEntry[] = [];
  const deletes: string[] = [];
  for (const [key, { kind, value, modRevision }] of newest) {
    if (kind === "put") {
      puts.push({ key, value, modRevision });
      position.held.set(key, modRevision);
    } else {
      // Written and deleted within one response: the consumer has never heard of the key.
      if (position.held.delete(key)) deletes.push(key);
      position.deletedDuringAudit?.set(key, modRevision);
      if (modRevision === revision) position.lastDeleted = key;
    }
  }
  position.revision = revision;
  return { cause: "watch", clusterId: position.clusterId, revision, puts, deletes };
}
