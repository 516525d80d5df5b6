import { compilePcre, PcreSyntaxError, PcreUnsupported } from "../../../shared/expression/pcre.ts";

/** PCRE2's own words, where our parser has shorter ones. */
const PCRE2_WORDS: ReadonlyMap<string, string> = new Map([
  ["missing terminating ] for class", "missing terminating ] for character class"],
  ["unmatched )", "unmatched closing parenthesis"],
  ["range out of order in class", "range out of order in character class"],
  ["\\ at the end of the pattern", "\\ at end of pattern"],
  ["unrecognized character after (?", "unrecognized character after (? or (?-"],
]);

/** What nginx says of a regular expression that does not compile; what JavaScript cannot do is no fault. */
export function pcreFault(pattern: string): string | undefined {
  try {
    compilePcre(pattern);
    return undefined;
  } catch (error) {
    if (error instanceof PcreUnsupported) return undefined;
    if (!(error instanceof PcreSyntaxError)) throw error;
    const reason = error.message.slice(0, -` at ${error.offset}`.length);
    // What is missing is missing at the end, wherever it was to be.
    const isMissing = reason.startsWith("missing");
    const rest = isMissing ? "" : Buffer.from(pattern).subarray(error.offset).toString();
    const where = rest === "" ? "" : ` at "${rest}"`;
    return `pcre2_compile() failed: ${PCRE2_WORDS.get(reason) ?? reason} in "${pattern}"${where}`;
  }
}

/** The first of a list that does not compile. */
export function pcreListFault(list: unknown): string | undefined {
  if (!Array.isArray(list)) return undefined;
  for (const pattern of list) {
    const fault = typeof pattern === "string" ? pcreFault(pattern) : undefined;
    if (fault !== undefined) return fault;
  }
  return undefined;
}
