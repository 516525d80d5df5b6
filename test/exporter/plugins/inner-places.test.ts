import { describe, expect, it } from "vitest";
import { placesAt, stepsOf } from "../../../exporter/plugins/inner-places.ts";

const waysAt = (conf: unknown, path: string) => placesAt(conf, stepsOf(path)).map(({ way }) => way);

describe("a path into a configuration", () => {
  it("finds every member of every list on the way", () => {
    const conf = { rules: [{ match: [{ vars: 1 }, {}] }, {}, { match: [{ vars: 2 }] }] };
    expect(waysAt(conf, "rules[].match[].vars")).toEqual([
      ["rules", 0, "match", 0, "vars"],
      ["rules", 2, "match", 0, "vars"],
    ]);
  });

  it("takes every second member where it says so", () => {
    expect(waysAt({ regex_uri: ["a", "b", "c", "d"] }, "regex_uri[::2]")).toEqual([
      ["regex_uri", 0],
      ["regex_uri", 2],
    ]);
  });

  it("finds nothing in what is of another type", () => {
    for (const conf of [null, 5, [], { rules: {} }, { rules: "ab" }, { rules: [null, 5, []] }]) {
      expect(waysAt(conf, "rules[].match[].vars")).toEqual([]);
    }
  });
});
