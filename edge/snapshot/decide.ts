import type { ManifestRef, Pointer } from "../../shared/snapshot/format.ts";

/** FORMAT.md 7.2: what a valid pointer means to an edge that holds `held`. */
export type PointerOutcome = "same" | "newer" | "older" | "corrupt";

export function decide(held: ManifestRef | undefined, pointer: Pointer): PointerOutcome {
  const { manifest } = pointer;
  if (!held || manifest.generation > held.generation) return "newer";
  if (manifest.generation < held.generation) return "older";
  // One generation has one manifest; another of the same number is nobody's doing but damage.
  return manifest.sha256 === held.sha256 ? "same" : "corrupt";
}
