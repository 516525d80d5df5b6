import { compilePcre } from "../expression/pcre.ts";
import { utf8String } from "../routing/uri-bytes.ts";

/** Of our own schemas there are a few dozen; those of configurations come and go. */
const MOST_KEPT = 2000;
const compiled = new Map<string, RegExp>();

/**
 * Whether a schema's `pattern` is found in the text; both are bytes, as in APISIX. Throws as `compilePcre`
 * does: who takes schemas from others reads them with `readSchema`, which tries their patterns.
 */
export function isFound(pattern: string, text: string): boolean {
  return schemaPattern(pattern).test(utf8String(text));
}

/** Throws `PcreSyntaxError` and `PcreUnsupported`. */
export function schemaPattern(pattern: string): RegExp {
  let regExp = compiled.get(pattern);
  if (regExp === undefined) {
    regExp = compilePcre(pattern);
    if (compiled.size >= MOST_KEPT) compiled.clear();
    compiled.set(pattern, regExp);
  }
  return regExp;
}
