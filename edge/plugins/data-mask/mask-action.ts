import { parseSubstitution } from "../parse-substitution.ts";
import type { MaskRule } from "./mask-rule.ts";

/** What is told in the place of a value; undefined: nothing is. */
export type MaskAction = (value: string) => string | undefined;

/** Throws `ConfigurationRefused`. */
export function parseAction({ action, regex = "", value = "" }: MaskRule): MaskAction {
  if (action === "remove") return () => undefined;
  if (action === "replace") return () => value;
  const substitution = parseSubstitution(regex, value);
  return (text) => substitution.replaceFirst(text) ?? text;
}
