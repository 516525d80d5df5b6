import type { Resource } from "../../shared/resources/resource.ts";
import type { HeldResource } from "./held-resource.ts";

const MOST_KEPT = 500;

/** Resources parsed not long ago: many routes ask for the same service one after the other. */
export class ParsedResources {
  readonly #kept = new Map<string, { readonly held: HeldResource; readonly parsed: Resource }>();

  get(held: HeldResource): Resource {
    const { key } = held;
    const kept = this.#kept.get(key);
    if (kept?.held === held) return kept.parsed;
    const parsed = held.parse();
    if (this.#kept.size >= MOST_KEPT) this.#kept.clear();
    this.#kept.set(key, { held, parsed });
    return parsed;
  }
}
