/** What APISIX's variables tell of a GraphQL document: its first definition only. */
export interface GraphqlDocument {
  /** Empty where the operation has none. */
  readonly name: string;
  /** Undefined of a fragment. */
  readonly operation: "query" | "mutation" | undefined;
  readonly rootFields: readonly string[];
}

/** APISIX's own limit. */
const MOST_BYTES = 1024 * 1024;
const MOST_LEVELS = 200;

/**
 * Undefined for what is no executable document (the GraphQL specification, section 2). APISIX's parser
 * takes no subscriptions, so a document with one is none.
 */
export function parseGraphql(text: string): GraphqlDocument | undefined {
  return graphqlDefinitions(text)?.[0];
}

/** All definitions of a document, at least one; undefined for what is none. */
export function graphqlDefinitions(text: string): readonly GraphqlDocument[] | undefined {
  if (text.length > MOST_BYTES) return undefined;
  try {
    return new Parser(text).parseDocument();
  } catch (error) {
    if (error instanceof GraphqlSyntaxError) return undefined;
    throw error;
  }
}

class GraphqlSyntaxError extends Error {
  override readonly name = "GraphqlSyntaxError";
}

const IGNORED = /(?:[\s,\uFEFF]|#[^\n\r]*)*/y;
const BLOCK_STRING = String.raw`"""(?:[^"\\]|\\"""|\\|"(?!""))*"""`;
const STRING = String.raw`"(?:[^"\\\n\r]|\\["\\/bfnrt]|\\u[0-9A-Fa-f]{4}|\\u\{[0-9A-Fa-f]+\})*"`;
const NUMBER = String.raw`-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?(?![\w.])`;
const PUNCTUATOR_OR_NAME = String.raw`\.\.\.|[!$&()=@[\]{|}:]|[A-Za-z_]\w*`;
const TOKEN = new RegExp(`${PUNCTUATOR_OR_NAME}|${BLOCK_STRING}|${STRING}|${NUMBER}`, "y");
const NAME = /^[A-Za-z_]/;
const SCALAR = /^["\-0-9A-Za-z_]/;

class Parser {
  readonly #text: string;
  #at = 0;
  /** The token to come; empty at the end. */
  #token = "";
  #level = 0;

  constructor(text: string) {
    this.#text = text;
    this.#advance();
  }

  parseDocument(): GraphqlDocument[] {
    const definitions = [this.#definition()];
    while (this.#token !== "") definitions.push(this.#definition());
    return definitions;
  }

  #definition(): GraphqlDocument {
    if (this.#token === "{") {
      return { name: "", operation: "query", rootFields: this.#selectionSet() };
    }
    const word = this.#takeName();
    if (word === "fragment") {
      const name = this.#takeName();
      if (name === "on") throw new GraphqlSyntaxError();
      this.#expectWord("on");
      this.#takeName();
      this.#directives();
      return { name, operation: undefined, rootFields: this.#selectionSet() };
    }
    if (word !== "query" && word !== "mutation") throw new GraphqlSyntaxError();
    const name = NAME.test(this.#token) ? this.#takeName() : "";
    if (this.#take("(")) {
      do this.#variableDefinition();
      while (!this.#take(")"));
    }
    this.#directives();
    return { name, operation: word, rootFields: this.#selectionSet() };
  }

  #variableDefinition(): void {
    this.#expect("$");
    this.#takeName();
    this.#expect(":");
    this.#type();
    if (this.#take("=")) this.#value();
    this.#directives();
  }

  #type(): void {
    this.#nested(() => {
      if (this.#take("[")) {
        this.#type();
        this.#expect("]");
      } else this.#takeName();
      this.#take("!");
    });
  }

  /** Returns the names of its fields and of the fragments that it spreads. */
  #selectionSet(): string[] {
    const names: string[] = [];
    this.#nested(() => {
      this.#expect("{");
      do {
        const name = this.#take("...") ? this.#fragment() : this.#field();
        if (name !== undefined) names.push(name);
      } while (!this.#take("}"));
    });
    return names;
  }

  #field(): string {
    let name = this.#takeName();
    if (this.#take(":")) name = this.#takeName();
    this.#arguments();
    this.#directives();
    if (this.#token === "{") this.#selectionSet();
    return name;
  }

  #fragment(): string | undefined {
    const named = NAME.test(this.#token) && this.#token !== "on" ? this.#takeName() : undefined;
    if (named === undefined && this.#take("on")) this.#takeName();
    this.#directives();
    if (named === undefined) this.#selectionSet();
    return named;
  }

  #arguments(): void {
    if (!this.#take("(")) return;
    do {
      this.#takeName();
      this.#expect(":");
      this.#value();
    } while (!this.#take(")"));
  }

  #directives(): void {
    while (this.#take("@")) {
      this.#takeName();
      this.#arguments();
    }
  }

  #value(): void {
    this.#nested(() => {
      if (this.#take("$")) {
        this.#takeName();
      } else if (this.#take("[")) {
        while (!this.#take("]")) this.#value();
      } else if (this.#take("{")) {
        while (!this.#take("}")) {
          this.#takeName();
          this.#expect(":");
          this.#value();
        }
      } else if (SCALAR.test(this.#token)) this.#advance();
      else throw new GraphqlSyntaxError();
    });
  }

  #nested(parse: () => void): void {
    if (++this.#level > MOST_LEVELS) throw new GraphqlSyntaxError();
    parse();
    this.#level--;
  }

  #take(token: string): boolean {
    if (this.#token !== token) return false;
    this.#advance();
    return true;
  }

  #expect(token: string): void {
    if (!this.#take(token)) throw new GraphqlSyntaxError();
  }

  #expectWord(word: string): void {
    if (this.#takeName() !== word) throw new GraphqlSyntaxError();
  }

  #takeName(): string {
    const name = this.#token;
    if (!NAME.test(name)) throw new GraphqlSyntaxError();
    this.#advance();
    return name;
  }

  #advance(): void {
    IGNORED.lastIndex = this.#at;
    IGNORED.test(this.#text);
    TOKEN.lastIndex = IGNORED.lastIndex;
    const found = TOKEN.exec(this.#text);
    if (found) {
      this.#token = found[0];
      this.#at = TOKEN.lastIndex;
    } else if (IGNORED.lastIndex >= this.#text.length) {
      this.#token = "";
      this.#at = this.#text.length;
    } else throw new GraphqlSyntaxError();
  }
}
