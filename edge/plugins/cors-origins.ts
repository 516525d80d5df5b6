import { patternSearch } from "./pattern.ts";

/** The origin that an answer names; undefined: it says nothing of origins. */
export type OriginRules = (origin: string | undefined) => string | undefined;

/**
 * By patterns, where there are any, else by a list: `*`, `**` (whoever asks), one origin, or several with commas.
 * Throws `ConfigurationRefused` for a pattern that cannot be used.
 */
export function originRules(rules: {
  readonly patterns?: readonly string[] | undefined;
  readonly list?: string | undefined;
}): OriginRules {
  const { patterns = [], list } = rules;
  if (patterns.length > 0) {
    const isFoundIn = patternSearch(patterns.join("|"));
    return (origin) => (origin !== undefined && isFoundIn(origin) ? origin : undefined);
  }
  if (list === undefined) return () => undefined;
  if (list === "*") return () => "*";
  if (list === "**") return (origin) => origin ?? "*";
  const listed = new Set(list.split(","));
  return (origin) => (origin !== undefined && listed.has(origin) ? origin : undefined);
}
