/** What a value under a key can be before anyone asks for its schema. */
export type ParsedJson =
  | { readonly is: "object"; readonly value: Record<string, unknown> }
  | {
      readonly is: "wrong";
      readonly path: string;
      readonly found: string;
      readonly wanted: string;
    };

const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** Parses the bytes of a value. Keys that could reach an object's prototype are refused, at any depth. */
export function parseJsonObject(bytes: Uint8Array): ParsedJson {
  let text: string;
  try {
    text = decoder.decode(bytes);
  } catch {
    return { is: "wrong", path: "", found: "bytes that are not UTF-8", wanted: "JSON in UTF-8" };
  }
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    const detail = error instanceof SyntaxError ? error.message : String(error);
    return { is: "wrong", path: "", found: `${excerpt(text)} (${detail})`, wanted: "JSON" };
  }
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    return { is: "wrong", path: "", found: describe(value), wanted: "a JSON object" };
  }
  if (text.includes("__proto__")) {
    const path = prototypeKey(value, "");
    if (path !== undefined) {
      return { is: "wrong", path, found: "a key named __proto__", wanted: "no such key" };
    }
  }
  return { is: "object", value: value as Record<string, unknown> };
}

/** A value in a few words, for a person. */
export function describe(value: unknown): string {
  if (value === undefined) return "nothing";
  return excerpt(JSON.stringify(value) ?? typeof value);
}

function excerpt(text: string): string {
  return text.length <= 80 ? text : `${text.slice(0, 77)}…`;
}

function prototypeKey(value: unknown, path: string): string | undefined {
  if (typeof value !== "object" || value === null) return undefined;
  for (const [key, inner] of Object.entries(value)) {
    const here = path === "" ? key : `${path}.${key}`;
    if (key === "__proto__") return here;
    const found = prototypeKey(inner, here);
    if (found !== undefined) return found;
  }
  return undefined;
}
