import { faultIn, faultOf, type ValueFault } from "../../../shared/json-schema/value-fault.ts";
import { pcreFault } from "../pcre-fault.ts";

/** A pattern and, next in the list, its replacement: nginx's words where one of them cannot be used. */
export function replacementFault(patterns: readonly string[], at: number): ValueFault | undefined {
  const [pattern = "", replacement = ""] = patterns.slice(at, at + 2);
  const fault = pcreFault(pattern);
  if (fault !== undefined) return faultIn("regex_uri", faultIn(at, fault));
  for (const [, number, name] of replacement.matchAll(/\$(?:\$|\{?(\d+)|\{?([A-Za-z_]\w*)|$)/g)) {
    if (number === undefined && name !== undefined) {
      const what = `attempt to use named capturing variable "${name}"`;
      const words = `${what} (named captures not supported yet)`;
      const named = faultOf(replacement, "captures by their number, e.g. $1", words);
      return faultIn("regex_uri", faultIn(at + 1, named));
    }
  }
  return undefined;
}
