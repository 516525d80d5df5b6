import type { JsonValue } from "../../../shared/expression/variables.ts";

/** The text is no well-formed XML. */
export class XmlError extends Error {
  override readonly name = "XmlError";
}

interface Element {
  readonly name: string;
  readonly attributes: Readonly<Record<string, string>>;
  readonly children: [name: string, value: JsonValue][];
  readonly texts: string[];
}

const SKIPPED = /<\?[\s\S]*?\?>|<!--[\s\S]*?-->|<!DOCTYPE[^[>]*(?:\[[^\]]*\]\s*)?>/iy;
const CDATA = /<!\[CDATA\[([\s\S]*?)\]\]>/y;
const END_TAG = /<\/([^\s<>/]+)\s*>/y;
const START_TAG = /<([^\s<>/!?="']+)/y;
const ATTRIBUTE = /\s+([^\s<>/="']+)\s*=\s*(?:"([^"]*)"|'([^']*)')/y;
const TAG_CLOSE = /\s*(\/)?>/y;
const TEXT = /[^<]+/y;

/**
 * XML as xml2lua's tree, in the form in which body-transformer hands it to templates: an element with
 * nothing but text is that text; one that is there several times is a list; attributes are in `_attr`, with
 * texts beside them or several as `[1]`, `[2]`, …; names have lost their namespaces. Entities beyond XML's
 * own five and numbers stay as they are. Throws `XmlError`.
 */
export function parseXml(xml: string): Readonly<Record<string, JsonValue>> {
  const root: Element = { name: "", attributes: {}, children: [], texts: [] };
  const open = [root];
  let at = 0;
  const take = (pattern: RegExp): RegExpExecArray | null => {
    pattern.lastIndex = at;
    const found = pattern.exec(xml);
    if (found) at = pattern.lastIndex;
    return found;
  };
  const close = (element: Element) => {
    open.pop();
    current(open).children.push([localName(element.name), contentOf(element)]);
  };
  while (at < xml.length) {
    if (take(SKIPPED)) continue;
    const element = current(open);
    const text = take(CDATA)?.[1] ?? decoded(take(TEXT)?.[0]);
    if (text !== undefined) {
      addText(element, text, open.length);
      continue;
    }
    const ended = take(END_TAG)?.[1];
    if (ended !== undefined) {
      if (open.length === 1 || ended !== element.name) throw unexpected(at);
      close(element);
      continue;
    }
    const name = take(START_TAG)?.[1];
    if (name === undefined) throw unexpected(at);
    const attributes: Record<string, string> = {};
    for (let found = take(ATTRIBUTE); found; found = take(ATTRIBUTE)) {
      const [, attribute = "", double, single] = found;
      setOwn(attributes, localName(attribute), decoded(double ?? single) ?? "");
    }
    const tag = take(TAG_CLOSE);
    if (!tag) throw unexpected(at);
    const started: Element = { name, attributes, children: [], texts: [] };
    open.push(started);
    if (tag[1]) close(started);
  }
  if (open.length > 1) throw new XmlError(`the element ${current(open).name} has no end`);
  if (root.children.length === 0) throw new XmlError("there is no element");
  return membersOf(root);
}

function current(open: readonly Element[]): Element {
  return open.at(-1) as Element;
}

function addText(element: Element, text: string, depth: number): void {
  const trimmed = text.trim();
  if (trimmed === "") return;
  if (depth === 1) throw new XmlError("there is text outside of the element");
  element.texts.push(trimmed);
}

function contentOf(element: Element): JsonValue {
  const { attributes, texts } = element;
  const hasAttributes = Object.keys(attributes).length > 0;
  const [only] = texts;
  // As xml2lua: also where it has elements beside its one text.
  if (texts.length === 1 && only !== undefined && !hasAttributes) return only;
  const members = membersOf(element);
  if (hasAttributes) setOwn(members, "_attr", attributes);
  for (const [i, text] of texts.entries()) members[String(i + 1)] = text;
  return Object.keys(members).length === 0 ? "" : members;
}

function membersOf({ children }: Element): Record<string, JsonValue> {
  const members: Record<string, JsonValue> = {};
  for (const [name, all] of Map.groupBy(children, ([child]) => child)) {
    const values = all.map(([, value]) => value);
    setOwn(members, name, values.length === 1 ? (values[0] as JsonValue) : values);
  }
  return members;
}

/** A name such as `__proto__` is a name. */
function setOwn<T>(record: Record<string, T>, name: string, value: T): void {
  Object.defineProperty(record, name, {
    value,
    configurable: true,
    enumerable: true,
    writable: true,
  });
}

function localName(name: string): string {
  return name.slice(name.lastIndexOf(":") + 1);
}

const ENTITIES: Readonly<Record<string, string>> = {
  lt: "<",
  gt: ">",
  amp: "&",
  quot: '"',
  apos: "'",
};
const MOST_POINT = 0x10ffff;

function decoded(text: string | undefined): string | undefined {
  return text?.replace(/&(?:#(\d{1,7})|#x([\da-f]{1,6})|(\w+));/gi, (all, decimal, hex, name) => {
    if (name !== undefined) return Object.hasOwn(ENTITIES, name) ? (ENTITIES[name] ?? all) : all;
    const point = decimal === undefined ? Number.parseInt(hex, 16) : Number(decimal);
    return point <= MOST_POINT ? String.fromCodePoint(point) : all;
  });
}

function unexpected(at: number): XmlError {
  return new XmlError(`it is not well-formed at ${at}`);
}
