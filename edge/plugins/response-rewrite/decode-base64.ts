import { ConfigurationRefused } from "../plugin.ts";

/** Padding may be left out. Throws `ConfigurationRefused`. */
export function decodeBase64(text: string): Uint8Array<ArrayBuffer> {
  try {
    return Uint8Array.from(atob(text), (char) => char.charCodeAt(0));
  } catch {
    throw new ConfigurationRefused("body is not base64");
  }
}
