import { judgePcre } from "../../shared/expression/pcre-verdict.ts";
import { faultIn, faultOf, type ValueFault } from "../../shared/json-schema/value-fault.ts";

/** PCRE2's own words, where our parser has shorter ones. */
const PCRE2_WORDS: ReadonlyMap<string, string> = new Map([
  ["missing terminating ] for class", "missing terminating ] for character class"],
  ["unmatched )", "unmatched closing parenthesis"],
  ["range out of order in class", "range out of order in character class"],
  ["\\ at the end of the pattern", "\\ at end of pattern"],
  ["unrecognized character after (?", "unrecognized character after (? or (?-"],
]);

/** What nginx says of a regular expression that does not compile; what JavaScript cannot do is no fault. */
export function pcreFault(pattern: string): ValueFault | undefined {
  const verdict = judgePcre(pattern);
  if (verdict.is !== "wrong") return undefined;
  const { why, offset } = verdict;
  const reason = why.slice(0, -` at ${offset}`.length);
  // What is missing is missing at the end, wherever it was to be.
  const isMissing = reason.startsWith("missing");
  const rest = isMissing ? "" : Buffer.from(pattern).subarray(offset).toString();
  const where = rest === "" ? "" : ` at "${rest}"`;
  const said = PCRE2_WORDS.get(reason) ?? reason;
  const words = `pcre2_compile() failed: ${said} in "${pattern}"${where}`;
  return faultOf(pattern, `a regular expression, which this is not: ${why}`, words);
}

/** The first of a list, the named field, that does not compile. */
export function pcreListFault(field: string, list: unknown): ValueFault | undefined {
  if (!Array.isArray(list)) return undefined;
  for (const [index, pattern] of list.entries()) {
    const fault = typeof pattern === "string" ? pcreFault(pattern) : undefined;
    if (fault !== undefined) return faultIn(field, faultIn(index, fault));
  }
  return undefined;
}
