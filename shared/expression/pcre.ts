import { byteString } from "../routing/uri-bytes.ts";
import { repeatsAmbiguously } from "./pcre/cost.ts";
import { emit } from "./pcre/emit.ts";
import { parsePattern } from "./pcre/parse.ts";
import { PcreSyntaxError, PcreUnsupported } from "./pcre/syntax.ts";

export { PcreSyntaxError, PcreUnsupported };

/**
 * PCRE's regular expressions in JavaScript's. APISIX matches bytes and not characters (no UTF mode), so
 * pattern and text are both taken as bytes, one character each (`byteString`): `.` is one byte of `é`,
 * and only ASCII letters have a case. Every option is worked into the translation, which has no flag.
 */

export interface PcreOptions {
  readonly ignoreCase?: boolean;
}

/**
 * Finds in byte strings what `pattern` finds. Throws `PcreSyntaxError` where PCRE would refuse the
 * pattern, and `PcreUnsupported` where JavaScript cannot do the same. Both name the place in bytes.
 */
export function compilePcre(pattern: string, options: PcreOptions = {}): RegExp {
  const source = emit(parsePattern(byteString(pattern), options.ignoreCase ?? false));
  try {
    const compiled = new RegExp(source);
    // V8 compiles at the first use, and only then finds that an expression is too large.
    compiled.test("");
    return compiled;
  } catch (cause) {
    if (!(cause instanceof SyntaxError)) throw cause;
    throw Object.assign(new PcreUnsupported("a pattern too large for JavaScript", 0), { cause });
  }
}

/**
 * Whether a crafted text may keep the pattern busy for ever. False for what does not compile.
 * A judgement, not a proof: see `pcre/cost.ts`.
 */
export function isCostly(pattern: string, options: PcreOptions = {}): boolean {
  try {
    return repeatsAmbiguously(parsePattern(byteString(pattern), options.ignoreCase ?? false));
  } catch (error) {
    if (error instanceof PcreSyntaxError || error instanceof PcreUnsupported) return false;
    throw error;
  }
}
