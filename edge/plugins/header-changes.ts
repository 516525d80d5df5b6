import { headerText } from "./header-text.ts";

type HeaderValues = Readonly<Record<string, string | number>>;

/** As configured: changes, or only headers to set. */
export type HeaderChanges =
  | HeaderValues
  | {
      readonly add?: HeaderValues;
      readonly set?: HeaderValues;
      readonly remove?: readonly string[];
    };

/** Values filled in; in the order in which they are done. */
export interface FilledChanges {
  readonly add: readonly (readonly [name: string, value: string])[];
  readonly set: readonly (readonly [name: string, value: string])[];
  readonly remove: readonly string[];
}

export interface ParsedChanges {
  filled(fill: (template: string) => string): FilledChanges;
}

/** As APISIX tells the two forms apart: by whether `add`, `set` or `remove` is no text. */
export function headerChanges(configured: HeaderChanges): ParsedChanges {
  const { add, set, remove } = configured;
  const isChanges = [add, set, remove].some((part) => typeof part === "object");
  const parts = isChanges
    ? { add: valuesOf(add), set: valuesOf(set), remove: Array.isArray(remove) ? remove : [] }
    : { add: [], set: valuesOf(configured), remove: [] };
  return {
    filled: (fill) => ({
      add: parts.add.map(([name, text]) => [name, headerText(fill(text))] as const),
      set: parts.set.map(([name, text]) => [name, headerText(fill(text))] as const),
      remove: parts.remove,
    }),
  };
}

/** What is set to nothing goes. */
export function changeHeaders(headers: Headers, { add, set, remove }: FilledChanges): void {
  for (const [name, value] of add) if (!isHost(name)) headers.append(name, value);
  for (const [name, value] of set) setHeader(headers, name, value);
  for (const name of remove) if (!isHost(name)) headers.delete(name);
}

/** What is set to nothing goes. The upstream's Host is no header to set. */
export function setHeader(headers: Headers, name: string, value: string): void {
  if (isHost(name)) return;
  if (value === "") headers.delete(name);
  else headers.set(name, value);
}

function isHost(name: string): boolean {
  return name.toLowerCase() === "host";
}

function valuesOf(part: unknown): readonly (readonly [string, string])[] {
  if (typeof part !== "object" || part === null) return [];
  return Object.entries(part).map(([name, value]) => [name, String(value)] as const);
}
