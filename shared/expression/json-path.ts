import type { JsonValue } from "./variables.ts";

/**
 * The part of JSONPath that names values: `a.b`, `items[*].k`, `..k`, `["a b"]`, `[0,2]`, `[-1]`, `[1:3]`.
 * Filters and scripts (`[?(…)]`, `[(…)]`) are not: they would have to be run.
 */
export type JsonPath = readonly Step[];

type Step = { readonly deep: boolean; readonly select: readonly Selector[] };

type Selector =
  | { readonly is: "name"; readonly name: string }
  | { readonly is: "every" }
  | { readonly is: "index"; readonly index: number }
  | Slice;

interface Slice {
  readonly is: "slice";
  readonly from: number | undefined;
  readonly to: number | undefined;
  readonly step: number;
}

/** `filter`: it is a JSONPath, but one that would have to be run. */
export class JsonPathError extends Error {
  override readonly name = "JsonPathError";
  readonly is: "malformed" | "filter";

  constructor(is: "malformed" | "filter", path: string, offset: number) {
    const what = is === "filter" ? "a filter or script" : "something that is no JSONPath";
    super(`${path} has ${what} at ${offset}`);
    this.is = is;
  }
}

const STEP = /(\.\.|\.|^)(?:(\*)|([^.[\]*'"\s()]+)|(?=\[))|(?=\[)/y;
const SELECTOR =
  /\s*(?:(\*)|"((?:[^"\\]|\\.)*)"|'((?:[^'\\]|\\.)*)'|(-?\d+)?\s*(:)\s*(-?\d+)?(?:\s*:\s*(-?\d+)?)?|(-?\d+))\s*/y;

/** `path` without its `$.`; throws `JsonPathError`. */
export function parseJsonPath(path: string): JsonPath {
  const steps: Step[] = [];
  let at = 0;
  do {
    STEP.lastIndex = at;
    const found = STEP.exec(path);
    if (!found) throw new JsonPathError("malformed", path, at);
    const [whole, dots, every, name] = found;
    at += whole.length;
    const deep = dots === "..";
    if (every) steps.push({ deep, select: [{ is: "every" }] });
    else if (name !== undefined) steps.push({ deep, select: [{ is: "name", name }] });
    else {
      const brackets = parseBrackets(path, at + 1);
      steps.push({ deep, select: brackets.select });
      at = brackets.end;
    }
  } while (at < path.length);
  return steps;
}

function parseBrackets(path: string, from: number) {
  const select: Selector[] = [];
  for (let at = from; ; at++) {
    if (/^\s*\??\(/.test(path.slice(at))) throw new JsonPathError("filter", path, at);
    SELECTOR.lastIndex = at;
    const found = SELECTOR.exec(path);
    if (!found) throw new JsonPathError("malformed", path, at);
    select.push(selectorOf(found));
    at += found[0].length;
    if (path[at] === "]") return { select, end: at + 1 };
    if (path[at] !== ",") throw new JsonPathError("malformed", path, at);
  }
}

function selectorOf(found: RegExpExecArray): Selector {
  const [, every, double, single, from, colon, to, step, index] = found;
  if (every) return { is: "every" };
  if (index !== undefined) return { is: "index", index: Number(index) };
  if (colon === undefined) {
    const quoted = double ?? single ?? "";
    return { is: "name", name: quoted.replaceAll(/\\(.)/g, "$1") };
  }
  const number = (text: string | undefined) => (text === undefined ? undefined : Number(text));
  return { is: "slice", from: number(from), to: number(to), step: number(step) ?? 1 };
}

/** All values that `path` names, in order. */
export function queryJsonPath(path: JsonPath, root: JsonValue): JsonValue[] {
  return locateJsonPath(path, root).map(({ value }) => value);
}

/** Where a value lies. */
export interface JsonPlace {
  /** What it lies in; undefined for the root. */
  readonly holder: JsonValue | undefined;
  readonly key: string | number;
  readonly value: JsonValue;
}

/** The places of all values that `path` names, in order. */
export function locateJsonPath(path: JsonPath, root: JsonValue): JsonPlace[] {
  let found: JsonPlace[] = [{ holder: undefined, key: "", value: root }];
  for (const { deep, select } of path) {
    const values = found.map(({ value }) => value);
    const holders = deep ? values.flatMap(withDescendants) : values;
    found = holders.flatMap((holder) => select.flatMap((selector) => selected(selector, holder)));
  }
  return found;
}

/** The value and everything in it, outer before inner. Not by recursion: a body may be deep. */
function withDescendants(root: JsonValue): JsonValue[] {
  const result: JsonValue[] = [];
  const open: JsonValue[] = [root];
  for (let value = open.pop(); value !== undefined; value = open.pop()) {
    if (typeof value !== "object" || value === null) continue;
    result.push(value);
    open.push(...Object.values(value).reverse());
  }
  return result;
}

function selected(selector: Selector, holder: JsonValue): readonly JsonPlace[] {
  if (typeof holder !== "object" || holder === null) return [];
  const at = (key: string | number, value: JsonValue | undefined) =>
    value === undefined ? [] : [{ holder, key, value }];
  if (selector.is === "name") return at(selector.name, memberOf(holder, selector.name));
  if (!isList(holder)) {
    if (selector.is !== "every") return [];
    return Object.entries(holder).map(([key, value]) => ({ holder, key, value }));
  }
  const places = holder.map((value, key) => ({ holder, key, value }));
  if (selector.is === "every") return places;
  if (selector.is === "slice") return sliceOf(places, selector);
  const index = selector.index < 0 ? selector.index + holder.length : selector.index;
  return at(index, holder[index]);
}

/** A member of an object by its name; lists have no names. */
export function memberOf(holder: JsonValue, name: string): JsonValue | undefined {
  if (typeof holder !== "object" || holder === null || isList(holder)) return undefined;
  return Object.hasOwn(holder, name) ? holder[name] : undefined;
}

function sliceOf(places: readonly JsonPlace[], { from, to, step }: Slice): readonly JsonPlace[] {
  if (step < 1) return [];
  return places.slice(from, to).filter((_, i) => i % step === 0);
}

function isList(value: JsonValue): value is readonly JsonValue[] {
  return Array.isArray(value);
}
