import { isObject, type JsonObject, luaText } from "../../schema/lua-value.ts";

/** The oldest form of a set of headers: names and values, and nothing of `add`, `set`, `remove`. */
export function plainHeadersFault(headers: unknown): string | undefined {
  if (!isObject(headers) || hasNewForm(headers)) return undefined;
  for (const [name, value] of Object.entries(headers)) {
    if (typeof value !== "string" && typeof value !== "number") {
      return "invalid type as header value";
    }
    if (name === "") return "invalid field length in header";
    if (!/^[\w!#$%&'*+\-.^`|~]+$/.test(name)) return "invalid field character in header";
    // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what a header may not have.
    if (/[\0-\x08\x0a-\x1f\x7f]/.test(luaText(value))) return "invalid value character in header";
  }
  return undefined;
}

/** Whether any of the three has the type that only the new form has. */
function hasNewForm(headers: JsonObject): boolean {
  return ["add", "set", "remove"].some((name) => {
    const value = Object.hasOwn(headers, name) ? headers[name] : undefined;
    return typeof value === "object" && value !== null;
  });
}
