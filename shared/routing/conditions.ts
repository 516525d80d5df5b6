import { evaluate } from "../expression/evaluate.ts";
import { type Expression, parseExpression } from "../expression/parse.ts";
import { SnapshotError } from "../snapshot/errors.ts";
import type { Facts } from "./facts.ts";
import { type IpRanges, parseIpRanges } from "./ip-ranges.ts";
import type { EntryConditions } from "./route-entry.ts";

/** What an entry asks beside its hosts (INDEX.md 5.2.6), parsed when first asked for. */
export class Conditions {
  readonly #ranges: IpRanges | undefined;
  readonly #vars: Expression | undefined;

  private constructor({ remote_addrs, vars }: EntryConditions) {
    this.#ranges = remote_addrs && parseIpRanges(remote_addrs);
    this.#vars = vars && parseExpression(vars);
  }

  /** `json` is that of `EntryConditions`; `name` the chunk's, for errors. Throws `corrupt`. */
  static read(json: Uint8Array, name: string): Conditions {
    try {
      const text = decoder.decode(json);
      const known = KNOWN.get(text);
      if (known !== undefined) return known;
      const conditions = new Conditions(JSON.parse(text));
      if (KNOWN.size === MOST_KNOWN) KNOWN.clear();
      KNOWN.set(text, conditions);
      return conditions;
    } catch (cause) {
      throw new SnapshotError("corrupt", name, "an entry's conditions cannot be read", { cause });
    }
  }

  /** In APISIX's order: addresses, variables. Throws what evaluating an expression throws. */
  hold(facts: Facts): boolean {
    if (this.#ranges !== undefined && !this.#ranges.has(facts.remoteAddr)) return false;
    return this.#vars === undefined || evaluate(this.#vars, facts.variables);
  }
}

const MOST_KNOWN = 1024;
/**
 * Routes all over a table ask for the same, as canaries do: of equal conditions there is one object, which
 * a match that comes to a page for the first time mostly finds in the processor's cache.
 */
const KNOWN = new Map<string, Conditions>();

const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
