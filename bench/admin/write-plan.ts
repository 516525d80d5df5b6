import { type Random, seededRandom } from "../../test/support/random.ts";

export const WRITE_KINDS = ["create", "replace", "patch", "delete"] as const;
export type WriteKind = (typeof WRITE_KINDS)[number];

/** A resource's value without the times that the Admin API adds. */
export type RouteValue = Readonly<Record<string, unknown>>;

/** One write, and all that must be true once it is made. */
export interface PlannedWrite {
  readonly kind: WriteKind;
  readonly id: string;
  /** Undefined: of the whole resource. Else the field that `body` replaces. */
  readonly field: string | undefined;
  /** What is sent to the Admin API; undefined for a delete. */
  readonly body: unknown;
  /** What lies in etcd from now on; undefined: nothing. */
  readonly stored: RouteValue | undefined;
  /** How many writes the key has had since it was created, as etcd counts them. */
  readonly writesSinceCreation: number;
  /** An edge that knows of this write answers so here, and one that knows of none later than the last did not. */
  readonly probe: Probe;
}

export interface Probe {
  readonly path: string;
  readonly status: 200 | 404;
}

export interface WritePlan {
  /** What is there before the first write, by id. */
  readonly initial: ReadonlyMap<string, RouteValue>;
  readonly writes: readonly PlannedWrite[];
}

export const SHARED_UPSTREAM = "shared";

/** Every create time of a route that is there from the start, in seconds. */
export const INITIAL_TIME = 1_700_000_000;

const KEYS = 3000;
const INITIAL = 2000;
/** A key rests for so many writes, so that hardly any is still under way when the next one of it is due. */
const REST = 1500;

/**
 * `count` writes over 3,000 keys, two thirds of which are there at first: half of the writes of a route that
 * is there patch it, a third replace it, the rest delete it. Every value has a path of its own, so that the
 * answer of an edge tells which write it knows.
 */
export function planWrites(count: number, upstreamPort: number, seed: number): WritePlan {
  const random = seededRandom(seed);
  const ids = Array.from({ length: KEYS }, (_, i) => `r${i}`);
  const initial = new Map(
    ids.slice(0, INITIAL).map((id) => [id, wholeRoute(id, 0, upstreamPort, random)]),
  );
  const keys = new Map<string, KeyState>(
    ids.map((id) => {
      const stored = initial.get(id);
      return [id, { stored, writes: stored ? 1 : 0 }];
    }),
  );
  // Those that have waited longest come first; of these any.
  const resting = ids.toSorted(() => random.next() - 0.5);
  const writes: PlannedWrite[] = [];
  for (let turn = 1; turn <= count; turn++) {
    const [id] = resting.splice(random.below(KEYS - REST), 1) as [string];
    resting.push(id);
    const before = keys.get(id) as KeyState;
    const write = nextWrite(id, before, { turn, upstreamPort, random });
    keys.set(id, { stored: write.stored, writes: write.writesSinceCreation });
    writes.push(write);
  }
  return { initial, writes };
}

/** The last write of every key that has one. */
export function lastWrites(writes: readonly PlannedWrite[]): ReadonlyMap<string, PlannedWrite> {
  return new Map(writes.map((write) => [write.id, write]));
}

interface KeyState {
  readonly stored: RouteValue | undefined;
  readonly writes: number;
}

interface Turn {
  readonly turn: number;
  readonly upstreamPort: number;
  readonly random: Random;
}

function nextWrite(
  id: string,
  { stored, writes }: KeyState,
  { turn, upstreamPort, random }: Turn,
): PlannedWrite {
  const path = pathOf(id, turn);
  const served: Probe = { path, status: 200 };
  const common = { id, field: undefined, writesSinceCreation: writes + 1, probe: served };
  if (!stored) {
    const body = wholeRoute(id, turn, upstreamPort, random);
    return { ...common, kind: "create", body, stored: body, writesSinceCreation: 1 };
  }
  const dice = random.next();
  if (dice < 1 / 6) {
    const probe: Probe = { path: String(stored.uri), status: 404 };
    return { ...common, kind: "delete", body: undefined, stored: undefined, probe };
  }
  if (dice < 1 / 2) {
    const body = wholeRoute(id, turn, upstreamPort, random);
    return { ...common, kind: "replace", body, stored: body };
  }
  if (dice < 2 / 3) {
    return { ...common, kind: "patch", field: "uri", body: path, stored: { ...stored, uri: path } };
  }
  // Merged into what is there: a label more, a text less.
  const { desc: _, ...kept } = stored;
  const labels = { ...(stored.labels as object), patched: String(turn) };
  const body = { uri: path, labels: { patched: String(turn) }, desc: null };
  return { ...common, kind: "patch", body, stored: { ...kept, uri: path, labels } };
}

/** Half a kilobyte, as routes are; half of them refer to an upstream, which the API then looks for. */
function wholeRoute(id: string, turn: number, upstreamPort: number, random: Random): RouteValue {
  const nodes = [{ host: "127.0.0.1", port: upstreamPort, weight: 1 + random.below(100) }];
  const own = { type: "roundrobin", pass_host: "node", nodes, retries: 1 };
  const team = `team-${random.below(20)}`;
  return {
    id,
    name: `${team}-${id}`,
    desc: `Route ${id} of ${team}, as it is since write ${turn}. ${"It says a little more. ".repeat(5)}`,
    uri: pathOf(id, turn),
    methods: ["GET", "HEAD", "OPTIONS"],
    priority: random.below(10),
    labels: { team, turn: String(turn) },
    timeout: { connect: 3, send: 10, read: 10 },
    ...(random.chance(0.5) ? { upstream_id: SHARED_UPSTREAM } : { upstream: own }),
  };
}

function pathOf(id: string, turn: number): string {
  return `/${id}/write-${turn}`;
}
