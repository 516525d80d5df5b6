import type { KindName } from "../../shared/resources/resource-key.ts";

/** A value at a path, in a few words for a person. It goes into logs and status pages. */
export type Describe = (path: string, value: unknown) => string;

const MOST_CHARACTERS = 80;

const HOLDS_SECRETS: ReadonlySet<KindName> = new Set([
  "consumers",
  "credentials",
  "plugin_metadata",
  "secrets",
  "ssls",
]);

/** Fields of those kinds whose text may be shown. */
const SHOWN =
  /^(id|username|group_id|name|desc|labels(\..*)?|sni|snis\[\d+\]|type|ssl_protocols.*)$/;

/** What may be told of values of this kind: of a possible secret only how long it is. */
export function describerOf(kind: KindName): Describe {
  return (path, value) => {
    const hidden = HOLDS_SECRETS.has(kind) ? !SHOWN.test(path) : /\bclient_key$/.test(path);
    if (hidden && typeof value === "string") return `a text of ${value.length} characters`;
    return describe(value);
  };
}

/** Objects are told by their fields' names: what lies in them is nobody's business here. */
export function describe(value: unknown): string {
  if (value === undefined) return "nothing";
  if (Array.isArray(value)) return value.length === 0 ? "an empty list" : "a list";
  if (typeof value === "object" && value !== null) {
    const fields = Object.keys(value);
    return fields.length === 0 ? "an empty object" : excerpt(`an object with ${fields.join(", ")}`);
  }
  return excerpt(JSON.stringify(value));
}

export function excerpt(text: string): string {
  return text.length <= MOST_CHARACTERS ? text : `${text.slice(0, MOST_CHARACTERS - 1)}…`;
}
