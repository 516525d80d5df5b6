import { headerText } from "./header-text.ts";
import { ConfigurationRefused } from "./plugin.ts";

export type HeaderValues = Readonly<Record<string, string | number>>;

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
  /** `fill` makes a value of its template; it may throw, before anything has been changed. */
  filled(fill: (template: string) => string): FilledChanges;
}

/**
 * Of a request, or with `ofAnswer` of an answer. APISIX tells the two forms apart by whether `add`, `set`
 * or `remove` is no text. Throws `ConfigurationRefused` for what is no header's name.
 */
export function headerChanges(
  configured: HeaderChanges,
  nameOf: (name: string) => string = ofRequest,
): ParsedChanges {
  const { add, set, remove } = configured;
  const isChanges = [add, set, remove].some((part) => typeof part === "object");
  const names = isChanges && Array.isArray(remove) ? remove : [];
  const parts = {
    add: isChanges ? valuesOf(add, nameOf) : [],
    set: valuesOf(isChanges ? set : configured, nameOf),
    remove: names.map((name) => checked(nameOf(name))),
  };
  return {
    filled: (fill) => ({
      add: parts.add.map(([name, text]) => [name, headerText(fill(text))] as const),
      set: parts.set.map(([name, text]) => [name, headerText(fill(text))] as const),
      remove: parts.remove,
    }),
  };
}

const ofRequest = (name: string) => name;

/** OpenResty writes the names of an answer's headers with hyphens. */
export const ofAnswer = (name: string) => name.replaceAll("_", "-");

/** What is set to nothing goes. The upstream's Host is no header to change. */
export function changeHeaders(headers: Headers, { add, set, remove }: FilledChanges): void {
  for (const [name, value] of add) if (!isHost(name)) headers.append(name, value);
  for (const [name, value] of set) {
    if (isHost(name)) continue;
    if (value === "") headers.delete(name);
    else headers.set(name, value);
  }
  for (const name of remove) if (!isHost(name)) headers.delete(name);
}

function isHost(name: string): boolean {
  return name.toLowerCase() === "host";
}

function valuesOf(part: unknown, nameOf: (name: string) => string) {
  if (typeof part !== "object" || part === null) return [];
  return Object.entries(part).map(
    ([name, value]) => [checked(nameOf(name)), String(value)] as const,
  );
}

const NAME = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;

/** Others no Worker can send. */
function checked(name: string): string {
  if (NAME.test(name)) return name;
  throw new ConfigurationRefused(`${JSON.stringify(name)} is no header's name`);
}
