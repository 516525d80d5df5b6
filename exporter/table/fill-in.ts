/** The variables of the environment in APISIX's standalone configuration: `${{NAME}}`, `${{NAME:=default}}`. */

export type Environment = Readonly<Record<string, string | undefined>>;

const VARIABLE = /\$\{\{\s*(\w+)(?::=(.*?))?\s*\}\}/g;

/** Adds to `unset` the names that have neither a value nor a default; they become nothing. */
export function fillInText(text: string, environment: Environment, unset: Set<string>): string {
  return text.replaceAll(VARIABLE, (_, name: string, fallback: string | undefined) => {
    const value = environment[name] ?? fallback;
    if (value === undefined) unset.add(name);
    return value ?? "";
  });
}

/** The same in every text of a JSON value; a text that was filled in becomes the number it may be. */
export function fillInValues(
  value: unknown,
  environment: Environment,
  unset: Set<string>,
): unknown {
  if (typeof value === "string") {
    const filled = fillInText(value, environment, unset);
    return filled === value ? value : asScalar(filled);
  }
  if (Array.isArray(value)) return value.map((member) => fillInValues(member, environment, unset));
  if (typeof value !== "object" || value === null) return value;
  const fields = Object.entries(value).map(([name, field]) => {
    return [name, fillInValues(field, environment, unset)];
  });
  return Object.fromEntries(fields);
}

function asScalar(text: string): string | number | boolean {
  if (text === "true" || text === "false") return text === "true";
  return text.trim() !== "" && Number.isFinite(Number(text)) ? Number(text) : text;
}
