import { variableText } from "../../../shared/expression/template.ts";
import type { JsonValue } from "../../../shared/expression/variables.ts";

/** A value as xml2lua writes it: a list becomes an element for each member, each tag has a line. */
export function toXml(value: JsonValue | undefined, tag: string): string {
  return `${elements(tag, value ?? {}).join("\n")}\n`;
}

function elements(tag: string, value: JsonValue): string[] {
  if (isList(value)) return value.flatMap((member) => elements(tag, member));
  if (typeof value !== "object" || value === null) {
    const text = value === null ? "" : variableText(value);
    return [`<${tag}>${escapeXml(text)}</${tag}>`];
  }
  const inner = Object.entries(value).flatMap(([name, member]) => elements(name, member));
  return [`<${tag}>`, ...inner, `</${tag}>`];
}

function isList(value: JsonValue): value is readonly JsonValue[] {
  return Array.isArray(value);
}

function escapeXml(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
}
