import { pcreFault } from "../pcre-fault.ts";

/** A pattern with its replacement, in nginx's words where one of them cannot be used. */
export function replacementFault(pattern: string, replacement: string): string | undefined {
  const fault = pcreFault(pattern);
  if (fault !== undefined) return fault;
  for (const [, number, name] of replacement.matchAll(/\$(?:\$|\{?(\d+)|\{?([A-Za-z_]\w*)|$)/g)) {
    if (number === undefined && name !== undefined) {
      const what = `attempt to use named capturing variable "${name}"`;
      return `${what} (named captures not supported yet)`;
    }
  }
  return undefined;
}
