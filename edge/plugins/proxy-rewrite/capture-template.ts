import type { Captures } from "../../../shared/expression/substitution.ts";
import { fillTemplate } from "../../../shared/expression/template.ts";
import type { Variables } from "../../../shared/expression/variables.ts";

/** `$1` and `${1}`, unless a backslash stands before it; it stays. */
const GROUP = /(?<!\\)\$\{?(\d+)\}?/;

/**
 * A template in which numbers are what groups of a match took. Both are filled in at once: APISIX fills
 * in the groups first, so that a client could write templates into its path.
 */
export function fillWithCaptures(
  template: string,
  captures: Captures | undefined,
  variables: Variables,
): string {
  return template
    .split(GROUP)
    .map((part, i) =>
      i % 2 === 0 ? fillTemplate(part, variables).text : (captures?.get(Number(part)) ?? ""),
    )
    .join("");
}
