import { ConfigurationRefused } from "./plugin.ts";

/** RFC 9110 5.1 and 5.6.2. */
const NAME = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;

export function isHeaderName(text: string): boolean {
  return NAME.test(text);
}

/** Throws a `ConfigurationRefused` where one of a field's names could be no header's. */
export function checkHeaderNames(field: string, names: Iterable<string> = []): void {
  for (const name of names) {
    if (isHeaderName(name)) continue;
    throw new ConfigurationRefused(`${field}: ${name} is no header's name`);
  }
}
