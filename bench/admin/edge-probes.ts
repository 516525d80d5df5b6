import { setTimeout as sleep } from "node:timers/promises";
import { forEachAtMost } from "../../exporter/publish/bounded.ts";
import type { PlannedWrite, Probe, WritePlan } from "./write-plan.ts";
import { lastWrites } from "./write-plan.ts";

const LOOK_EVERY_MS = 50;
/** So much later than every interval together that it will not be served any more. */
const LONGEST_MS = 60_000;
const ASKED_AT_ONCE = 16;

/** Follows some of the writes to the edge, while others go on. */
export class SampledWrites {
  readonly #edge: string;
  readonly #every: number;
  readonly #last = new Map<string, PlannedWrite>();
  readonly #samples: Promise<number | undefined>[] = [];
  #made = 0;

  /** Every so many writes one is followed; `edge` is its URL. */
  constructor(edge: string, every: number) {
    this.#edge = edge;
    this.#every = every;
  }

  /** To be told of each write that was made, at `dueAt` of `performance.now()`. */
  note(write: PlannedWrite, dueAt: number): void {
    this.#last.set(write.id, write);
    this.#made += 1;
    if (this.#made % this.#every !== 0) return;
    const sample = this.#follow(write, dueAt);
    // It is `settled` that tells of a failure.
    sample.catch(() => {});
    this.#samples.push(sample);
  }

  /** Milliseconds from due to served, undefined where the next write of the key came before. */
  async settled(): Promise<readonly (number | undefined)[]> {
    return Promise.all(this.#samples);
  }

  async #follow(write: PlannedWrite, dueAt: number): Promise<number | undefined> {
    const { path, status } = write.probe;
    while (performance.now() - dueAt < LONGEST_MS) {
      if ((await askEdge(this.#edge, path)) === status) return performance.now() - dueAt;
      if (this.#last.get(write.id) !== write) return undefined;
      await sleep(LOOK_EVERY_MS);
    }
    throw new Error(`${path} is not answered with ${status} after ${LONGEST_MS / 1000} s`);
  }
}

/** Waits until one path is answered as it shall be; when that was, of `performance.now()`. */
export async function servedAt(edge: string, { path, status }: Probe): Promise<number> {
  const end = performance.now() + LONGEST_MS;
  while (performance.now() < end) {
    if ((await askEdge(edge, path)) === status) return performance.now();
    await sleep(5);
  }
  throw new Error(`${path} is not answered with ${status} after ${LONGEST_MS / 1000} s`);
}

export interface EdgeCheck {
  readonly asked: number;
  /** What the edge answers otherwise than the last writes say. */
  readonly wrong: readonly string[];
}

/** Asks for every route there shall be, for every deleted one, and for what each route was before. */
export async function checkEdge(edge: string, { initial, writes }: WritePlan): Promise<EdgeCheck> {
  const wrong: string[] = [];
  const probes = [...finalProbes(initial, writes)];
  await forEachAtMost(ASKED_AT_ONCE, probes, async ({ path, status }) => {
    const found = await askEdge(edge, path);
    if (found !== status) wrong.push(`the edge answers ${path} with ${found}, not ${status}`);
  });
  return { asked: probes.length, wrong };
}

function* finalProbes(
  initial: WritePlan["initial"],
  writes: WritePlan["writes"],
): Generator<Probe> {
  const last = lastWrites(writes);
  for (const [id, { uri }] of initial) {
    yield { path: String(uri), status: last.has(id) ? 404 : 200 };
  }
  const servedBefore = new Map<string, string>();
  for (const write of writes) {
    if (last.get(write.id) !== write) servedBefore.set(write.id, write.probe.path);
  }
  for (const [id, { probe }] of last) {
    yield probe;
    const before = servedBefore.get(id);
    if (before !== undefined && before !== probe.path) yield { path: before, status: 404 };
  }
}

async function askEdge(edge: string, path: string): Promise<number> {
  const response = await fetch(`${edge}${path}`);
  await response.arrayBuffer();
  return response.status;
}
