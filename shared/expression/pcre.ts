import { byteString } from "../routing/uri-bytes.ts";
import { repeatsAmbiguously } from "./pcre/cost.ts";
import { emit } from "./pcre/emit.ts";
import type { Options } from "./pcre/options.ts";
import { parsePattern } from "./pcre/parse.ts";
import { sizeOf } from "./pcre/size.ts";
import { PcreSyntaxError, PcreUnsupported } from "./pcre/syntax.ts";

export { PcreSyntaxError, PcreUnsupported };

/**
 * PCRE's regular expressions in JavaScript's. APISIX matches bytes and not characters (no UTF mode), so
 * pattern and text are both taken as bytes, one character each (`byteString`): `.` is one byte of `é`,
 * and only ASCII letters have a case. Every option is worked into the translation, which needs no flag.
 */

export interface PcreOptions extends Partial<Options> {
  /** What group 1 took is then the match's group `g1`, and so on. */
  readonly captures?: boolean;
  /** JavaScript's own, of which `g` and `y` change nothing of what a pattern means. */
  readonly flags?: "" | "g" | "gy";
}

/**
 * Finds in byte strings what `pattern` finds. Throws `PcreSyntaxError` where PCRE would refuse the
 * pattern, and `PcreUnsupported` where JavaScript cannot do the same. Both name the place in bytes.
 */
export function compilePcre(
  pattern: string,
  { captures = false, flags = "", ...options }: PcreOptions = {},
): RegExp {
  const parsed = parsePattern(byteString(pattern), options);
  // V8 would take it and fail at some later use; PCRE, too, refuses what is much larger.
  if (sizeOf(parsed) > MAX_SIZE) throw tooLarge();
  try {
    return new RegExp(emit(parsed, captures), flags);
  } catch (cause) {
    if (!(cause instanceof SyntaxError)) throw cause;
    throw Object.assign(tooLarge(), { cause });
  }
}

/** PCRE gives up at 64 KiB of compiled pattern, in which the least part takes two bytes. */
const MAX_SIZE = 32_768;

function tooLarge(): PcreUnsupported {
  return new PcreUnsupported("a pattern too large for JavaScript", 0);
}

/**
 * Whether a crafted text may keep the pattern busy for ever. False for what does not compile.
 * A judgement, not a proof: see `pcre/cost.ts`.
 */
export function isCostly(pattern: string, options: PcreOptions = {}): boolean {
  try {
    return repeatsAmbiguously(parsePattern(byteString(pattern), options));
  } catch (error) {
    if (error instanceof PcreSyntaxError || error instanceof PcreUnsupported) return false;
    throw error;
  }
}
