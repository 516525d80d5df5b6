import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import {
  type CataloguedPlugin,
  HTTP_PLUGINS,
  STREAM_PLUGINS,
} from "../../../shared/plugins/catalogue.ts";

/** plugins.tsv: the plugins of a real APISIX 3.18 as name, priority, phases and mark. */
const recorded = readFileSync(join(import.meta.dirname, "../../recorded/plugins.tsv"), "utf8")
  .trim()
  .split("\n")
  .map((line) => line.split("\t"));

const line = (plugin: CataloguedPlugin, prefix = "") => [
  prefix + plugin.name,
  String(plugin.priority),
  plugin.phases.join(",") || "—",
  ...(plugin.auth ? ["auth"] : []),
  ...(plugin.preferRoute ? ["prefer_route"] : []),
];

describe("the catalogue of plugins", () => {
  it("has every plugin of APISIX with its priority, phases and mark, in their order", () => {
    const ours = HTTP_PLUGINS.map((plugin) => line(plugin));
    expect(ours).toEqual(recorded.filter(([name]) => !name?.startsWith("stream:")));
    expect(ours).toHaveLength(120);
  });

  it("has every stream plugin", () => {
    const ours = STREAM_PLUGINS.map((plugin) => line(plugin, "stream:"));
    expect(ours).toEqual(recorded.filter(([name]) => name?.startsWith("stream:")));
  });

  it("gives a reason and the nearest way for whatever does not run", () => {
    for (const { name, support } of [...HTTP_PLUGINS, ...STREAM_PLUGINS]) {
      if (support.is === "supported") continue;
      expect(support.reason, name).toMatch(/\w{3}/);
      expect(support.remedy, name).toMatch(/\w{3}/);
    }
  });

  it("leaves no plugin out that guards: who authenticates, restricts or limits is never ignored", () => {
    const guards = /auth|restriction|limit|blocker|csrf|validat|guard|waf|moderation|acl|opa|rbac/;
    const ignored = HTTP_PLUGINS.filter(({ support }) => support.is === "ignored");
    expect(ignored.filter(({ name, auth }) => auth || guards.test(name))).toEqual([]);
    expect(ignored.length).toBeGreaterThan(20);
  });
});
