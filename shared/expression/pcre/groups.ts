import { type Node, PcreSyntaxError, PcreUnsupported } from "./syntax.ts";

/** The groups of a pattern as references name them. */
export class Groups {
  readonly #numbers = new Map<string, number>();
  readonly #sought: { readonly to: number | string; readonly offset: number }[] = [];
  #count = 0;

  /** How many there are so far. */
  get count(): number {
    return this.#count;
  }

  /** The number of a new group. */
  add(name: string | undefined, offset: number): number {
    this.#count++;
    if (name !== undefined) {
      if (this.#numbers.has(name)) {
        throw new PcreSyntaxError(`two groups have the name ${name}`, offset);
      }
      this.#numbers.set(name, this.#count);
    }
    return this.#count;
  }

  /** The number of a group that has begun; 0 for one that is still to come, or never comes. */
  numberOf(to: number | string, offset: number): number {
    const number = this.#known(to);
    if (number === undefined) this.#sought.push({ to, offset });
    return number ?? 0;
  }

  /**
   * To be called with the whole pattern. JavaScript lets a reference to a group that took no part match,
   * PCRE does not: where that may happen it is refused.
   */
  check(node: Node): void {
    for (const { to, offset } of this.#sought) {
      if (this.#known(to) !== undefined) throw new PcreUnsupported(MAYBE_UNSET, offset);
      throw new PcreSyntaxError("reference to a group that is not there", offset);
    }
    checkSet(node, new Set());
  }

  #known(to: number | string): number | undefined {
    if (typeof to === "string") return this.#numbers.get(to);
    return to >= 1 && to <= this.#count ? to : undefined;
  }
}

const MAYBE_UNSET = "a reference to a group that may not have matched";

/** Takes the groups that are sure to be set before `node`, and returns those after it. */
function checkSet(node: Node, before: ReadonlySet<number>): ReadonlySet<number> {
  switch (node.is) {
    case "reference":
      if (!before.has(node.group)) {
        throw new PcreUnsupported(MAYBE_UNSET, node.offset);
      }
      return before;
    case "sequence":
      return node.of.reduce((set, inner) => checkSet(inner, set), before);
    case "alternatives": {
      const [first, ...more] = node.of.map((branch) => checkSet(branch, before));
      return new Set([...(first ?? [])].filter((group) => more.every((set) => set.has(group))));
    }
    case "group":
      return new Set(checkSet(node.of, before)).add(node.number);
    case "atomic":
      return checkSet(node.of, before);
    case "look": {
      const after = checkSet(node.of, before);
      return node.negated ? before : after;
    }
    case "repeat": {
      const after = checkSet(node.of, before);
      return node.min > 0 ? after : before;
    }
    default:
      return before;
  }
}
