/**
 * Replaces, in place, the texts at the end of a path: fields by name, through lists to each member. What
 * the last field holds is a text, or a list or a map of texts (reference 1.1).
 */
export function eachText(
  holder: unknown,
  path: readonly string[],
  change: (text: string) => string,
): void {
  const [field, ...rest] = path;
  if (field === undefined || !isTable(holder)) return;
  if (Array.isArray(holder)) {
    for (const member of holder) eachText(member, path, change);
    return;
  }
  if (!Object.hasOwn(holder, field)) return;
  if (rest.length > 0) eachText(holder[field], rest, change);
  else changeAt(holder, field, change);
}

function changeAt(holder: Table, field: string, change: (text: string) => string): void {
  const value = holder[field];
  if (typeof value === "string") holder[field] = change(value);
  if (!isTable(value)) return;
  for (const [name, text] of Object.entries(value)) {
    if (typeof text === "string") value[name] = change(text);
  }
}

type Table = Record<string, unknown>;

function isTable(value: unknown): value is Table {
  return typeof value === "object" && value !== null;
}
