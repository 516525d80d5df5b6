import { refusal } from "./answer.ts";
import type { Attempt, Change, WriteDeps } from "./write-deps.ts";

/**
 * How often a change is tried. Writers of one key in this process follow one another; each attempt beyond
 * the first stands against another process, one of which has won meanwhile.
 */
const ATTEMPTS = 20;
const LONGEST_PAUSE_MS = 100;

/**
 * Reads, decides and writes until nothing that the decision rests on changed in between. `prepare` throws
 * where the change is not to be made. Throws a `Refusal` like APISIX's where others always came first, and
 * `EtcdError`: whether the change was made is unknown then.
 */
export async function commit(
  key: string,
  prepare: () => Promise<Attempt>,
  deps: Pick<WriteDeps, "transport" | "clock" | "random" | "guards" | "locks">,
): Promise<Change> {
  const { clock, guards, locks, random, transport } = deps;
  return locks.run(key, async () => {
    for (let attempt = 1; attempt <= ATTEMPTS; attempt++) {
      const { compare, success, change } = await prepare();
      try {
        const answer = await transport.txn({ compare, success });
        if (answer.succeeded) return { ...change, revision: answer.header.revision };
      } catch (error) {
        if (!guards.noteFailure(error)) throw error;
      }
      await clock.sleep(random() * Math.min(LONGEST_PAUSE_MS, 2 ** attempt));
    }
    throw refusal(503, "value changed before overwritten");
  });
}
