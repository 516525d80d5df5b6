import { ByteSet, POSIX_CLASSES } from "./byte-set.ts";
import { parseClassEscape } from "./escape.ts";
import type { Options } from "./options.ts";
import type { PatternReader } from "./reader.ts";
import { type Anchor, PcreSyntaxError } from "./syntax.ts";

/** A member of a class: a single byte, which may begin or end a range, or a set, which may not. */
interface Member {
  readonly set: ByteSet;
  readonly byte: number | undefined;
  readonly folds: boolean;
}

/** A class in brackets; the first, at `offset`, has been taken. `[[:<:]]` and `[[:>:]]` are anchors. */
export function parseClass(
  reader: PatternReader,
  offset: number,
  options: Options,
): ByteSet | { readonly at: Anchor } {
  const edge = reader.takeMatch(/^\[:[<>]:\]\]/);
  if (edge) return { at: edge[0].includes("<") ? "word start" : "word end" };
  const negated = reader.take("^");
  let result = ByteSet.of();
  for (let first = true; ; first = false) {
    reader.beginItem();
    if (options.extendedMore && !reader.quoting && reader.takeMatch(/^[ \t]/)) continue;
    if (reader.atEnd) throw new PcreSyntaxError("missing terminating ] for class", offset);
    if (!first && reader.take("]")) break;
    const member = parseMember(reader, offset);
    const set = parseRange(reader, member, offset) ?? member.set;
    const folds = options.ignoreCase && member.folds;
    result = result.union(folds ? set.ignoringCase() : set);
  }
  return negated ? result.complement() : result;
}

/** The rest of a range that begins with `from`; undefined: none begins here. */
function parseRange(reader: PatternReader, from: Member, offset: number): ByteSet | undefined {
  reader.beginItem();
  if (!reader.looksAt("-")) return undefined;
  if (/^-\]/.test(reader.rest(2))) return undefined;
  const hyphen = reader.offset;
  reader.skip(1);
  reader.beginItem();
  if (reader.take("]")) throw new PcreSyntaxError("missing terminating ] for class", offset);
  if (reader.atEnd) throw new PcreSyntaxError("missing terminating ] for class", offset);
  const to = parseMember(reader, offset);
  if (from.byte === undefined || to.byte === undefined) {
    throw new PcreSyntaxError("invalid range in character class", hyphen);
  }
  if (from.byte > to.byte) throw new PcreSyntaxError("range out of order in class", hyphen);
  return ByteSet.of(from.byte, to.byte);
}

function parseMember(reader: PatternReader, offset: number): Member {
  const at = reader.offset;
  if (!reader.quoting) {
    const posix = reader.takeMatch(/^\[:(\^?)([a-z]*):\]/);
    if (posix)
      return { set: posixClass(posix[2], posix[1] === "^", at), byte: undefined, folds: true };
    if (/^\[([.=])[^\]]*\1\]/.test(reader.rest(64))) {
      throw new PcreSyntaxError("POSIX collating elements are not supported", at);
    }
    if (reader.take("\\")) {
      const { set, folds } = parseClassEscape(reader, at);
      const [run] = set.ranges();
      return { set, byte: folds ? run?.[0] : undefined, folds };
    }
  }
  const char = reader.next();
  if (char === "") throw new PcreSyntaxError("missing terminating ] for class", offset);
  const byte = char.charCodeAt(0);
  return { set: ByteSet.one(byte), byte, folds: true };
}

function posixClass(name: string | undefined, negated: boolean, offset: number): ByteSet {
  const set = POSIX_CLASSES.get(name ?? "");
  if (!set) throw new PcreSyntaxError("unknown POSIX class name", offset);
  return negated ? set.complement() : set;
}
