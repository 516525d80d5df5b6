/** What would break out of a header's line; OpenResty writes it in the same way. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for.
const CONTROLS = /[\0-\x08\x0a-\x1f\x7f]/g;

/** Text of a template as a header's value: `\r\n` of a client's becomes `%0D%0A`. */
export function headerText(text: string): string {
  return text.replace(
    CONTROLS,
    (control) => `%${control.charCodeAt(0).toString(16).toUpperCase().padStart(2, "0")}`,
  );
}
