import { compilePcre } from "../../shared/expression/pcre.ts";
import { utf8String } from "../../shared/routing/uri-bytes.ts";

const compiled = new Map<string, RegExp>();

/** Whether a schema's `pattern` is found in the text; both are bytes, as in APISIX. */
export function isFound(pattern: string, text: string): boolean {
  let regExp = compiled.get(pattern);
  if (regExp === undefined) {
    // Patterns come from our own schemas: there are few, and all of them compile.
    regExp = compilePcre(pattern);
    compiled.set(pattern, regExp);
  }
  return regExp.test(utf8String(text));
}
