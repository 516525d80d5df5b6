import { compilePcre } from "../../../shared/expression/pcre.ts";
import { byteString } from "../../../shared/routing/uri-bytes.ts";
import { CasbinError } from "./casbin-error.ts";

/** Whether a text fits. */
export type KeyPattern = (text: string) => boolean;

/** casbin's own functions of a text and a pattern, as its library for Lua reads them. */
export const KEY_PATTERNS: ReadonlyMap<string, (pattern: string) => KeyPattern> = new Map([
  ["keyMatch", startsAs],
  // `/*` is all that follows, `:name` or `{name}` one segment; all else is a regular expression.
  ["keyMatch2", segments(/:[^/]+/g)],
  ["keyMatch3", segments(/\{[^/]+\}/g)],
  ["regexMatch", regex],
]);

/** `/foo/*` is everything that begins with `/foo/`; without a star it is the text itself. */
function startsAs(pattern: string): KeyPattern {
  const star = pattern.indexOf("*");
  if (star < 0) return (text) => text === pattern;
  const start = pattern.slice(0, star);
  return (text) => text.startsWith(start);
}

function segments(variable: RegExp): (pattern: string) => KeyPattern {
  return (pattern) => {
    // A line feed is of a path, too: it must not lead past a rule that denies.
    const path = pattern.replaceAll("/*", "/[\\s\\S]*").replaceAll(variable, "[^/]+");
    return regex(`^${path}$`);
  };
}

function regex(pattern: string): KeyPattern {
  try {
    const compiled = compilePcre(pattern);
    return (text) => compiled.test(byteString(text));
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new CasbinError(`the policy's pattern ${pattern} cannot be used: ${reason}`);
  }
}
