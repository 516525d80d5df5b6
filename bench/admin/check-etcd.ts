import { isDeepStrictEqual } from "node:util";
import { Etcd3, type IKeyValue } from "etcd3";
import type { WriteOutcome } from "./sustained.ts";
import { INITIAL_TIME, type RouteValue, type WritePlan } from "./write-plan.ts";

const ROUTES = "/apisix/routes/";
const PAGE = 1000;

/**
 * What etcd holds otherwise than the last write of every key says: its value, the revision that its answer
 * named, and how often the key was written since it was created. The last proves that no write in between
 * was lost, or made twice. `times` says whether the writer keeps create and update times.
 */
export async function checkEtcd(
  endpoint: string,
  { initial }: WritePlan,
  outcomes: readonly WriteOutcome[],
  times: "kept" | "none",
): Promise<readonly string[]> {
  const expected = new Map<string, Expected>();
  for (const [id, stored] of initial) {
    expected.set(id, { stored, revision: undefined, writes: 1, created: INITIAL_TIME });
  }
  for (const { write, revision } of outcomes) {
    const { id, kind, stored, writesSinceCreation: writes } = write;
    const created = kind === "create" ? undefined : expected.get(id)?.created;
    if (stored) expected.set(id, { stored, revision, writes, created });
    else expected.delete(id);
  }
  const wrong: string[] = [];
  for (const found of await readRoutes(endpoint)) {
    const id = found.key.toString().slice(ROUTES.length);
    const wanted = expected.get(id);
    expected.delete(id);
    if (!wanted) wrong.push(`etcd holds ${id}, which was deleted`);
    else wrong.push(...differences(id, found, wanted, times));
  }
  for (const id of expected.keys()) wrong.push(`etcd does not hold ${id}`);
  return wrong;
}

interface Expected {
  readonly stored: RouteValue;
  /** Undefined: there was no answer, or no write. */
  readonly revision: number | undefined;
  readonly writes: number;
  /** In seconds; undefined: some time during the run. */
  readonly created: number | undefined;
}

function* differences(
  id: string,
  { value, mod_revision, version: writes }: IKeyValue,
  wanted: Expected,
  times: "kept" | "none",
): Generator<string> {
  const { create_time, update_time, ...rest } = JSON.parse(value.toString()) as RouteValue;
  if (!isDeepStrictEqual(rest, { ...wanted.stored })) {
    yield `${id} is ${JSON.stringify(rest)}, not ${JSON.stringify(wanted.stored)}`;
  }
  if (wanted.revision !== undefined && Number(mod_revision) !== wanted.revision) {
    yield `${id} is of revision ${mod_revision}, not ${wanted.revision}`;
  }
  if (Number(writes) !== wanted.writes) {
    yield `${id} has had ${writes} writes, not ${wanted.writes}`;
  }
  if (times === "none") return;
  const isCreatedThen = wanted.created === undefined || create_time === wanted.created;
  if (!isCreatedThen || !(Number(update_time) >= Number(create_time))) {
    yield `${id} has the times ${create_time} and ${update_time}`;
  }
}

async function readRoutes(endpoint: string): Promise<readonly IKeyValue[]> {
  const client = new Etcd3({ hosts: endpoint });
  const found: IKeyValue[] = [];
  try {
    for (let from = ROUTES; ; ) {
      const range = client.getAll().inRange({ start: from, end: `${ROUTES.slice(0, -1)}0` });
      const { kvs, more } = await range.limit(PAGE).exec();
      found.push(...kvs);
      const last = kvs.at(-1);
      if (!more || !last) return found;
      from = `${last.key.toString()}\0`;
    }
  } finally {
    client.close();
  }
}
