import { describe, expect, it } from "vitest";
import { type Answer, Refusal } from "../../../exporter/admin/answer.ts";
import { ENABLED_BY_DEFAULT } from "../../../exporter/admin/check/enabled-plugins.ts";
import {
  showPluginsAnswer,
  showSchemaAnswer,
  validateConfigsAnswer,
  validateSchemaAnswer,
} from "../../../exporter/admin/schema-endpoints.ts";

/** The answer, also where it is thrown. */
async function answerOf(ask: () => Answer | Promise<Answer>): Promise<Answer> {
  try {
    return await ask();
  } catch (error) {
    if (error instanceof Refusal) return error.answer;
    throw error;
  }
}

const plugins = (name: string | undefined, query = "") =>
  answerOf(() => showPluginsAnswer(name, new URLSearchParams(query), ENABLED_BY_DEFAULT));
const schema = (path: string, query = "") =>
  answerOf(() => showSchemaAnswer(path.split("/"), new URLSearchParams(query)));

describe("/plugins", () => {
  it("lists names by priority, all with their schemas, and one schema", async () => {
    const { body } = await plugins("list");
    expect((body as string[]).slice(0, 3)).toEqual(["real-ip", "ai", "client-control"]);
    expect((await plugins("list", "subsystem=stream")).body).toContain("mqtt-proxy");
    const all = (await plugins(undefined, "all=true")).body as Record<string, object>;
    expect(all["key-auth"]).toMatchObject({
      priority: 2500,
      type: "auth",
      consumer_schema: { required: ["key"] },
    });
    expect((await plugins("key-auth")).body).toHaveProperty("properties._meta");
    expect((await plugins("key-auth", "schema_type=consumer")).body).toMatchObject({
      required: ["key"],
    });
  });

  it.each([
    ["list", "subsystem=x", 400, "invalid subsystem passed"],
    ["key-auth", "subsystem=x", 400, { error_msg: "unsupported subsystem: x" }],
    ["nope", "", 404, { error_msg: "plugin not found in subsystem http" }],
    ["constructor", "", 404, { error_msg: "plugin not found in subsystem http" }],
    ["cors", "schema_type=consumer", 404, { error_msg: "plugin not found in subsystem http" }],
    [undefined, "", 400, { error_msg: "not found plugin name" }],
  ])("of %s?%s answers %i", async (name, query, status, body) => {
    expect(await plugins(name, query)).toEqual({ status, body });
  });
});

describe("/schema", () => {
  it("shows the schema of a type in the singular, and of a plugin", async () => {
    for (const type of ["route", "service", "upstream", "ssl", "global_rule", "stream_route"]) {
      expect(await schema(type), type).toMatchObject({ status: 200, body: { type: "object" } });
    }
    expect(await schema("plugins/limit-count")).toMatchObject({ status: 200 });
    expect(await schema("plugins/nope")).toMatchObject({ status: 404 });
    for (const type of ["routes", "nope", "toString", ""]) {
      expect(await schema(type)).toEqual({
        status: 400,
        body: { error_msg: `not found schema: ${type}` },
      });
    }
  });

  it("validates a value of a type in the plural, without a prefix to its words", () => {
    expect(validateSchemaAnswer("upstreams", { nodes: { "a:1": 1 } })).toEqual({ status: 200 });
    expect(validateSchemaAnswer("routes", { uri: "/a", nope: 1 })).toEqual({
      status: 400,
      body: { error_msg: expect.not.stringContaining("invalid configuration") },
    });
    expect(validateSchemaAnswer("nope", {}).status).toBe(404);
  });
});

describe("/configs/validate", () => {
  const validate = (value: unknown) =>
    answerOf(() => validateConfigsAnswer(value, ENABLED_BY_DEFAULT));

  it("names every resource that is wrong", async () => {
    const upstreams = [{ id: "u", nodes: { "a:1": 1 } }];
    expect(await validate({ upstreams, routes: [] })).toEqual({ status: 200, body: {} });
    const routes = [
      { id: "a", uri: "/a", upstream_id: "u" },
      { id: "b", uri: 5 },
    ];
    expect(await validate({ upstreams, routes })).toMatchObject({
      status: 400,
      body: {
        error_msg: "Configuration validation failed",
        errors: [{ resource_type: "routes", resource_id: "b", index: 1 }],
      },
    });
  });

  it.each([[undefined], [null], [5], [[1]]])("refuses %j", async (value) => {
    expect(await validate(value)).toMatchObject({ status: 400 });
  });
});
