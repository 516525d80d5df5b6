import { describe, expect, it } from "vitest";
import { type ObjectStore, StoreError } from "../../../exporter/store/object-store.ts";
import { RetryingStore } from "../../../exporter/store/retrying-store.ts";
import { MemoryStore } from "../../support/memory-store.ts";
import { virtualClock } from "../../support/virtual-clock.ts";

/** A memory store whose next calls fail as `plan` says: before or after the call was done. */
function unreliable(plan: ("before" | "after" | "for good" | "ok")[]) {
  const inner = new MemoryStore();
  let calls = 0;
  const store = new Proxy(inner as ObjectStore, {
    get: (target, method: keyof ObjectStore) =>
      method === "list"
        ? target.list.bind(target)
        : async (...args: unknown[]) => {
            calls += 1;
            const fault = plan.shift() ?? "ok";
            if (fault === "before") throw new StoreError("refused", true);
            if (fault === "for good") throw new StoreError("forbidden", false);
            const answer = await (target[method] as (...all: unknown[]) => Promise<unknown>).apply(
              target,
              args,
            );
            if (fault === "after") throw new StoreError("answer lost", true);
            return answer;
          },
  });
  const clock = virtualClock();
  const retries: number[] = [];
  const stop = new AbortController();
  const retrying = new RetryingStore(store, {
    clock,
    signal: stop.signal,
    random: () => 0.5,
    attempts: 4,
    firstDelayMs: 100,
    maxDelayMs: 250,
    onRetry: (_error, attempt) => retries.push(attempt),
  });
  const startedAt = clock.now();
  /** Lets time pass until `work` has ended; how it ended, and after how long. */
  const run = async <T>(work: Promise<T>) => {
    const ended = work.then(
      (value) => ({ value, error: undefined }),
      (error: Error) => ({ value: undefined, error }),
    );
    await clock.advance(10_000);
    return ended;
  };
  return {
    inner,
    retrying,
    stop,
    clock,
    run,
    retries,
    calls: () => calls,
    elapsed: () => clock.now() - startedAt,
  };
}

const bytes = new Uint8Array([1, 2, 3]);

describe("a store that fails in passing", () => {
  it("is asked again, with waits that grow up to a limit", async () => {
    const { retrying, run, retries, calls } = unreliable(["before", "before", "before"]);
    expect((await run(retrying.put("a", bytes))).error).toBeUndefined();
    expect(retries).toEqual([1, 2, 3]);
    expect(calls()).toBe(4);
  });

  it("is given up after its attempts, with the last error", async () => {
    const { retrying, run, calls } = unreliable(new Array(9).fill("before"));
    expect((await run(retrying.get("a"))).error).toMatchObject({ message: "refused" });
    expect(calls()).toBe(4);
  });

  it("is not asked again once whoever asks is to stop", async () => {
    const { retrying, run, stop, calls, clock } = unreliable(new Array(9).fill("before"));
    const work = retrying.get("a");
    await clock.advance(60);
    stop.abort();
    expect((await run(work)).error).toMatchObject({ message: "refused" });
    expect(calls()).toBe(2);
  });

  it("is not asked again where a person is needed", async () => {
    const { retrying, run, calls } = unreliable(["for good"]);
    expect((await run(retrying.get("a"))).error).toMatchObject({ message: "forbidden" });
    expect(calls()).toBe(1);
  });
});

describe("a compare-and-set whose answer was lost", () => {
  it("is taken as set when our bytes are there", async () => {
    const { retrying, run, inner } = unreliable(["after"]);
    const answer = await run(retrying.compareAndSet("p", bytes, undefined));
    expect(answer.value).toEqual({ outcome: "set", etag: (await inner.get("p"))?.etag });
  });

  it("is done when it had not been done", async () => {
    const { retrying, run, inner } = unreliable(["before"]);
    expect((await run(retrying.compareAndSet("p", bytes, undefined))).value?.outcome).toBe("set");
    expect((await inner.get("p"))?.bytes).toEqual(bytes);
  });

  it("is a conflict when somebody else was there first", async () => {
    const { retrying, run, inner } = unreliable(["before"]);
    const other = new Uint8Array([9]);
    const work = retrying.compareAndSet("p", bytes, undefined);
    await inner.put("p", other);
    expect((await run(work)).value).toEqual({ outcome: "conflict" });
    expect((await inner.get("p"))?.bytes).toEqual(other);
  });
});

describe("a listing that breaks off", () => {
  it("goes on without telling a name twice", async () => {
    const inner = new MemoryStore();
    for (const name of ["a", "b", "c", "d"]) await inner.put(name, bytes);
    let broken = false;
    const flaky: ObjectStore = Object.assign(Object.create(inner) as ObjectStore, {
      async *list(prefix: string) {
        let listed = 0;
        for await (const object of inner.list(prefix)) {
          if (!broken && listed++ === 2) {
            broken = true;
            throw new StoreError("cut", true);
          }
          yield object;
        }
      },
    });
    const clock = virtualClock();
    const store = new RetryingStore(flaky, {
      clock,
      random: () => 0,
      attempts: 3,
      firstDelayMs: 1,
      maxDelayMs: 1,
    });
    const names: string[] = [];
    const work = (async () => {
      for await (const { name } of store.list("")) names.push(name);
    })();
    await clock.advance(100);
    await work;
    expect(names).toEqual(["a", "b", "c", "d"]);
  });
});
