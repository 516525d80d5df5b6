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

  /** `json` is that of `EntryConditions`; `name` the chunk's, for errors. Throws `corrupt`. */
  constructor(json: Uint8Array, name: string) {
    try {
      const { remote_addrs, vars }: EntryConditions = JSON.parse(decoder.decode(json));
      this.#ranges = remote_addrs && parseIpRanges(remote_addrs);
      this.#vars = vars && parseExpression(vars);
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

const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
