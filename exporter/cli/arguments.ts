import { readFileSync } from "node:fs";
import { InvalidArgumentError } from "commander";

/** Parsers of what options and arguments are given. */

export function wholeNumber(text: string): number {
  const number = Number(text);
  if (/^\d+$/.test(text) && Number.isSafeInteger(number) && number > 0) return number;
  throw new InvalidArgumentError("want a whole number, from 1.");
}

/** The content of the file at `path`. */
export function fileContent(path: string): Uint8Array {
  try {
    return readFileSync(path);
  } catch {
    throw new InvalidArgumentError("want the path of a file that can be read.");
  }
}
