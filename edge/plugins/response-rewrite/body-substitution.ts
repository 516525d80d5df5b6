import { compilePcre, PcreSyntaxError } from "../../../shared/expression/pcre.ts";
import { bytesOf, latin1 } from "../../../shared/routing/uri-bytes.ts";
import { parseSubstitution } from "../parse-substitution.ts";

export interface FilterConfiguration {
  readonly regex: string;
  readonly replace: string;
  readonly scope: "once" | "global";
  /** As OpenResty takes them. */
  readonly options: string;
}

/**
 * Replaces in bodies, one filter after the other. A pattern that is no regular expression is found nowhere,
 * of which the exporter tells; nobody has compiled it before. Throws `ConfigurationRefused`.
 */
export function substituteIn(
  filters: readonly FilterConfiguration[],
): (bytes: Uint8Array) => Uint8Array {
  const known = filters.filter(({ regex }) => isPattern(regex));
  const parsed = known.map(({ regex, replace, scope, options }) => ({
    isGlobal: scope === "global",
    substitution: parseSubstitution(regex, replace, options),
  }));
  return (bytes) => {
    let text = latin1(bytes);
    for (const { isGlobal, substitution } of parsed) {
      text = isGlobal
        ? substitution.replaceAllBytes(text)
        : (substitution.replaceFirstBytes(text) ?? text);
    }
    return bytesOf(text);
  };
}

function isPattern(regex: string): boolean {
  try {
    compilePcre(regex);
  } catch (error) {
    return !(error instanceof PcreSyntaxError);
  }
  return true;
}
