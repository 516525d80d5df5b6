import { type Actor, type Runtime, startActor } from "../support/actors.ts";
import { median } from "../support/figures.ts";
import type { OpeningCall } from "./opening-actor.ts";
import type { TableSpec } from "./stand.ts";

/** Milliseconds of CPU, each the median of new processes. */
export interface Opening {
  /** As an isolate does again and again, with every generation: the mean of ten times. */
  readonly indexMs: number;
  /** The very first time in a process that has run nothing of the code: V8 compiles it on the way. */
  readonly firstEverMs: number;
  readonly jsonMs: number;
  /** `indexMs` over `jsonMs`. */
  readonly ratio: number;
}

const PROCESSES = 7;
const TIMES = 10;
const LIMIT_MS = 60_000;

/** What an isolate pays for a table before its first request, beside `JSON.parse` of the same routes. */
export async function measureOpening(
  runtime: Runtime,
  spec: TableSpec,
  packed: Uint8Array<ArrayBuffer>,
): Promise<Opening> {
  const index: number[] = [];
  const firstEver: number[] = [];
  const json: number[] = [];
  for (let i = 0; i < PROCESSES; i++) {
    await withActor(runtime, async (actor) => {
      await actor.ask({ is: "take index" }, LIMIT_MS, packed);
      firstEver.push(await open(actor, 1));
      index.push(await open(actor, TIMES));
    });
    await withActor(runtime, async (actor) => {
      await actor.ask({ is: "take JSON", spec }, LIMIT_MS);
      json.push(await open(actor, 1));
    });
  }
  const [indexMs, jsonMs] = [median(index), median(json)];
  return { indexMs, firstEverMs: median(firstEver), jsonMs, ratio: indexMs / jsonMs };
}

async function withActor(
  runtime: Runtime,
  use: (actor: Actor<OpeningCall>) => Promise<void>,
): Promise<void> {
  const module = new URL("./opening-actor.ts", import.meta.url);
  const actor = await startActor<OpeningCall>(runtime, module);
  try {
    await use(actor);
  } finally {
    await actor.stop();
  }
}

/** Of one time. */
async function open(actor: Actor<OpeningCall>, times: number): Promise<number> {
  const cpuOf = async (call: OpeningCall) => {
    const before = actor.cpuNanoseconds();
    await actor.ask(call, LIMIT_MS);
    return actor.cpuNanoseconds() - before;
  };
  // Before anything is measured, what went before is cleared away, and the cost of a call is known.
  await new Promise((resolve) => setTimeout(resolve, 300));
  const calls: number[] = [];
  for (let i = 0; i < 9; i++) calls.push(await cpuOf({ is: "nothing" }));
  return ((await cpuOf({ is: "open", times })) - median(calls)) / times / 1e6;
}
