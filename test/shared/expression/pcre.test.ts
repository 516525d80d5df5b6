import { describe, expect, it } from "vitest";
import {
  compilePcre,
  isCostly,
  PcreSyntaxError,
  PcreUnsupported,
} from "../../../shared/expression/pcre.ts";
import { byteString } from "../../../shared/routing/uri-bytes.ts";
import { type Random, runSeed, seededRandom } from "../../support/random.ts";

const finds = (pattern: string, text: string, ignoreCase = false) =>
  compilePcre(pattern, { ignoreCase }).test(byteString(text));

/** Checked against PCRE2 10.42 itself, in its byte mode. */
const TABLE: readonly (readonly [pattern: string, found: string[], notFound: string[]])[] = [
  ["", ["", "a"], []],
  ["a|", ["", "b"], []],
  ["^a.c$", ["abc", "abc\n", "a\rc"], ["a\nc", "xabc", "abc\n\n"]],
  ["\\Aabc\\z", ["abc"], ["abc\n", "abcd"]],
  ["\\Aabc\\Z", ["abc", "abc\n"], ["abc\n\n"]],
  ["\\Gb", ["b"], ["ab"]],
  ["(?s)a.c", ["a\nc"], ["ac"]],
  ["(?m)^b$", ["a\nb\nc", "b"], ["ab"]],
  ["(?m)^$", ["", "\n", "a\n\nb"], ["a\n"]],
  ["(?i)aBc", ["abc", "ABC"], ["ab"]],
  ["a(?i)b|c", ["ab", "aB", "C"], ["AB"]],
  ["(?i:a)b", ["Ab", "ab"], ["aB"]],
  ["(?i)a(?-i)b", ["Ab"], ["AB"]],
  ["(?i)[a-c][^X]", ["By", "cz"], ["Bx", "aX", "dy"]],
  ["(?i)\\x61", ["A"], ["b"]],
  ["(?x) a b # c\n d", ["abd"], ["ab"]],
  ["(?x)[ ]a", [" a"], ["a"]],
  ["(?xx)[ a ]", ["a"], [" "]],
  ["(?^)a", ["a"], ["A"]],
  ["(?n)(a)(?<n>b)\\k<n>", ["abb"], ["ab"]],
  ["(?U)a+b+?c", ["abbc"], ["ac"]],
  ["a(?#no (more)b", ["ab"], ["a"]],
  ["a++b?", ["a", "aab"], ["b"]],
  ["a++a", [], ["aaa"]],
  ["(?>a+)ab", [], ["aaab"]],
  ["(?>a|ab)c", ["ac"], ["abc"]],
  ["x*+y{2,}+z", ["xxyyz", "yyyz"], ["yz"]],
  ["\\d\\D\\w\\W\\s\\S", ["1aa! a"], ["11a! a"]],
  ["^\\s+$", [" \t\n\v\f\r"], ["\u00a0", "x"]],
  ["^\\h$", [" ", "\t"], ["\n", "x"]],
  ["^\\R$", ["\r\n", "\n", "\v", "\r"], ["\n\r", "a"]],
  ["^\\N$", ["a", "\r"], ["\n\n", ""]],
  ["^\\C\\C$", ["é", "ab"], ["a"]],
  ["ab\\Kc", ["abc"], ["c"]],
  ["[[:alpha:]]+[[:^digit:][:space:]]", ["ab", "a "], ["1a", "a1"]],
  ["^[[:punct:][:xdigit:]]+$", ["!f", "A_9"], ["g"]],
  ["[[:<:]]foo[[:>:]]", ["a foo b"], ["foob", "afoo"]],
  ["\\bfoo\\b", ["a foo."], ["food"]],
  ["[]a]", ["]", "a"], ["[", "b"]],
  ["[^]a]", ["b"], ["]", "a"]],
  ["[a\\-z]", ["-", "z"], ["b"]],
  ["[a-]", ["-"], ["b"]],
  ["[\\w-]", ["-", "_"], ["!"]],
  ["[\\Q^-]\\E]", ["^", "-", "]"], ["\\"]],
  ["[\\b]", ["\b"], ["b"]],
  ["\\Qa.b\\E+", ["a.bb"], ["axb"]],
  ["a\\E\\Q\\Eb", ["ab"], []],
  ["\\141\\x{62}\\o{143}\\x64\\e?", ["abcd"], ["abc"]],
  ["\\cA\\t", ["\u0001\t"], []],
  ["a\\.c", ["a.c"], ["abc"]],
  ["{,2}", ["{,2}"], [""]],
  ["a{,2}", ["a{,2}"], ["aa"]],
  ["a{2}", ["aa"], ["a"]],
  ["a{x", ["a{x"], ["a"]],
  ["(?<n>a)b", ["ab"], ["b"]],
  ["(?P<n>a)(?P=n)\\g{n}\\k'n'\\k{n}\\1\\g1\\g{-1}", ["aaaaaaaa"], ["aaa"]],
  ["(a)(b)\\2\\1", ["abba"], ["abab"]],
  ["(?:(a|b)\\1)+c", ["aabbc"], ["abc"]],
  ["^(?!foo)", ["bar", ""], ["foobar"]],
  ["^(?=.*o)f", ["fo"], ["f"]],
  ["(?<=a)b(?<!ab)|(?<=x|yz)c", ["xc", "yzc"], ["ab", "zc"]],
  ["^é$", ["é"], ["É", "e"]],
  ["^.{2}$", ["é", "ab"], ["日"]],
  ["[é]", ["é", "è"], ["e"]],
  ["^\\p{L}+$", ["ab", "Z"], ["1", ""]],
  ["^\\p{Lu}\\P{Lu}\\p{^Lu}\\pN$", ["Abc1"], ["ABc1"]],
  ["\\p{Greek}", [], ["a", "α"]],
  ["\\p{L&}\\p{Xan}\\p{Any}", ["a1!"], ["1a"]],
];

describe.each(TABLE)("%s", (pattern, found, notFound) => {
  it("finds what PCRE finds", () => {
    for (const text of found) expect(finds(pattern, text), JSON.stringify(text)).toBe(true);
    for (const text of notFound) expect(finds(pattern, text), JSON.stringify(text)).toBe(false);
  });
});

describe("ignoring case", () => {
  it("knows the letters of ASCII only, as PCRE does with bytes", () => {
    expect(finds("^a[b-d]é$", "ACé", true)).toBe(true);
    expect(finds("é", "É", true)).toBe(false);
    expect(finds("[[:lower:]]", "A", true)).toBe(true);
    expect(finds("[^a]", "A", true)).toBe(false);
    expect(finds("k", "\u212a", true)).toBe(false);
  });
});

describe("what PCRE refuses", () => {
  it.each([
    ["(", 1],
    ["a)", 1],
    ["[", 0],
    ["[a", 0],
    ["[]", 0],
    ["[b-a]", 2],
    ["[\\w-z]", 3],
    ["[[:nope:]]", 1],
    ["[[.a.]]", 1],
    ["*a", 0],
    ["a**", 2],
    ["^*", 1],
    ["a|+", 2],
    ["\\", 0],
    ["\\q", 0],
    ["\\x{100}", 0],
    ["\\p{Nope}", 0],
    ["\\1", 0],
    ["(a)\\2", 3],
    ["\\k<n>", 0],
    ["(?<n>a)(?<n>b)", 7],
    ["(?<1>a)", 0],
    ["(?z)", 0],
    ["(?<=a+)b", 0],
    ["a{3,2}", 1],
    ["a{65536}", 1],
    ["(?#", 0],
  ])("%s is told with its place", (pattern, offset) => {
    expect(thrown(pattern)).toBeInstanceOf(PcreSyntaxError);
    expect(thrown(pattern)).toMatchObject({ offset });
  });

  it("is a group too deep, and not a stack that overflows", () => {
    const depth = 100_000;
    expect(thrown("(".repeat(depth) + ")".repeat(depth))).toBeInstanceOf(PcreSyntaxError);
  });
});

describe("what JavaScript cannot do", () => {
  it.each([
    ["a(?R)?b", "recursion", 1],
    ["(a)(?1)", "recursion", 3],
    ["(?<n>a)(?&n)", "recursion", 7],
    ["(?<n>a)(?P>n)", "recursion", 7],
    ["(a)\\g<1>", "subroutine", 3],
    ["(a)?(?(1)b|c)", "condition", 4],
    ["ab(?C1)", "callout", 2],
    ["(*UTF)a", "verb", 0],
    ["a(*SKIP)b", "verb", 1],
    ["(?|(a)|(b))", "share their numbers", 0],
    ["(?J)a", "share a name", 0],
    ["\\X", "grapheme", 0],
    ["(a)?\\1", "may not have matched", 4],
    ["(a)|\\1", "may not have matched", 4],
    ["\\1(a)", "may not have matched", 0],
    ["(?i)(a)\\1", "ignores case", 7],
    ["(a)(?<=\\1)", "inside a lookbehind", 7],
    ["((a{1000}){1000}){1000}", "too large", 0],
  ])("%s is told with its place", (pattern, construct, offset) => {
    expect(thrown(pattern)).toBeInstanceOf(PcreUnsupported);
    expect(thrown(pattern)).toMatchObject({
      offset,
      construct: expect.stringContaining(construct),
    });
  });
});

describe("a costly pattern", () => {
  it.each([
    ["(a+)+$"],
    ["(a*)*b"],
    ["^(\\w+\\s?)*$"],
    ["(.*,)*x"],
    ["(a|a)*b"],
    ["(a|aa)+$"],
    ["(\\w|\\d)+$"],
    ["([a-z]+)*=[0-9]"],
    ["^(([a-z])+.)+[A-Z]([a-z])+$"],
    ["(?i)(a+|A)+$"],
    ["(a{1,50}){1,50}$"],
    ["(?>x(a+)+b)"],
  ])("%s", (pattern) => {
    expect(isCostly(pattern)).toBe(true);
  });

  it.each([
    [""],
    ["^/api/v\\d+/.*$"],
    ["(a+b)+"],
    ["(foo|bar|baz)*"],
    ["(?:[^,]*,)*"],
    ["(\\w+\\s)+$"],
    ["(a++)+$"],
    ["((?>a+))+$"],
    ["(ab|ac)+"],
    ["^([a-z0-9]+(-[a-z0-9]+)*\\.)+com$"],
    ["\\d{1,3}(\\.\\d{1,3}){3}"],
    ["(a+)?b"],
    ["("],
    ["(a+)+(?R)"],
  ])("is not %s", (pattern) => {
    expect(isCostly(pattern)).toBe(false);
  });
});

it("random patterns are translated or refused by name, and agree with JavaScript where they are alike", () => {
  const random = seededRandom(runSeed());
  let translated = 0;
  for (let i = 0; i < 20_000; i++) {
    const pattern = randomPattern(random);
    const text = Array.from({ length: random.below(8) }, () => random.pick([..."abcAB1_-"])).join(
      "",
    );
    const story = `${JSON.stringify({ pattern, text })}, seed ${random.seed}`;
    let found: boolean;
    try {
      found = finds(pattern, text);
    } catch (error) {
      if (error instanceof PcreSyntaxError || error instanceof PcreUnsupported) continue;
      throw new Error(story, { cause: error });
    }
    translated++;
    expect(typeof isCostly(pattern), story).toBe("boolean");
    const same = asJavaScript(pattern);
    if (same) expect(found, story).toBe(same.test(text));
  }
  expect(translated, `seed ${random.seed}`).toBeGreaterThan(4000);
});

function thrown(pattern: string): unknown {
  try {
    compilePcre(pattern);
  } catch (error) {
    return error;
  }
  return "nothing was thrown";
}

const PARTS =
  "a b c a b . ^ $ \\d \\w \\W \\b [a-c] [^a] [[:alpha:]] | | ( ( ( ) ) ) " +
  "(?: (?= (?! (?> (?<n> (?i) * + ? *? ++ {2} {1,2} \\1 \\k<n> \\Q \\E [ ] \\ (?R) \\x41 é";

function randomPattern(random: Random): string {
  const parts = PARTS.split(" ");
  return Array.from({ length: random.below(9) }, () => random.pick(parts)).join("");
}

/** Only what both read alike. */
function asJavaScript(pattern: string): RegExp | undefined {
  if (!/^(?:[abc|]|\\[dwW]|\[\^?a(-c)?\]|\(\?:|\)|[*+?](?![*+?]))*$/.test(pattern))
    return undefined;
  return new RegExp(pattern);
}
