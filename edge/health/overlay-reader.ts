import { decodeOverlay, HEALTH_OVERLAY_NAMES } from "../../shared/health/overlay.ts";
import { SnapshotError, type SnapshotFault } from "../../shared/snapshot/errors.ts";
import type { Manifest } from "../../shared/snapshot/format.ts";
import { type ObjectReader, Unreachable } from "../snapshot/object-reader.ts";
import type { SnapshotSource } from "../snapshot/source.ts";
import type { ActiveVerdicts, CheckerName } from "./active-verdicts.ts";

/** What the last read of one overlay came to. */
export interface OverlayLook {
  readonly outcome: "read" | "unreachable" | SnapshotFault;
  /** For a person; empty where there is nothing to say. */
  readonly detail: string;
}

/**
 * Reads the health overlays (FORMAT.md 10) beside the pointer. They are hints: whatever is wrong with them
 * costs nobody more than an attempt at a dead node.
 */
export class OverlayReader {
  readonly #reader: ObjectReader;
  readonly #verdicts: ActiveVerdicts;
  readonly #looks: Partial<Record<CheckerName, OverlayLook>> = {};

  constructor(reader: ObjectReader, verdicts: ActiveVerdicts) {
    this.#reader = reader;
    this.#verdicts = verdicts;
  }

  /** From the source of this name, one after the other; whatever is wrong there is told by `report`. */
  async refresh(manifest: Manifest, sourceName: string): Promise<void> {
    const source = this.#reader.sources.find(({ name }) => name === sourceName);
    if (!manifest.checked || !source) {
      this.#drop("exporter");
      this.#drop("edge");
      return;
    }
    await this.#read("exporter", manifest.namespace, source);
    if (this.#verdicts.leavesSome) await this.#read("edge", manifest.namespace, source);
    else this.#drop("edge");
  }

  /** For the status page; empty where no node is checked. */
  report() {
    const writers: readonly CheckerName[] = ["exporter", "edge"];
    return writers.flatMap((writer) => {
      const look = this.#looks[writer];
      return look ? [{ writer, ...look, ...this.#verdicts.report(writer) }] : [];
    });
  }

  async #read(writer: CheckerName, namespace: string, source: SnapshotSource): Promise<void> {
    const name = HEALTH_OVERLAY_NAMES[writer];
    try {
      const bytes = await this.#reader.read(source, name);
      const overlay = bytes && decodeOverlay(bytes, name);
      if (overlay && overlay.namespace !== namespace) {
        throw new SnapshotError("corrupt", name, `of namespace ${overlay.namespace}`);
      }
      this.#verdicts.accept(writer, overlay);
      this.#looks[writer] = overlay
        ? { outcome: "read", detail: "" }
        : { outcome: "missing", detail: `${name} does not exist` };
    } catch (error) {
      this.#failed(writer, error);
    }
  }

  /** What could not be read again is believed as long as it is fresh; what is damaged says nothing. */
  #failed(writer: CheckerName, error: unknown): void {
    if (error instanceof SnapshotError) {
      this.#verdicts.accept(writer, undefined);
      this.#looks[writer] = { outcome: error.fault, detail: error.message };
      return;
    }
    if (!(error instanceof Unreachable)) throw error;
    this.#looks[writer] = { outcome: "unreachable", detail: error.message };
  }

  #drop(writer: CheckerName): void {
    this.#verdicts.accept(writer, undefined);
    delete this.#looks[writer];
  }
}
