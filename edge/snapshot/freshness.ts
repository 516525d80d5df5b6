import type { OverlayReader } from "../health/overlay-reader.ts";
import { type Timers, within } from "../upstream/timers.ts";
import type { Loader, LookOutcome } from "./loader.ts";
import type { OpenSnapshot } from "./open-snapshot.ts";

export interface FreshnessSettings {
  /** How old the last look may be; 0: a look before every request. */
  readonly refreshIntervalMs: number;
  /** An isolate that has not looked for this long waits for the refresh, */
  readonly staleAfterMs: number;
  /** but not longer than this. */
  readonly staleWaitMs: number;
  /** How long a request may wait for the very first snapshot. */
  readonly firstLoadMs: number;
}

export interface FreshnessDeps {
  readonly loader: Loader;
  /** Reads what active health checks have found, after each look. */
  readonly overlays: Pick<OverlayReader, "refresh">;
  readonly settings: FreshnessSettings;
  readonly timers: Timers;
  readonly now: () => number;
  /** From 0 up to, not including, 1: spreads the looks of a fleet. */
  readonly random: () => number;
}

/** The platform lets work outlive its response for so long: what is under way for longer was cut off. */
const CUT_OFF_MS = 30_000;

/** Keeps a promise alive after the response, as `ctx.waitUntil` does. */
export type WaitUntil = (work: Promise<unknown>) => void;

export interface FreshnessReport {
  readonly looks: readonly LookOutcome[];
  /** When the last look ended; undefined before the first. */
  readonly lookedAt: number | undefined;
  /** When a source last confirmed what is held, or gave something newer. */
  readonly confirmedAt: number | undefined;
}

/**
 * Decides who waits for a refresh. Nothing runs between requests: a request starts a refresh when it is
 * due, and is answered from what is held. Only plain values cross from one request to another; a promise
 * does so only while its owner keeps it alive, and never without a time limit.
 */
export class Freshness {
  readonly #deps: FreshnessDeps;
  #refreshing: { readonly look: Promise<void>; readonly since: number } | undefined;
  #warmingSince: number | undefined;
  #mayWarm = true;
  #readingSince: number | undefined;
  #lookedAt: number | undefined;
  #confirmedAt: number | undefined;
  #dueAt = 0;
  #looks: readonly LookOutcome[] = [];

  constructor(deps: FreshnessDeps) {
    this.#deps = deps;
  }

  /**
   * The snapshot to serve this request from; undefined where none could ever be loaded. A promise only
   * where a look is due.
   */
  current(waitUntil: WaitUntil): OpenSnapshot | undefined | Promise<OpenSnapshot | undefined> {
    const { loader, now, settings } = this.#deps;
    if (!loader.held) return this.#first(waitUntil);
    const isDue = settings.refreshIntervalMs === 0 || now() >= this.#dueAt;
    if (isDue) return this.#refreshed(waitUntil);
    this.#warm(waitUntil);
    return loader.held;
  }

  report(): FreshnessReport {
    return { looks: this.#looks, lookedAt: this.#lookedAt, confirmedAt: this.#confirmedAt };
  }

  async #refreshed(waitUntil: WaitUntil): Promise<OpenSnapshot | undefined> {
    const { loader, now, settings } = this.#deps;
    if (settings.refreshIntervalMs === 0) {
      await this.#wait(this.#look(waitUntil), settings.firstLoadMs);
    } else {
      const isStale = now() - (this.#lookedAt ?? 0) >= settings.staleAfterMs;
      const refresh = this.#shared(waitUntil);
      if (isStale) await this.#wait(refresh, settings.staleWaitMs);
    }
    this.#warm(waitUntil);
    return loader.held;
  }

  async #first(waitUntil: WaitUntil): Promise<OpenSnapshot | undefined> {
    const { loader, now, settings } = this.#deps;
    const isPaced = settings.refreshIntervalMs > 0 && this.#lookedAt !== undefined;
    // A bucket without anything in it is not asked by every request.
    if (isPaced && !this.#refreshing && now() < this.#dueAt) return undefined;
    const own = this.#refreshing === undefined;
    await this.#wait(this.#shared(waitUntil), settings.firstLoadMs);
    // The owner's request may have been cut off with its promise; then this one loads for itself.
    if (!loader.held && !own && this.#lookedAt === undefined) {
      await this.#wait(this.#look(waitUntil), settings.firstLoadMs);
    }
    return loader.held;
  }

  /** The refresh under way, or a new one that this request keeps alive for the others. */
  #shared(waitUntil: WaitUntil): Promise<void> {
    const { now } = this.#deps;
    const held = this.#refreshing;
    if (held && now() - held.since < CUT_OFF_MS) return held.look;
    const look = this.#look(waitUntil).finally(() => {
      if (this.#refreshing === refreshing) this.#refreshing = undefined;
    });
    const refreshing = { look, since: now() };
    this.#refreshing = refreshing;
    waitUntil(look);
    return look;
  }

  async #look(waitUntil: WaitUntil): Promise<void> {
    const { loader, now, random, settings } = this.#deps;
    // Set first: requests that come meanwhile are served, and do not look as well.
    this.#dueAt = now() + settings.refreshIntervalMs * (0.8 + 0.4 * random());
    const before = loader.held;
    this.#looks = await loader.refresh();
    this.#lookedAt = now();
    if (this.#looks.some(({ outcome }) => outcome === "same" || outcome === "newer")) {
      this.#confirmedAt = this.#lookedAt;
    }
    if (loader.held !== before) this.#mayWarm = true;
    this.#readOverlays(waitUntil);
  }

  /** Nobody waits for it: a hint that comes late costs an attempt at a dead node at most. */
  #readOverlays(waitUntil: WaitUntil): void {
    const { loader, now, overlays } = this.#deps;
    const isReading = now() - (this.#readingSince ?? Number.NEGATIVE_INFINITY) < CUT_OFF_MS;
    const source = answering(this.#looks);
    if (isReading || !loader.held || source === undefined) return;
    const since = now();
    this.#readingSince = since;
    const done = () => {
      if (this.#readingSince === since) this.#readingSince = undefined;
    };
    waitUntil(overlays.refresh(loader.held.manifest, source).then(done, done));
  }

  /** Bodies that did not come with the snapshot are read in the background, a few a request. */
  #warm(waitUntil: WaitUntil): void {
    const { loader, now } = this.#deps;
    if (!this.#mayWarm) return;
    const isWarming = now() - (this.#warmingSince ?? Number.NEGATIVE_INFINITY) < CUT_OFF_MS;
    if (isWarming) return;
    this.#warmingSince = now();
    const warmed = (more: boolean) => {
      this.#mayWarm = more;
      this.#warmingSince = undefined;
    };
    // What could not be read now is read when it is needed, or after the next generation.
    waitUntil(loader.warm().then(warmed, () => warmed(false)));
  }

  /** Waits for `work`, not longer than `limitMs`, whatever becomes of it. */
  async #wait(work: Promise<void>, limitMs: number): Promise<void> {
    const { timers } = this.#deps;
    await within(timers, limitMs, work, () => new Error("waited long enough")).catch(
      () => undefined,
    );
  }
}

/** The source that confirmed what is held, else the first that answered at all. */
function answering(looks: readonly LookOutcome[]): string | undefined {
  const confirming = looks.find(({ outcome }) => outcome === "same" || outcome === "newer");
  const answered = looks.find(({ outcome }) => outcome !== "unreachable");
  return (confirming ?? answered)?.source;
}
