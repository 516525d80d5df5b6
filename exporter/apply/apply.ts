import { setImmediate as nextTurn } from "node:timers/promises";
import { ALL_USES, GLOBAL_RULES_GUARD, type Guards } from "../admin/guards.ts";
import { createBackoff } from "../etcd/backoff.ts";
import { type Compare, EtcdError, type EtcdTransport, type Operation } from "../etcd/transport.ts";
import { errorText } from "../log.ts";
import { type Change, changeTo, type Plan } from "./plan.ts";
import { type ConfigurationDeps, storedResource } from "./stored-configuration.ts";
import { type Step, stepOf, transactionsOf } from "./transactions.ts";

export interface ApplyDeps
  extends Pick<ConfigurationDeps, "clock" | "random" | "prefix" | "cipher"> {
  readonly transport: Pick<EtcdTransport, "txn" | "range">;
  /** Must hold in every transaction; where it does not, `Overtaken` is thrown. */
  readonly fence?: Compare;
  /** Touched in every transaction, for single writes that rely on what there is not. */
  readonly guards?: Pick<Guards, "touches" | "noteFailure">;
  /** What the last transaction does besides; it takes place even where nothing changes. */
  readonly last?: readonly Operation[];
}

/** What was done; keys are below the prefix. */
export interface ApplyReport {
  readonly created: readonly string[];
  readonly updated: readonly string[];
  readonly deleted: readonly string[];
  readonly unchanged: number;
  readonly transactions: number;
  /** Transactions that were tried again because somebody else had written one of their keys. */
  readonly conflicts: number;
  /** etcd's, with the last of it; 0 where nothing was to be done. */
  readonly revision: number;
}

/** Not all of it was done: `report` has what was. Doing all of it again is safe. */
export class ApplyFailed extends Error {
  override readonly name = "ApplyFailed";
  readonly report: ApplyReport;

  constructor(report: ApplyReport, cause: unknown) {
    super(`stopped half way: ${errorText(cause)}`, { cause });
    this.report = report;
  }
}

/** The fence did not hold: somebody else has done the same meanwhile. */
export class Overtaken extends Error {
  override readonly name = "Overtaken";
}

const MOST_ATTEMPTS = 8;
const GUARDS = [ALL_USES, GLOBAL_RULES_GUARD];

const REPORTED = { create: "created", update: "updated", delete: "deleted" } as const;

/**
 * Carries the plan out, in transactions of which each is done whole or not at all, one after the other. A
 * key that somebody else writes meanwhile is looked at again, and then becomes what is wanted all the same.
 * Throws `Overtaken`, and `ApplyFailed` where etcd refuses, or does not answer for too long.
 */
export async function applyPlan(plan: Plan, deps: ApplyDeps): Promise<ApplyReport> {
  const run = new Run(deps, plan.unchanged);
  const reserved = GUARDS.length + (deps.last?.length ?? 0) + (deps.fence ? 1 : 0);
  const steps = plan.changes.map((change) => run.step(change));
  // Of very many changes each of the two takes a second, and others want their turn in between.
  await nextTurn();
  const batches = [...transactionsOf(steps, reserved)];
  if (batches.length === 0 && deps.last) batches.push([]);
  try {
    for (const [i, batch] of batches.entries()) {
      await run.carryOut(batch, i === batches.length - 1 ? (deps.last ?? []) : []);
    }
  } catch (error) {
    if (error instanceof Overtaken) throw error;
    throw new ApplyFailed(run.report(), error);
  }
  return run.report();
}

class Run {
  readonly #deps: ApplyDeps;
  readonly #done: Readonly<Record<(typeof REPORTED)[Change["does"]], string[]>> = {
    created: [],
    updated: [],
    deleted: [],
  };
  #unchanged: number;
  #transactions = 0;
  #conflicts = 0;
  #revision = 0;

  constructor(deps: ApplyDeps, unchanged: number) {
    this.#deps = deps;
    this.#unchanged = unchanged;
  }

  step(change: Change): Step {
    const { cipher, clock, prefix } = this.#deps;
    return stepOf(change, { prefix, cipher, nowSeconds: Math.floor(clock.now() / 1000) });
  }

  report(): ApplyReport {
    return {
      ...this.#done,
      unchanged: this.#unchanged,
      transactions: this.#transactions,
      conflicts: this.#conflicts,
      revision: this.#revision,
    };
  }

  async carryOut(batch: readonly Step[], last: readonly Operation[]): Promise<void> {
    const { clock, random } = this.#deps;
    const backoff = createBackoff(random, { minMs: 50, maxMs: 2000 });
    let steps = batch;
    // Of a transaction without an answer nobody knows whether it was done.
    let isUncertain = false;
    for (let attempt = 1; steps.length + last.length > 0; attempt++) {
      const outcome = await this.#try(steps, last, attempt);
      if (outcome === "done") {
        this.#transactions += 1;
        for (const { change } of steps) this.#done[REPORTED[change.does]].push(change.key);
        return;
      }
      if (outcome === "unknown") isUncertain = true;
      else this.#conflicts += 1;
      await clock.sleep(backoff.next());
      steps = await this.#lookAgain(steps, isUncertain);
    }
  }

  async #try(
    steps: readonly Step[],
    last: readonly Operation[],
    attempt: number,
  ): Promise<"done" | "conflict" | "unknown"> {
    const { fence, guards, transport } = this.#deps;
    const compare = [...(fence ? [fence] : []), ...steps.map((step) => step.compare)];
    try {
      const names = [...GUARDS, ...steps.flatMap((step) => step.guards)];
      const touches = (await guards?.touches(names)) ?? [];
      const success = [...steps.flatMap(({ operations }) => operations), ...touches, ...last];
      const { header, succeeded } = await transport.txn({ compare, success });
      if (succeeded) {
        this.#revision = header.revision;
        return "done";
      }
      await this.#checkFence();
      if (attempt < MOST_ATTEMPTS) return "conflict";
    } catch (error) {
      const isForgotten = guards?.noteFailure(error) ?? false;
      if (!(isForgotten || mayPass(error)) || attempt >= MOST_ATTEMPTS) throw error;
      return "unknown";
    }
    throw new Error("somebody else writes the same keys all the time");
  }

  async #checkFence(): Promise<void> {
    const { fence, transport } = this.#deps;
    if (!fence) return;
    const { kvs } = await transport.range({ key: fence.key });
    const found = fence.target === "mod" ? kvs[0]?.modRevision : kvs[0]?.createRevision;
    if ((found ?? 0) !== fence.equals) throw new Overtaken(`${fence.key} was written meanwhile`);
  }

  /** The same steps from what is there now; without those of which nothing is left to do. */
  async #lookAgain(steps: readonly Step[], isUncertain: boolean): Promise<readonly Step[]> {
    const again: Step[] = [];
    for (const step of steps) {
      const { change } = step;
      const next = await this.#rebased(change).catch((error) => {
        if (!mayPass(error)) throw error;
        return change;
      });
      if (next === change) {
        again.push(step);
        continue;
      }
      if (next) {
        again.push(this.step(next));
        continue;
      }
      // It is as wanted: by us, where we have tried and heard nothing; else by somebody else.
      if (isUncertain) this.#done[REPORTED[change.does]].push(change.key);
      else if (change.wanted) this.#unchanged += 1;
    }
    return again;
  }

  async #rebased(change: Change): Promise<Change | undefined> {
    const { cipher, prefix, transport } = this.#deps;
    const { kvs } = await transport.range({ key: `${prefix}/${change.key}` });
    const [found] = kvs;
    const stored = found && storedResource(found, { prefix, cipher });
    if (change.wanted) return changeTo(change.wanted, stored);
    return stored && { ...change, modRevision: stored.modRevision };
  }
}

function mayPass(error: unknown): boolean {
  return error instanceof EtcdError && ["unavailable", "stale-token"].includes(error.kind);
}
