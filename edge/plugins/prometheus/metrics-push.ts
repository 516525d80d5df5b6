import { deliver } from "../logs/deliver.ts";
import { Keeper } from "../logs/keeper.ts";
import type { PluginDeps } from "../plugin.ts";
import type { MetricsPushSettings } from "./push-settings.ts";
import type { RequestMetrics } from "./request-metrics.ts";

/** Below the shortest time between two pushes. */
const TIMEOUT_MS = 4000;
const isTaken = (status: number) => status >= 200 && status < 300;

/**
 * Pushes what came since the last push to where the isolates' counts are added up: an isolate is one of
 * many, and does not live long. What does not arrive goes with the next push.
 */
export class MetricsPush {
  readonly #keeper: Keeper;
  #firstAt: number | undefined;

  constructor(metrics: RequestMetrics, settings: MetricsPushSettings, deps: PluginDeps) {
    const { url, token, everySeconds } = settings;
    const headers = {
      "content-type": "text/plain; version=0.0.4; charset=utf-8",
      ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
    };
    const act = async () => {
      this.#firstAt = undefined;
      const { text, arrived } = metrics.unpushed();
      try {
        await deliver(deps, { url, headers, body: text, timeoutMs: TIMEOUT_MS }, isTaken);
        arrived();
      } catch (error) {
        const reason = error instanceof Error ? error.message : String(error);
        deps.log(`prometheus: the metrics wait for the next push: ${reason}`);
      }
    };
    const dueAt = () =>
      this.#firstAt === undefined ? undefined : this.#firstAt + everySeconds * 1000;
    this.#keeper = new Keeper({ dueAt, act }, deps);
  }

  /** A request was counted. */
  counted(now: number, waitUntil: (work: Promise<unknown>) => void): void {
    this.#firstAt ??= now;
    this.#keeper.left(waitUntil);
  }
}
