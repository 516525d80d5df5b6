import { setTimeout as sleep } from "node:timers/promises";
import type { PlannedWrite } from "./write-plan.ts";
import type { Writer } from "./writers.ts";

/** What became of one write. */
export interface WriteOutcome {
  readonly write: PlannedWrite;
  /** From when it was due, in ms; a client that is late itself counts as waiting. */
  readonly latencyMs: number;
  /** Undefined: it failed. */
  readonly revision: number | undefined;
  readonly error: string | undefined;
}

export interface Sustained {
  readonly outcomes: readonly WriteOutcome[];
  /** From when the first was due to the last answer. */
  readonly seconds: number;
  /** `performance.now()` at the last answer. */
  readonly endedAt: number;
  /** Writes that had to wait for the one before of their key. */
  readonly waited: number;
}

/**
 * Makes the writes at a fixed rate, whether or not earlier ones have been answered: a server that stalls
 * cannot slow its load down. Only writes of one key follow one another. `onMade` hears of every write that
 * was made, with `performance.now()` of its being due.
 */
export async function sustain(
  writer: Writer,
  writes: readonly PlannedWrite[],
  perSecond: number,
  onMade: (write: PlannedWrite, dueAt: number) => void,
): Promise<Sustained> {
  const underWay = new Map<string, Promise<unknown>>();
  const outcomes: Promise<WriteOutcome>[] = [];
  const began = performance.now();
  let waited = 0;
  let endedAt = began;
  const make = async (write: PlannedWrite, dueAt: number, before: Promise<unknown> | undefined) => {
    await before;
    const made = await attempt(writer, write);
    endedAt = performance.now();
    if (made.revision !== undefined) onMade(write, dueAt);
    return { write, latencyMs: endedAt - dueAt, ...made };
  };
  while (outcomes.length < writes.length) {
    const passed = ((performance.now() - began) * perSecond) / 1000;
    const due = Math.min(writes.length, Math.ceil(passed));
    for (const write of writes.slice(outcomes.length, due)) {
      const before = underWay.get(write.id);
      if (before !== undefined) waited += 1;
      const dueAt = began + (outcomes.length * 1000) / perSecond;
      const own = make(write, dueAt, before);
      underWay.set(write.id, own);
      void own.then(() => underWay.get(write.id) === own && underWay.delete(write.id));
      outcomes.push(own);
    }
    await sleep(1);
  }
  const answered = await Promise.all(outcomes);
  return { outcomes: answered, seconds: (endedAt - began) / 1000, endedAt, waited };
}

async function attempt(writer: Writer, write: PlannedWrite) {
  try {
    const { revision } = await writer.write(write);
    return { revision, error: undefined };
  } catch (error) {
    return { revision: undefined, error: error instanceof Error ? error.message : String(error) };
  }
}
