import { byteString } from "../routing/uri-bytes.ts";
import { compilePcre, PcreSyntaxError } from "./pcre.ts";

/** A regular expression of an expression: compiled when first used, and once. */
export class Pattern {
  readonly text: string;
  readonly ignoreCase: boolean;
  #compiled: RegExp | "matches nothing" | undefined;

  constructor(text: string, ignoreCase: boolean) {
    this.text = text;
    this.ignoreCase = ignoreCase;
  }

  /** False for all texts where PCRE would refuse the pattern. Throws `PcreUnsupported`. */
  isFoundIn(text: string): boolean {
    this.#compiled ??= this.#compile();
    return this.#compiled !== "matches nothing" && this.#compiled.test(byteString(text));
  }

  /** Throws `PcreSyntaxError` and `PcreUnsupported`. */
  check(): void {
    compilePcre(this.text, { ignoreCase: this.ignoreCase });
  }

  #compile(): RegExp | "matches nothing" {
    try {
      return compilePcre(this.text, { ignoreCase: this.ignoreCase });
    } catch (error) {
      if (error instanceof PcreSyntaxError) return "matches nothing";
      throw error;
    }
  }
}
