import { compilePcre, type PcreOptions, PcreSyntaxError, PcreUnsupported } from "./pcre.ts";

/** What becomes of a regular expression. */
export type PcreVerdict =
  | { readonly is: "fine" }
  /** PCRE refuses it. `offset` counts bytes. */
  | { readonly is: "wrong"; readonly why: string; readonly offset: number }
  /** PCRE takes it, JavaScript cannot do the same. */
  | { readonly is: "unsupported"; readonly construct: string };

/** Many routes have the same few patterns, and compiling one costs more than all else about a route. */
const MOST_KEPT = 5000;
const LONGEST_KEPT = 1024;
const kept = new Map<string, PcreVerdict>();

/** Compiles the pattern, unless it was judged not long ago. */
export function judgePcre(pattern: string, { ignoreCase = false }: PcreOptions = {}): PcreVerdict {
  const key = `${ignoreCase ? "i" : "-"}${pattern}`;
  const known = kept.get(key);
  if (known) return known;
  const verdict = judge(pattern, { ignoreCase });
  if (pattern.length > LONGEST_KEPT) return verdict;
  if (kept.size >= MOST_KEPT) kept.clear();
  kept.set(key, verdict);
  return verdict;
}

function judge(pattern: string, options: PcreOptions): PcreVerdict {
  try {
    compilePcre(pattern, options);
    return { is: "fine" };
  } catch (error) {
    if (error instanceof PcreSyntaxError) {
      return { is: "wrong", why: error.message, offset: error.offset };
    }
    if (error instanceof PcreUnsupported) return { is: "unsupported", construct: error.message };
    throw error;
  }
}
