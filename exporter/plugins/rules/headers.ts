import { isObject, type JsonObject, luaText } from "../../../shared/json-schema/lua-value.ts";
import { faultIn, faultOf, type ValueFault } from "../../../shared/json-schema/value-fault.ts";

/** The oldest form of a set of headers: names and values, and nothing of `add`, `set`, `remove`. */
export function plainHeadersFault(headers: unknown): ValueFault | undefined {
  return plainHeaderFault(headers, (name, value) => {
    if (typeof value !== "string" && typeof value !== "number") {
      return faultOf(value, "a text or a number", "invalid type as header value");
    }
    if (name !== "") return undefined;
    return faultOf(value, "a name for this header", "invalid field length in header");
  });
}

/** The same, with what may not stand in a header at all. */
export function headerLettersFault(headers: unknown): ValueFault | undefined {
  return plainHeaderFault(headers, (name, value) => {
    if (!/^[\w!#$%&'*+\-.^`|~]+$/.test(name)) {
      const wanted = "a name of letters, digits and !#$%&'*+-.^_`|~";
      return faultOf(value, wanted, "invalid field character in header");
    }
    // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what a header may not have.
    const isWrong = /[\0-\x08\x0a-\x1f\x7f]/.test(luaText(value));
    if (!isWrong) return undefined;
    return faultOf(value, "no control characters", "invalid value character in header");
  });
}

function plainHeaderFault(
  headers: unknown,
  check: (name: string, value: unknown) => ValueFault | undefined,
): ValueFault | undefined {
  if (!isObject(headers) || hasNewForm(headers)) return undefined;
  for (const [name, value] of Object.entries(headers)) {
    const fault = check(name, value);
    if (fault !== undefined) return faultIn("headers", faultIn(name, fault));
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
