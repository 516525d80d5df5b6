import { describe, expect, it } from "vitest";
import { fillTemplate } from "../../../shared/expression/template.ts";
import type { JsonValue } from "../../../shared/expression/variables.ts";

const VALUES: Readonly<Record<string, JsonValue>> = {
  a: "A",
  b: "B",
  empty: "",
  flag: true,
  number: 0.1,
  "post_arg.user.id": "7",
  list: ["x", 1],
};
const filled = (template: string) => fillTemplate(template, { get: (name) => VALUES[name] });

describe("a template", () => {
  it.each<[string, string, number]>([
    ["plain", "plain", 0],
    ["", "", 0],
    ["$a$b", "AB", 2],
    ["$a-$b", "A-B", 2],
    // biome-ignore-start lint/suspicious/noTemplateCurlyInString: these are APISIX's templates.
    ["${a}b", "Ab", 1],
    ["${ a }", "A", 1],
    ["${none ?? anyone}", "anyone", 1],
    ["${a??anyone}", "A", 1],
    ["${ none }", "", 0],
    ["\\${a}", "\\${a}", 0],
    ["${}", "${}", 0],
    // biome-ignore-end lint/suspicious/noTemplateCurlyInString: as above.
    ["$none|$a", "|A", 1],
    ["$empty", "", 1],
    ["\\$a $b", "\\$a B", 1],
    ["$post_arg.user.id", "7", 1],
    ["$flag $number", "true 0.1", 2],
    ["$list", '["x",1]', 1],
    ["100$", "100$", 0],
  ])("%j becomes %j", (template, text, resolved) => {
    expect(filled(template)).toEqual({ text, resolved });
  });
});
