import { describe, expect, it } from "vitest";
import { noticesOf } from "../../../exporter/validate/notices.ts";
import { NO_BINDINGS } from "../../../shared/resources/reach.ts";
import type { Resource } from "../../../shared/resources/resource.ts";

const pathsOf = (plugins: Record<string, Record<string, unknown>>) => {
  const value = { id: "1", uri: "/a", priority: 0, status: 1, plugins } as Resource["value"];
  const route = { key: "routes/1", kind: "routes", id: "1", modRevision: 1, value } as Resource;
  return noticesOf(route, "/apisix/routes/1", NO_BINDINGS)
    .filter(({ path }) => path.split(".").length > 2)
    .map(({ path, effect }) => `${effect} ${path}`);
};

describe("settings that an earlier release published and this one would reject", () => {
  it("are no reason to fail, whatever they hold", () => {
    const broken = [null, 5, "x", "(", [], [5], [null], [["a"]], {}, { a: { a: [[[]]] } }];
    for (const conf of broken) {
      const fields = [
        "block_rules",
        "regex_uri",
        "vars",
        "rules",
        "filters",
        "abort",
        "body_schema",
      ];
      const settings = Object.fromEntries([...fields, "_meta"].map((field) => [field, conf]));
      for (const plugin of ["uri-blocker", "response-rewrite", "workflow", "fault-injection"]) {
        expect(() => pathsOf({ [plugin]: settings })).not.toThrow();
      }
    }
  });

  it("are told where a condition is none", () => {
    const conf = { rules: [{ match: [{ vars: [["a", "=", "b"]] }] }] };
    expect(pathsOf({ "traffic-split": conf })).toEqual([
      "refused plugins.traffic-split.rules[0].match[0].vars[0][1]",
    ]);
  });
});

describe("what the edge cannot evaluate", () => {
  const RECURSION = "(?R)?b";

  it("is told at its place, in every plugin that has patterns or conditions", () => {
    expect(pathsOf({ cors: { allow_origins_by_regex: ["a", RECURSION] } })).toEqual([
      "refused plugins.cors.allow_origins_by_regex[1]",
    ]);
    expect(pathsOf({ redirect: { regex_uri: [RECURSION, "/"] } })).toEqual([
      "refused plugins.redirect.regex_uri[0]",
    ]);
    expect(pathsOf({ "ua-restriction": { denylist: [RECURSION] } })).toEqual([
      "refused plugins.ua-restriction.denylist[0]",
    ]);
    expect(pathsOf({ nope: { _meta: { filter: [["uri", "~~", RECURSION]] } } })).toEqual([]);
    expect(pathsOf({ cors: { _meta: { filter: [["uri", "~~", RECURSION]] } } })).toEqual([
      "refused plugins.cors._meta.filter[0][2]",
    ]);
  });

  it("is of no matter where the plugin is disabled, or nothing at the edge anyway", () => {
    const filter = [["uri", "~~", RECURSION]];
    expect(pathsOf({ cors: { _meta: { disable: true, filter } } })).toEqual([]);
    expect(pathsOf({ gzip: { _meta: { filter } } })).toEqual([]);
  });
});
