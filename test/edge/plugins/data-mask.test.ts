import { describe, expect, it } from "vitest";
import type { Exchange } from "../../../edge/plugins/exchange.ts";
import { maskFor } from "../../../edge/plugins/log-masks.ts";
import type { OwnPlugin } from "../../../edge/plugins/own-plugin.ts";
import { definePlugin } from "../../../edge/plugins/plugin.ts";
import { aPluginWorld } from "../../support/plugin-world.ts";

/** What a logger would tell, with the body as data-mask left it and as the logger itself had kept it. */
interface Told {
  readonly uri: unknown;
  readonly args: string;
  readonly header: string | null;
  readonly variables: readonly unknown[];
  readonly body: string;
  readonly kept: string | undefined;
  readonly beginning: string | undefined;
}

function aLogger(told: Told[]): OwnPlugin {
  const kept = new WeakMap<Exchange, Uint8Array>();
  return {
    name: "test-logger",
    priority: 400,
    schema: {},
    plugin: definePlugin(() => ({
      build: () => ({
        async access(exchange) {
          const body = await exchange.readBody();
          if (body !== "too long") kept.set(exchange, body);
          return undefined;
        },
        async log(exchange) {
          const body = await exchange.readBody();
          const raw = kept.get(exchange) ?? new Uint8Array();
          const mask = maskFor(exchange);
          const text = (bytes: Uint8Array | undefined) => bytes && new TextDecoder().decode(bytes);
          const { variables } = exchange;
          told.push({
            uri: variables.get("request_uri"),
            args: exchange.args,
            header: exchange.header("x-card"),
            variables: ["arg_card", "http_x_card", "upstream_uri"].map((name) =>
              variables.get(name),
            ),
            body: text(body === "too long" ? undefined : body) ?? "",
            kept: mask ? text(mask.body(raw, "whole")) : text(raw),
            beginning: mask ? text(mask.body(raw, "beginning")) : text(raw),
          });
        },
      }),
    })),
  };
}

async function toldOf(rules: object[], path: string, init: RequestInit = {}, more: object = {}) {
  const told: Told[] = [];
  const { get, seen, serve, settled } = aPluginWorld({ own: [aLogger(told)] });
  await serve({ "data-mask": { request: rules, ...more }, "test-logger": {} });
  await (await get(path, init)).text();
  await settled();
  return { told: told[0], seen: seen[0] };
}

const CARD = { regex: "(\\d+)-\\d+-(\\d+)", value: "$1-****-$2" };
const rulesFor = (type: string, name: string, more: object = {}) => [
  { type, name, action: "regex", ...CARD, ...more },
];

describe("data-mask", () => {
  it.each([
    ["remove", {}, "/r?a=%20b"],
    ["replace", { value: "***" }, "/r?card=***&a=%20b"],
    ["regex", CARD, "/r?card=12-****-56&a=%20b"],
  ])("changes an argument in logs alone: %s", async (action, more, uri) => {
    const rule = { type: "query", name: "card", action, ...more };
    const { told, seen } = await toldOf([rule], "/r?card=12-34-56&a=%20b");
    expect(told?.uri).toBe(uri);
    expect(seen?.target).toBe("/r?card=12-34-56&a=%20b");
  });

  it("changes every value of an argument, and leaves other queries as they are", async () => {
    const both = await toldOf(rulesFor("query", "card"), "/r?card=1-2-3&card=4-5-6&x");
    expect(both.told?.args).toBe("card=1-****-3&card=4-****-6&x");
    const none = await toldOf(rulesFor("query", "card"), "/r?x=%41&Card=1-2-3");
    expect(none.told?.args).toBe("x=%41&Card=1-2-3");
  });

  it.each([
    ["remove", {}, null],
    ["replace", { value: "***" }, "***"],
    ["regex", CARD, "12-****-56"],
  ])("changes a header in logs alone: %s", async (action, more, value) => {
    const rule = { type: "header", name: "X-Card", action, ...more };
    const { told, seen } = await toldOf([rule], "/r", { headers: { "x-card": "12-34-56" } });
    expect(told?.header).toBe(value);
    expect(seen?.headers.get("x-card")).toBe("12-34-56");
  });

  it("changes what variables tell", async () => {
    const rules = [...rulesFor("query", "card"), ...rulesFor("header", "x-card")];
    const { told } = await toldOf(rules, "/r?card=1-2-3", { headers: { "x-card": "4-5-6" } });
    expect(told?.variables).toEqual(["1-****-3", "4-****-6", "/r?card=1-****-3"]);
  });

  it.each([
    ["$.card", '{"card":"1-2-3","x":1}', '{"card":"1-****-3","x":1}'],
    [
      "users[*].card",
      '{"users":[{"card":"1-2-3"},{"y":1}]}',
      '{"users":[{"card":"1-****-3"},{"y":1}]}',
    ],
    [
      "$..card",
      '{"a":{"card":"1-2-3"},"card":"4-5-6"}',
      '{"a":{"card":"1-****-3"},"card":"4-****-6"}',
    ],
    ["$.list[1]", '{"list":["1-2-3","4-5-6"]}', '{"list":["1-2-3","4-****-6"]}'],
    ["$.card", '{ "other": 1 }', '{ "other": 1 }'],
    ["$.card", "no JSON 1-2-3", "no JSON 1-2-3"],
  ])("changes %s in a JSON body", async (name, body, masked) => {
    const rules = rulesFor("body", name, { body_format: "json" });
    const { told, seen } = await toldOf(rules, "/r", { method: "POST", body });
    expect([told?.body, told?.kept]).toEqual([masked, masked]);
    expect(seen?.body).toBe(body);
  });

  it("takes fields out of a JSON body", async () => {
    const rule = { type: "body", body_format: "json", action: "remove" };
    const rules = [
      { ...rule, name: "$.a" },
      { ...rule, name: "$.list[0]" },
    ];
    const body = '{"a":{"b":1},"list":[1,2],"c":3}';
    const { told } = await toldOf(rules, "/r", { method: "POST", body });
    expect(told?.body).toBe('{"list":[null,2],"c":3}');
  });

  it("changes fields of a form, of which only so many are told", async () => {
    const rules = rulesFor("body", "card", { body_format: "urlencoded" });
    const body = "card=1-2-3&a=b&c=d";
    const all = await toldOf(rules, "/r", { method: "POST", body });
    expect(all.told?.body).toBe("card=1-****-3&a=b&c=d");
    const some = await toldOf(rules, "/r", { method: "POST", body }, { max_req_post_args: 2 });
    expect(some.told?.body).toBe("card=1-****-3&a=b");
  });

  it("tells nothing of a body that it cannot look into", async () => {
    const rules = rulesFor("body", "$.card", { body_format: "json" });
    const body = '{"card":"1-2-3"}';
    const long = await toldOf(rules, "/r", { method: "POST", body }, { max_body_size: 5 });
    expect([long.told?.body, long.told?.kept]).toEqual(["", undefined]);
    const whole = await toldOf(rules, "/r", { method: "POST", body });
    expect(whole.told?.beginning).toBeUndefined();
  });

  it.each(["$.a[?(@.b)]", "$.["])("serves no route with the path %s", async (name) => {
    const { get, serve } = aPluginWorld();
    await serve({ "data-mask": { request: rulesFor("body", name, { body_format: "json" }) } });
    expect((await get("/r")).status).toBe(503);
  });
});
