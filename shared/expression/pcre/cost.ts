import { ALL, ByteSet } from "./byte-set.ts";
import type { Node, Repeat } from "./syntax.ts";

/** So many repetitions are as bad as no limit. */
const MANY = 10;

const NOTHING = ByteSet.of();

/**
 * Whether a text that almost matches may be tried in exponentially many ways: a repetition in which a
 * repetition, or two alternatives, can divide the same bytes differently. It judges by the bytes that
 * may come next, so it can err on both sides; it finds what is known to be dangerous, like `(a+)+`.
 */
export function repeatsAmbiguously(node: Node): boolean {
  return isAmbiguous(node, undefined);
}

/** `next`: what may follow inside the innermost repetition around; undefined: there is none. */
function isAmbiguous(node: Node, next: ByteSet | undefined): boolean {
  switch (node.is) {
    case "sequence":
      return node.of.some((inner, i) => isAmbiguous(inner, next && nextAfter(node.of, i, next)));
    case "alternatives":
      if (next && branchesOverlap(node.of, next)) return true;
      return node.of.some((branch) => isAmbiguous(branch, next));
    case "group":
      return isAmbiguous(node.of, next);
    case "repeat":
      return repeatIsAmbiguous(node, next);
    case "atomic":
    case "look":
      return isAmbiguous(node.of, undefined);
    default:
      return false;
  }
}

function repeatIsAmbiguous(node: Repeat, next: ByteSet | undefined): boolean {
  if (node.max < MANY) return isAmbiguous(node.of, next);
  const first = firstOf(node.of);
  if (next && node.mode !== "possessive" && first.meets(next)) return true;
  return isAmbiguous(node.of, next ? first.union(next) : first);
}

function nextAfter(parts: readonly Node[], index: number, next: ByteSet): ByteSet {
  const rest: Node = { is: "sequence", of: parts.slice(index + 1) };
  return isNullable(rest) ? firstOf(rest).union(next) : firstOf(rest);
}

function branchesOverlap(branches: readonly Node[], next: ByteSet): boolean {
  const heads = branches.map(headOf);
  return heads.some((a, i) => heads.slice(i + 1).some((b) => overlap(a, b, next)));
}

/** The first bytes of a branch, one set each, as far as they are single bytes; `open`: more comes. */
interface Head {
  readonly sets: readonly ByteSet[];
  readonly open: boolean;
  readonly first: ByteSet;
}

function headOf(branch: Node): Head {
  const sets: ByteSet[] = [];
  for (const part of branch.is === "sequence" ? branch.of : [branch]) {
    if (part.is !== "set") return { sets, open: true, first: firstOf(branch) };
    sets.push(part.set);
  }
  return { sets, open: false, first: firstOf(branch) };
}

/** Whether both may take the same bytes and go on alike. */
function overlap(a: Head, b: Head, next: ByteSet): boolean {
  if (!a.first.meets(b.first)) return false;
  const shared = Math.min(a.sets.length, b.sets.length);
  for (let i = 0; i < shared; i++) {
    if (!(a.sets[i] as ByteSet).meets(b.sets[i] as ByteSet)) return false;
  }
  if (a.open || b.open) return true;
  const longer = (a.sets.length > shared ? a : b).sets[shared];
  // The longer one's next byte must be one that a new round can begin with.
  return longer === undefined || longer.meets(next);
}

function isNullable(node: Node): boolean {
  switch (node.is) {
    case "set":
      return false;
    case "sequence":
      return node.of.every(isNullable);
    case "alternatives":
      return node.of.some(isNullable);
    case "group":
    case "atomic":
      return isNullable(node.of);
    case "repeat":
      return node.min === 0 || isNullable(node.of);
    default:
      return true;
  }
}

/** The bytes that what `node` matches may begin with. */
function firstOf(node: Node): ByteSet {
  switch (node.is) {
    case "set":
      return node.set;
    case "sequence": {
      let result = NOTHING;
      for (const part of node.of) {
        result = result.union(firstOf(part));
        if (!isNullable(part)) break;
      }
      return result;
    }
    case "alternatives":
      return node.of.map(firstOf).reduce((a, b) => a.union(b), NOTHING);
    case "group":
    case "atomic":
    case "repeat":
      return firstOf(node.of);
    case "reference":
      return ALL;
    default:
      return NOTHING;
  }
}
