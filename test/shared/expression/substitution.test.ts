import { describe, expect, it } from "vitest";
import { PcreSyntaxError, PcreUnsupported } from "../../../shared/expression/pcre.ts";
import { Substitution } from "../../../shared/expression/substitution.ts";
import { byteString } from "../../../shared/routing/uri-bytes.ts";

const first = (pattern: string, replacement: string, text: string, options?: string) =>
  new Substitution(pattern, replacement, options).replaceFirst(text);
const all = (pattern: string, replacement: string, text: string, options?: string) =>
  new Substitution(pattern, replacement, options).replaceAllBytes(byteString(text));

describe("a substitution", () => {
  it.each<[string, string, string, string | undefined]>([
    ["b+", "x", "abbc", "axc"],
    // biome-ignore lint/suspicious/noTemplateCurlyInString: APISIX's template.
    ["(a)(?<n>b)?", "$2-$1-${1}-$0", "ac", "-a-a-ac"],
    ["(?<!x)(a)\\1", "<$1>", "xaaa", "x<a>a".replace("x<a>a", "xa<a>")],
    ["a", "$$1", "a", "$1"],
    ["a", "$12", "a", ""],
    ["(é)", "$1$1", "aé", "aéé"],
    [".", "x", "é", "x\udca9"],
    ["(?>(a)+)b", "$1", "aab", "a"],
    ["z", "x", "abc", undefined],
  ])("of %s by %s in %s gives %s", (pattern, replacement, text, wanted) => {
    expect(first(pattern, replacement, text)).toBe(wanted);
  });

  it.each([
    ["a", "b", "aXaA", "jo", "bXbA"],
    ["a", "b", "aXaA", "i", "bXbb"],
    ["a", "b", "aab", "a", "bbb"],
    ["x*", "-", "axb", "jo", "-a--b-"],
    ["^a", "b", "a\na", "m", "b\nb"],
    ["a.b", "x", "a\nb", "s", "x"],
    [" a ", "x", "a", "x", "x"],
  ])(
    "of every %s by %s in %j, with %s, gives %j",
    (pattern, replacement, text, options, wanted) => {
      expect(all(pattern, replacement, text, options)).toBe(wanted);
    },
  );

  it("tells what groups took, and not of those that took nothing", () => {
    const captures = new Substitution("(a)|(b)", "").match("xb");
    expect(captures).toEqual(
      new Map([
        [0, "b"],
        [2, "b"],
      ]),
    );
  });

  it.each([
    ["(", "", "", PcreSyntaxError],
    ["a", "$x", "", PcreSyntaxError],
    ["a", "${1", "", PcreSyntaxError],
    ["a", "b$", "", PcreSyntaxError],
    ["(?R)", "", "", PcreUnsupported],
    ["a", "", "u", PcreUnsupported],
    ["a", "", "d", PcreUnsupported],
  ])("of %s by %j with %j is refused", (pattern, replacement, options, error) => {
    expect(() => new Substitution(pattern, replacement, options)).toThrow(error);
  });
});
