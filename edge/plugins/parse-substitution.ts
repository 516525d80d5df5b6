import { PcreSyntaxError, PcreUnsupported } from "../../shared/expression/pcre.ts";
import { Substitution } from "../../shared/expression/substitution.ts";
import { ConfigurationRefused } from "./plugin.ts";

/** A pattern and its replacement from a configuration. Throws `ConfigurationRefused`. */
export function parseSubstitution(
  pattern: string,
  replacement: string,
  options?: string,
): Substitution {
  try {
    return new Substitution(pattern, replacement, options);
  } catch (error) {
    if (!(error instanceof PcreSyntaxError || error instanceof PcreUnsupported)) throw error;
    throw new ConfigurationRefused(`the regular expression ${pattern}: ${error.message}`);
  }
}
