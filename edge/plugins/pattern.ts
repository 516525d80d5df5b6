import {
  compilePcre,
  type PcreOptions,
  PcreSyntaxError,
  PcreUnsupported,
} from "../../shared/expression/pcre.ts";
import { byteString } from "../../shared/routing/uri-bytes.ts";
import { ConfigurationRefused } from "./plugin.ts";

/**
 * A PCRE pattern of a configuration, translated once; it finds in byte strings (`byteString`). Throws
 * `ConfigurationRefused` for one that PCRE would refuse, or that JavaScript cannot do the same with.
 */
export function compilePattern(pattern: string, options: PcreOptions = {}): RegExp {
  try {
    return compilePcre(pattern, options);
  } catch (error) {
    if (!(error instanceof PcreSyntaxError || error instanceof PcreUnsupported)) throw error;
    throw new ConfigurationRefused(`the pattern ${pattern}: ${error.message}`);
  }
}

/** Whether the pattern is found in a text; it throws as `compilePattern` does, and here, not later. */
export function patternSearch(
  pattern: string,
  options: PcreOptions = {},
): (text: string) => boolean {
  const compiled = compilePattern(pattern, options);
  return (text) => compiled.test(byteString(text));
}
