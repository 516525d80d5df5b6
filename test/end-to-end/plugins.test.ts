import { readdirSync, readFileSync } from "node:fs";
import { createServer, type IncomingMessage, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { HTTP_PLUGINS } from "../../shared/plugins/catalogue.ts";
import { eventually, type Stack, startStack } from "../support/stack.ts";

/**
 * One request through the running gateway for each plugin of which there are no recordings of APISIX; those
 * of which there are go through it in test/recorded/plugins.test.ts.
 */

interface Seen {
  readonly method: string;
  readonly target: string;
  readonly headers: IncomingMessage["headers"];
  readonly body: string;
}

/** Answers with what it saw, and keeps it. */
class Listener {
  readonly seen: Seen[] = [];
  readonly #server: Server;

  constructor() {
    this.#server = createServer(async (request, response) => {
      const { method = "", url: target = "", headers } = request;
      const seen = { method, target, headers, body: await text(request) };
      this.seen.push(seen);
      response.setHeader("content-type", "application/json");
      // Time enough for requests to be in flight together.
      setTimeout(() => response.end(JSON.stringify(seen)), target.includes("slow") ? 300 : 0);
    });
  }

  async start(): Promise<this> {
    await new Promise<void>((resolve) => this.#server.listen(0, "127.0.0.1", resolve));
    return this;
  }

  get address(): string {
    return `127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  stop(): Promise<void> {
    this.#server.closeAllConnections();
    return new Promise((resolve) => this.#server.close(() => resolve()));
  }
}

let stack: Stack;
let upstream: Listener;
let shadow: Listener;

async function serve(name: string, plugins: object): Promise<void> {
  const route = { uri: `/${name}*`, plugins, upstream: { nodes: { [upstream.address]: 1 } } };
  await stack.put(`routes/${name}`, route);
}

/** The gateway's answer once the route is served. */
function answer(path: string, init: RequestInit = {}): Promise<Response> {
  return eventually(async () => {
    const found = await stack.get(path, init);
    expect(await found.clone().text()).not.toContain("404 Route Not Found");
    return found;
  });
}

/** The newest request to the shadow for this target. */
function copied(target: string): Promise<Seen> {
  return eventually(() => {
    const found = shadow.seen.findLast((each) => each.target === target);
    if (!found) throw new Error(`nothing came to ${target}`);
    return found;
  });
}

describe("through the running gateway", () => {
  beforeAll(async () => {
    upstream = await new Listener().start();
    shadow = await new Listener().start();
    stack = await startStack();
    await stack.served("/", 404);
  });
  afterAll(async () => {
    await stack?.stop();
    await upstream?.stop();
    await shadow?.stop();
  });

  it("proxy-mirror sends a copy to somewhere else", async () => {
    await serve("mirror", { "proxy-mirror": { host: `http://${shadow.address}` } });
    expect((await answer("/mirror?x=1", { method: "POST", body: "twice" })).status).toBe(200);
    expect(await copied("/mirror?x=1")).toMatchObject({ method: "POST", body: "twice" });
  });

  it("limit-conn turns away who comes while others are served", async () => {
    const limit = { conn: 1, burst: 0, default_conn_delay: 0.1, key: "remote_addr" };
    await serve("conn", { "limit-conn": { ...limit, rejected_code: 429 } });
    await answer("/conn");
    const all = await Promise.all([1, 2, 3].map(() => stack.get("/conn/slow")));
    expect(all.map(({ status }) => status).sort()).toEqual([200, 429, 429]);
    await Promise.all(all.map((each) => each.text()));
    expect((await stack.get("/conn/after")).status).toBe(200);
  });

  it("oas-validator turns away what the document does not allow", async () => {
    const parameter = { name: "id", in: "query", required: true, schema: { type: "integer" } };
    const operation = { parameters: [parameter], responses: { 200: { description: "ok" } } };
    const spec = {
      openapi: "3.0.0",
      info: { title: "t", version: "1" },
      paths: { "/oas": { get: operation } },
    };
    await serve("oas", { "oas-validator": { spec: JSON.stringify(spec) } });
    expect((await answer("/oas?id=7")).status).toBe(200);
    expect((await stack.get("/oas?id=seven")).status).toBe(400);
  });

  it("body-transformer makes another body of the client's", async () => {
    const template = '{"name":"{{user}}"}';
    await serve("transform", {
      "body-transformer": { request: { input_format: "json", template } },
    });
    const headers = { "content-type": "application/json" };
    const sent = { method: "POST", body: '{"user":"jack"}', headers };
    expect(await (await answer("/transform", sent)).json()).toMatchObject({
      body: '{"name":"jack"}',
    });
  });

  it("data-mask keeps from a logger what it must not tell", async () => {
    const rule = { type: "query", name: "token", action: "replace", value: "***" };
    await serve("mask", {
      "data-mask": { request: [rule] },
      "http-logger": { uri: `http://${shadow.address}/logs`, batch_max_size: 1 },
    });
    await answer("/mask?token=secret");
    const { body } = await copied("/logs");
    expect(body).toContain("***");
    expect(body).not.toContain("secret");
    expect(upstream.seen.at(-1)?.target).toBe("/mask?token=secret");
  });

  it("example-plugin sends a request to the node that it names", async () => {
    const [ip, port] = shadow.address.split(":");
    await serve("example", { "example-plugin": { i: 1, s: "s", t: [1], ip, port: Number(port) } });
    await answer("/example?of=plugin");
    expect(await copied("/example?of=plugin")).toMatchObject({ method: "GET" });
  });

  it("graphql-proxy-cache answers the same query without the node", async () => {
    await serve("graphql", { "graphql-proxy-cache": { cache_strategy: "memory" } });
    const ask = () => stack.get("/graphql?query={user{name}}");
    await answer("/graphql?query={other}");
    expect((await ask()).headers.get("apisix-cache-status")).toBe("MISS");
    const asked = upstream.seen.length;
    expect((await ask()).headers.get("apisix-cache-status")).toBe("HIT");
    expect(upstream.seen).toHaveLength(asked);
  });

  it.each([
    ["aws-lambda", { function_uri: "URI" }, "/"],
    ["azure-functions", { function_uri: "URI" }, "/"],
    ["openfunction", { function_uri: "URI" }, "/"],
    [
      "openwhisk",
      { api_host: "URI", service_token: "a:b", namespace: "n", action: "a", result: true },
      "/api/v1/namespaces/n/actions/a?",
    ],
  ])("%s answers with the function's answer", async (name, configuration, target) => {
    const settings = JSON.stringify(configuration).replace("URI", `http://${shadow.address}`);
    await serve(name, { [name]: JSON.parse(settings) });
    const before = shadow.seen.length;
    expect((await answer(`/${name}`)).status).toBe(200);
    expect(shadow.seen.slice(before).map((each) => each.target)).toEqual([
      expect.stringContaining(target),
    ]);
  });

  it("error-page puts a page in place of the gateway's own answer", async () => {
    const page = { body: "<h1>nowhere</h1>", content_type: "text/html" };
    await stack.put("plugin_metadata/error-page", { enable: true, error_404: page });
    await stack.put("global_rules/pages", { id: "pages", plugins: { "error-page": {} } });
    await eventually(async () => {
      expect(await (await stack.get("/nope")).text()).toBe(page.body);
    });
  });
});

it("no plugin is without a request through the running gateway", () => {
  const recorded = readdirSync(join(import.meta.dirname, "../recorded/plugins"));
  const covered = new Set(recorded.map((file) => file.replace(/\.jsonl$/, "")));
  const tests = readdirSync(import.meta.dirname).filter((file) => file.endsWith(".test.ts"));
  const texts = tests.map((file) => readFileSync(join(import.meta.dirname, file), "utf8"));
  const missing = HTTP_PLUGINS.filter(({ name, support }) => {
    if (support.is !== "supported" || covered.has(name)) return false;
    return !texts.some((each) => new RegExp(`(?<![\\w-])${name}(?![\\w-])`).test(each));
  });
  expect(missing.map(({ name }) => name)).toEqual([]);
});
