import { describe, expect, it } from "vitest";
import type { OwnPlugin } from "../../../edge/plugins/own-plugin.ts";
import { definePlugin } from "../../../edge/plugins/plugin.ts";
import { jack } from "../../support/consumers.ts";
import { aPluginWorld } from "../../support/plugin-world.ts";

const LABELS = { team: "a,b , c", org: '["x","y"]', one: "1", odd: "[x" };

async function statusOf(configuration: object, labels: object | undefined = LABELS) {
  const { get, serve } = aPluginWorld();
  await serve(
    { "key-auth": {}, acl: configuration },
    jack({ "key-auth": { key: "k" } }, labels && { labels }),
  );
  return (await get("/r", { headers: { apikey: "k" } })).status;
}

/** Stands for an identity provider that tells this of every user. */
const provider: OwnPlugin = {
  name: "provider",
  priority: 2600,
  schema: {},
  plugin: definePlugin<{ user: { groups: string } }>(() => ({
    build: ({ user }) => ({
      rewrite(exchange) {
        exchange.externalUser = user;
        return undefined;
      },
    }),
  })),
};

describe("acl", () => {
  it.each<[object, number]>([
    [{ allow_labels: { team: ["b"] } }, 200],
    [{ allow_labels: { team: ["c"] } }, 200],
    [{ allow_labels: { team: ["a,b , c"] } }, 403],
    [{ allow_labels: { org: ["y"] } }, 200],
    [{ allow_labels: { org: ['["x","y"]'] } }, 403],
    [{ allow_labels: { one: ["1"] } }, 200],
    [{ allow_labels: { odd: ["[x"] } }, 403],
    [{ allow_labels: { none: ["1"], team: ["b"] } }, 200],
    [{ allow_labels: { none: ["1"], team: ["x"] } }, 403],
    [{ allow_labels: { constructor: ["x"] } }, 403],
    [{ deny_labels: { org: ["x"] } }, 403],
    [{ deny_labels: { org: ["z"] } }, 200],
    [{ deny_labels: { org: ["x"] }, allow_labels: { team: ["a"] } }, 403],
    [{ deny_labels: { org: ["x"] }, rejected_code: 401 }, 401],
  ])("%j is answered with %i", async (configuration, status) => {
    expect(await statusOf(configuration)).toBe(status);
  });

  it("goes by what consumers without labels do not have", async () => {
    const { get, serve } = aPluginWorld();
    const statuses = [];
    for (const acl of [{ allow_labels: { a: ["1"] } }, { deny_labels: { a: ["1"] } }]) {
      await serve({ "key-auth": {}, acl }, jack({ "key-auth": { key: "k" } }));
      statuses.push((await get("/r", { headers: { apikey: "k" } })).status);
    }
    expect(statuses).toEqual([403, 200]);
  });

  it("says why, or what it is told to say", async () => {
    const { get, serve } = aPluginWorld();
    const acl = { allow_labels: { team: ["x"] } };
    const bodyOf = async (plugins: object) => {
      await serve(plugins, jack({ "key-auth": { key: "k" } }));
      return (await get("/r", { headers: { apikey: "k" } })).json();
    };
    expect(await bodyOf({ acl })).toEqual({ message: "Missing authentication." });
    expect(await bodyOf({ "key-auth": {}, acl })).toEqual({
      message: "The consumer is forbidden.",
    });
    expect(await bodyOf({ "key-auth": {}, acl: { ...acl, rejected_msg: "no" } })).toEqual({
      message: "no",
    });
  });

  it.each<[object, unknown, number]>([
    [{}, { groups: "a,b" }, 200],
    [{}, { groups: ["a", "b"] }, 200],
    [{}, { groups: [1] }, 403],
    [{}, {}, 403],
    [{ external_user_label_field_parser: "json" }, { groups: '["b"]' }, 200],
    [{ external_user_label_field_parser: "json" }, { groups: "b" }, 403],
    [{ external_user_label_field_parser: "json" }, { groups: "[b" }, 403],
    [{ external_user_label_field_parser: "table" }, { groups: ["b"] }, 200],
    [{ external_user_label_field_parser: "table" }, { groups: "b" }, 403],
    [segmented("[|;]"), { groups: "a | b;ü" }, 200],
    [segmented("[|;]"), { groups: ["b"] }, 403],
    [segmented(","), { groups: "a;b" }, 403],
    [
      { external_user_label_field: "$.of.groups[*]", external_user_label_field_key: "groups" },
      { of: { groups: ["b", "c"] } },
      200,
    ],
    [
      { external_user_label_field: "of..x", external_user_label_field_key: "other" },
      { of: { x: "b" } },
      403,
    ],
  ])("with %j knows an external user of %j: %i", async (configuration, user, status) => {
    const { get, serve } = aPluginWorld({ own: [provider] });
    const acl = { allow_labels: { groups: ["b"] }, ...configuration };
    await serve({ provider: { user }, acl });
    expect((await get("/r")).status).toBe(status);
  });

  it.each([
    [{ external_user_label_field: "groups[?(@.a)]" }],
    [segmented("(?R)")],
    [segmented("(")],
  ])("answers 503 where %j cannot be done", async (configuration) => {
    expect(await statusOf({ allow_labels: { team: ["b"] }, ...configuration })).toBe(503);
  });
});

function segmented(separator: string) {
  return {
    external_user_label_field_parser: "segmented_text",
    external_user_label_field_separator: separator,
  };
}
