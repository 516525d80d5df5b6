import {
  encodeOverlay,
  HEALTH_OVERLAY_NAMES,
  type HealthOverlay,
} from "../../shared/health/overlay.ts";
import { type Timers, within } from "../upstream/timers.ts";

/** Where the job's overlay lies; names are below the namespace. */
export interface OverlayBucket {
  /** Undefined where there is no such object. */
  read(name: string): Promise<Uint8Array | undefined>;
  write(name: string, bytes: Uint8Array): Promise<void>;
}

/** `prefix` has its trailing slash. */
export function r2Overlays(bucket: R2Bucket, prefix: string): OverlayBucket {
  return {
    read: async (name) => {
      const held = await bucket.get(prefix + name);
      return held ? new Uint8Array(await held.arrayBuffer()) : undefined;
    },
    write: async (name, bytes) => void (await bucket.put(prefix + name, bytes)),
  };
}

export interface OverlayPublisherDeps {
  readonly bucket: OverlayBucket;
  readonly timers: Timers;
  /** Milliseconds since 1970. */
  readonly now: () => number;
  readonly log: (line: string) => void;
}

/** R2 takes one write a second to one object. */
const BETWEEN_WRITES_MS = 1000;
const WRITE_TIMEOUT_MS = 10_000;
const ATTEMPTS = 3;

/** Writes the job's overlay whenever it has changed, one write after the other. */
export class OverlayPublisher {
  readonly #deps: OverlayPublisherDeps;
  readonly #content: (writtenAt: string) => HealthOverlay;
  #isDirty = false;
  #writing: Promise<void> | undefined;
  #beganAt = Number.NEGATIVE_INFINITY;
  #lastWritten: string | undefined;

  /** `content` is asked at the moment of writing. */
  constructor(deps: OverlayPublisherDeps, content: (writtenAt: string) => HealthOverlay) {
    this.#deps = deps;
    this.#content = content;
  }

  /** `writtenAt` of what lies in the bucket by this publisher's doing. */
  get lastWritten(): string | undefined {
    return this.#lastWritten;
  }

  /** Begins a write, or has one follow the write under way. */
  changed(): void {
    this.#isDirty = true;
    this.#writing ??= this.#write().finally(() => {
      this.#writing = undefined;
    });
  }

  /** Until everything that was to be written is, or has failed. */
  async settled(): Promise<void> {
    await this.#writing;
  }

  async #write(): Promise<void> {
    const { now, log } = this.#deps;
    for (let failures = 0; this.#isDirty && failures < ATTEMPTS; ) {
      await this.#sleep(this.#beganAt + BETWEEN_WRITES_MS - now());
      this.#isDirty = false;
      this.#beganAt = now();
      try {
        await this.#put(new Date(now()).toISOString());
        failures = 0;
      } catch (error) {
        failures += 1;
        this.#isDirty = true;
        const detail = error instanceof Error ? error.message : String(error);
        log(`health checks: ${HEALTH_OVERLAY_NAMES.edge} could not be written: ${detail}`);
      }
    }
  }

  async #put(writtenAt: string): Promise<void> {
    const { bucket, timers } = this.#deps;
    const bytes = encodeOverlay(this.#content(writtenAt));
    const late = () => new Error(`no answer within ${WRITE_TIMEOUT_MS} ms`);
    await within(timers, WRITE_TIMEOUT_MS, bucket.write(HEALTH_OVERLAY_NAMES.edge, bytes), late);
    this.#lastWritten = writtenAt;
  }

  async #sleep(ms: number): Promise<void> {
    if (ms <= 0) return;
    await new Promise<void>((resolve) => this.#deps.timers.after(ms, resolve));
  }
}
