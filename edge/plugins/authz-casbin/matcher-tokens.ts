import { CasbinError } from "./casbin-error.ts";

export interface MatcherToken {
  readonly is: "name" | "text" | "sign" | "end";
  readonly text: string;
}

const TOKEN =
  /\s*(?:(?<name>[A-Za-z_]\w*(?:\.\w+)?)|"(?<double>[^"\\]*)"|'(?<single>[^'\\]*)'|(?<sign>&&|\|\||==|!=|[!(),]))/y;

const END: MatcherToken = { is: "end", text: "" };

/** The words of a matcher, one after the other. Throws `CasbinError` where there is none that is known. */
export class MatcherTokens {
  readonly #tokens: readonly MatcherToken[];
  readonly #matcher: string;
  #at = 0;

  constructor(matcher: string) {
    this.#matcher = matcher;
    this.#tokens = tokensOf(matcher);
  }

  get next(): MatcherToken {
    return this.#tokens[this.#at] ?? END;
  }

  take(): MatcherToken {
    const { next } = this;
    this.#at += 1;
    return next;
  }

  /** Takes the word if it comes next. */
  takes(text: string): boolean {
    const { next } = this;
    if (next.text !== text || next.is === "text") return false;
    this.#at += 1;
    return true;
  }

  expect(text: string): void {
    if (!this.takes(text)) throw this.unexpected();
  }

  unexpected(): CasbinError {
    const what = this.next.is === "end" ? "ends too early" : `has "${this.next.text}"`;
    return new CasbinError(`the matcher ${what}, which is not understood: ${this.#matcher}`);
  }
}

function tokensOf(matcher: string): MatcherToken[] {
  const tokens: MatcherToken[] = [];
  const pattern = new RegExp(TOKEN);
  const text = matcher.trimEnd();
  while (pattern.lastIndex < text.length) {
    const from = pattern.lastIndex;
    const groups = pattern.exec(text)?.groups;
    if (!groups) {
      throw new CasbinError(`the matcher has "${text.slice(from)}", which is not understood`);
    }
    const { name, double, single, sign } = groups;
    if (name !== undefined) tokens.push({ is: "name", text: name });
    else if (sign !== undefined) tokens.push({ is: "sign", text: sign });
    else tokens.push({ is: "text", text: double ?? single ?? "" });
  }
  return tokens;
}
