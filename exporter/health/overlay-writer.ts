import {
  decodeOverlay,
  encodeOverlay,
  HEALTH_OVERLAY_NAMES,
  type HealthOverlay,
} from "../../shared/health/overlay.ts";
import { SnapshotError } from "../../shared/snapshot/errors.ts";
import type { Clock } from "../clock.ts";
import type { ObjectStore } from "../store/object-store.ts";
import { type Findings, fittingOverlay } from "./fitting-overlay.ts";

/** FORMAT.md 10.4: how long an edge believes an overlay that is not renewed. */
export const VALID_SECONDS = 30;

const NAME = HEALTH_OVERLAY_NAMES.exporter;

export interface OverlayWriterOptions {
  readonly store: ObjectStore;
  readonly clock: Clock;
  readonly namespace: string;
  /** Written into the overlay, for a person. */
  readonly by: string;
}

export type OverlayWrite =
  | { readonly outcome: "written"; readonly bytes: number; readonly omitted: number }
  /** It says what is found already, and is not old yet. */
  | { readonly outcome: "unchanged" }
  | { readonly outcome: "deleted" }
  /** There is nothing to say, and no object. */
  | { readonly outcome: "absent" };

/** Writes the overlay of one leadership. One call at a time; each may throw what the store throws. */
export class OverlayWriter {
  readonly #options: OverlayWriterOptions;
  /** Undefined while nobody has looked. */
  #held: { readonly etag: string | undefined } | undefined;
  /** The findings that were written last, as text. */
  #said: string | undefined;

  constructor(options: OverlayWriterOptions) {
    this.#options = options;
  }

  /** What the exporter before this one has left, where it may still be believed. */
  async open(): Promise<HealthOverlay | undefined> {
    const { clock, namespace, store } = this.#options;
    const held = await store.get(NAME);
    this.#held = { etag: held?.etag };
    const overlay = held && readable(held.bytes);
    if (!overlay || overlay.namespace !== namespace) return undefined;
    const ageMs = clock.now() - Date.parse(overlay.writtenAt);
    return ageMs <= overlay.validSeconds * 1000 ? overlay : undefined;
  }

  get isOpen(): boolean {
    return this.#held !== undefined;
  }

  /** `isDue`: write it although it says the same. */
  async write(findings: Findings, { isDue }: { readonly isDue: boolean }): Promise<OverlayWrite> {
    const { by, clock, namespace } = this.#options;
    const writtenAt = new Date(clock.now()).toISOString();
    const head = {
      format: 1,
      namespace,
      writtenAt,
      writtenBy: by,
      validSeconds: VALID_SECONDS,
    } as const;
    const { overlay, omitted } = fittingOverlay(head, findings);
    const said = JSON.stringify([overlay.down, overlay.leftToEdge]);
    if (said === this.#said && !isDue) return { outcome: "unchanged" };
    const bytes = encodeOverlay(overlay);
    await this.#set(bytes);
    this.#said = said;
    return { outcome: "written", bytes: bytes.length, omitted };
  }

  /** No upstream has checks: no edge needs to look. */
  async delete(): Promise<OverlayWrite> {
    const { store } = this.#options;
    this.#said = undefined;
    if (this.#held === undefined) await this.open();
    if (this.#held?.etag === undefined) return { outcome: "absent" };
    await store.delete([NAME]);
    this.#held = { etag: undefined };
    return { outcome: "deleted" };
  }

  /** Against the etag: a leader that has been deposed meanwhile fails here, and is told why. */
  async #set(bytes: Uint8Array): Promise<void> {
    const { store } = this.#options;
    try {
      const answer = await store.compareAndSet(NAME, bytes, this.#held?.etag);
      if (answer.outcome === "set") {
        this.#held = { etag: answer.etag };
        return;
      }
    } catch (error) {
      // It may have been written all the same.
      this.#held = undefined;
      throw error;
    }
    this.#held = undefined;
    throw new Error(`${NAME} was written by somebody else meanwhile`);
  }
}

/** A damaged one is no loss: it is written anew. */
function readable(bytes: Uint8Array): HealthOverlay | undefined {
  try {
    return decodeOverlay(bytes, NAME);
  } catch (error) {
    if (error instanceof SnapshotError) return undefined;
    throw error;
  }
}
