import { type FormField, parseForm } from "../../../shared/request/form.ts";
import type { MaskAction } from "./mask-action.ts";

/**
 * A query or form with the rules applied, its fields written anew; undefined: none of them has to do with
 * it. `maxFields`: of more, the rest is left out.
 */
export function maskForm(
  rules: readonly (readonly [name: string, action: MaskAction])[],
  text: string,
  maxFields = Number.POSITIVE_INFINITY,
): string | undefined {
  let fields: readonly FormField[] = parseForm(text);
  let isMasked = false;
  for (const [name, action] of rules) {
    if (!fields.some(([each]) => each === name)) continue;
    isMasked = true;
    fields = fields.flatMap(([each, value]): FormField[] => {
      if (each !== name) return [[each, value]];
      const masked = action(value === true ? "" : value);
      return masked === undefined ? [] : [[each, value === true && masked === "" ? true : masked]];
    });
  }
  return isMasked ? fields.slice(0, maxFields).map(fieldText).join("&") : undefined;
}

function fieldText([name, value]: FormField): string {
  return value === true ? encoded(name) : `${encoded(name)}=${encoded(value)}`;
}

/** Leaves the asterisk, of which masks are made. */
function encoded(text: string): string {
  return encodeURIComponent(text.toWellFormed());
}
