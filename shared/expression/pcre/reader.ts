import { PcreSyntaxError } from "./syntax.ts";

const WHITE_SPACE = /[ \t\n\v\f\r]/;

/** A pattern being read from left to right, `\Q…\E` taken care of. */
export class PatternReader {
  readonly #pattern: string;
  #at = 0;
  #quoteEnd = -1;

  constructor(pattern: string) {
    this.#pattern = pattern;
  }

  get offset(): number {
    return this.#at;
  }

  get atEnd(): boolean {
    return this.#at >= this.#pattern.length;
  }

  /** To be called where an item or a quantifier may begin: `\Q` and a stray `\E` are gone after it. */
  beginItem(): void {
    while (!this.quoting) {
      if (this.#pattern.startsWith("\\E", this.#at)) this.#at += 2;
      else if (this.#pattern.startsWith("\\Q", this.#at)) this.#enterQuotes();
      else return;
    }
  }

  /** Inside `\Q…\E`: the next character stands for itself. */
  get quoting(): boolean {
    return this.#quoteEnd >= 0;
  }

  /** The next characters, at most `count`. */
  rest = (count: number): string => this.#pattern.slice(this.#at, this.#at + count);

  /** The next character; empty at the end. */
  next(): string {
    const char = this.#pattern.charAt(this.#at);
    this.skip(1);
    return char;
  }

  skip(count: number): void {
    this.#at += count;
    if (this.quoting) this.#leaveQuotes();
  }

  looksAt(text: string): boolean {
    return !this.quoting && this.#pattern.startsWith(text, this.#at);
  }

  take(text: string): boolean {
    if (!this.looksAt(text)) return false;
    this.skip(text.length);
    return true;
  }

  /** Takes what `expression`, which begins with `^`, finds; undefined where it finds nothing. */
  takeMatch(expression: RegExp): RegExpExecArray | undefined {
    const found = expression.exec(this.#pattern.slice(this.#at));
    if (!found || this.quoting) return undefined;
    this.skip(found[0].length);
    return found;
  }

  /** Takes a comment, or white space that counts for nothing. */
  skipIgnored(extended: boolean): boolean {
    if (this.quoting) return false;
    if (this.looksAt("(?#")) {
      const end = this.#pattern.indexOf(")", this.#at);
      if (end < 0) throw new PcreSyntaxError("missing ) after (?# comment", this.#at);
      this.skip(end + 1 - this.#at);
      return true;
    }
    if (!extended || this.atEnd) return false;
    if (this.looksAt("#")) {
      const end = this.#pattern.indexOf("\n", this.#at);
      this.skip((end < 0 ? this.#pattern.length : end + 1) - this.#at);
      return true;
    }
    if (!WHITE_SPACE.test(this.rest(1))) return false;
    this.skip(1);
    return true;
  }

  skipAllIgnored(extended: boolean): void {
    do this.beginItem();
    while (this.skipIgnored(extended));
  }

  #leaveQuotes(): void {
    if (this.#at < this.#quoteEnd) return;
    this.#at = Math.min(this.#quoteEnd + 2, this.#pattern.length);
    this.#quoteEnd = -1;
  }

  #enterQuotes(): void {
    const from = this.#at + 2;
    const end = this.#pattern.indexOf("\\E", from);
    this.#quoteEnd = end < 0 ? this.#pattern.length : end;
    this.#at = from;
    this.#leaveQuotes();
  }
}
