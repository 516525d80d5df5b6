/**
 * LuaJIT's `%q`, with which messages quote patterns and texts: a backslash before `"`, `\` and a line break,
 * control characters as their decimal number.
 */
export function luaQuote(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what has to be escaped.
  const escaped = text.replace(/["\\\n]|[\0-\x1f\x7f]/g, (unit, at: number) => {
    if (unit === '"' || unit === "\\" || unit === "\n") return `\\${unit}`;
    const digits = String(unit.charCodeAt(0));
    // Three digits where another one follows, which would be read as a part of the number.
    return `\\${/\d/.test(text.charAt(at + 1)) ? digits.padStart(3, "0") : digits}`;
  });
  return `"${escaped}"`;
}
