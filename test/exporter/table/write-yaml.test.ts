import { describe, expect, it } from "vitest";
import { parseYaml } from "../../../exporter/table/read-standalone.ts";
import { yamlText } from "../../../exporter/table/write-yaml.ts";

describe("YAML that is written", () => {
  it.each([
    "yes",
    "n",
    "~",
    "1:20",
    "0o7",
    "2026-01-02",
    "<<",
    "=",
    " \n",
    " \t\nx",
    "a\u0085b",
    "#END",
    "a: b",
    "x\n#END",
    "$" + "{{A}}",
  ])("is read as %j where it was that, as a value and as a key", (text) => {
    const value = { k: text, list: [text, { [text]: text }], [text]: { [text]: 1 } };
    expect(parseYaml(yamlText(value))).toMatchObject({ value });
  });

  it("repeats what is there twice, for APISIX's reader need not know aliases", () => {
    const shared = { a: 1 };
    expect(yamlText({ one: shared, two: shared })).toBe("one:\n  a: 1\ntwo:\n  a: 1\n");
  });
});
