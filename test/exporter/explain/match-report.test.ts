import { describe, expect, it } from "vitest";
import { matchText } from "../../../exporter/cli/match-text.ts";
import { RequestError } from "../../../exporter/explain/sent-request.ts";
import { DEFAULT_URI_SETTINGS } from "../../../shared/routing/matching-uri.ts";
import { ask, tableOf } from "../../support/explain-world.ts";
import { node, routeTo } from "../../support/resource-world.ts";

const on = (host: string, uri: string, more: object = {}) => routeTo(uri, { host, ...more });

/** The only other route of a report, as `unmet` and `losesBy`. */
async function otherOf(other: object, line: string, request: Parameters<typeof ask>[2] = {}) {
  const table = await tableOf({
    "routes/winner": on("a.test", "/x/*", { priority: 5 }),
    "routes/other": other,
  });
  const { others } = await ask(table, line, request);
  const [{ unmet, losesBy } = { unmet: [], losesBy: undefined }] = others;
  return losesBy ?? unmet;
}

describe("a request", () => {
  it("is read as the edge reads it", async () => {
    const table = await tableOf({ "routes/r": routeTo("/a/*") });
    const { request, match } = await ask(table, "get https://A.test:8443/a//b/%41?x=1&y", {
      client: "203.0.113.9",
    });
    expect(request).toEqual({
      method: "GET",
      uri: "/a/b/A",
      host: "a.test",
      hostHeader: "A.test:8443".toLowerCase(),
      clientAddress: "203.0.113.9",
      args: [
        ["x", "1"],
        ["y", true],
      ],
    });
    expect(match).toEqual({
      key: "routes/r",
      name: null,
      uri: "/a/*",
      host: null,
      params: { ":ext": "b/A" },
    });
  });

  it("takes its host from the Host header where it is a path", async () => {
    const table = await tableOf({ "routes/r": on("a.test", "/*") });
    expect((await ask(table, "GET /x", { headers: { Host: "a.test:80" } })).match).not.toBeNull();
    await expect(async () => ask(table, "GET /x")).rejects.toThrow(RequestError);
    await expect(async () => ask(table, "GET ftp://a/x")).rejects.toThrow(RequestError);
    await expect(async () => ask(table, "GET x")).rejects.toThrow(/neither an http\(s\) URL/);
  });

  it("is matched by what is in its body", async () => {
    const vars = [
      ["post_arg.user.name", "==", "ada"],
      ["content_length", ">", 5],
    ];
    const table = await tableOf({ "routes/r": routeTo("/x", { vars }) });
    const headers = { "Content-Type": "application/json" };
    const body = '{"user":{"name":"ada"}}';
    expect((await ask(table, "POST http://a/x", { headers, body })).match?.key).toBe("routes/r");
    expect((await ask(table, "POST http://a/x", { headers })).match).toBeNull();
  });

  it("that no edge reads is answered with 400", async () => {
    const table = await tableOf({ "routes/r": routeTo("/*") });
    const report = await ask(table, "GET http://a/%zz");
    expect(report).toMatchObject({ request: null, match: null, answer: { status: 400 } });
  });

  it("is matched with the edge's settings", async () => {
    const table = await tableOf({ "routes/r": routeTo("/x") });
    const uri = { ...DEFAULT_URI_SETTINGS, deleteUriTailSlash: true };
    expect((await ask(table, "GET http://a/x/")).match).toBeNull();
    expect((await ask(table, "GET http://a/x/", { uri })).match?.key).toBe("routes/r");
  });
});

describe("a route that does not serve a request", () => {
  const line = "GET http://a.test/x/1?level=gold&n=3";

  it.each([
    [
      "is for another host",
      on("b.test", "/x/*"),
      [{ condition: "host", wanted: ["b.test"], found: "a.test" }],
    ],
    [
      "is for another path",
      on("a.test", "/y"),
      [{ condition: "path", wanted: ["/y"], found: "/x/1" }],
    ],
    [
      "is for another method",
      on("a.test", "/x/*", { methods: ["POST", "PUT"] }),
      [{ condition: "method", wanted: ["POST", "PUT"], found: "GET" }],
    ],
    [
      "is for other clients",
      on("a.test", "/x/*", { remote_addr: "10.0.0.0/8" }),
      [{ condition: "address", wanted: ["10.0.0.0/8"], found: "203.0.113.9" }],
    ],
    ["is disabled", on("a.test", "/x/*", { status: 0 }), [{ condition: "disabled" }]],
    [
      "has a condition that no edge can evaluate",
      on("a.test", "/x/*", { filter_func: "function(vars) return true end" }),
      [expect.objectContaining({ condition: "unsupported", path: "filter_func" })],
    ],
    [
      "fails in several ways",
      on("b.test", "/y", { methods: ["PUT"] }),
      ["host", "path", "method"].map((condition) => expect.objectContaining({ condition })),
    ],
    ["has a host that is less exact", on("*.test", "/x/1"), "host"],
    ["has no host", routeTo("/x/1", { priority: 9 }), "host"],
    ["has a path that is less exact", on("a.test", "/*", { priority: 9 }), "path"],
    ["has a lower priority", on("a.test", "/x/*", { priority: 4 }), "priority"],
  ])("%s", async (_what, other, wanted) => {
    expect(await otherOf(other, line, { client: "203.0.113.9" })).toEqual(wanted);
  });

  it("has a shorter path, or a later key, where nothing else decides", async () => {
    const puts = {
      "routes/b": routeTo("/x/:id/:more"),
      "routes/c": routeTo("/x/:id/*"),
      "routes/a": routeTo("/x/:id/*"),
    };
    const table = await tableOf(puts, "radixtree_uri_with_parameter");
    const { match, others } = await ask(table, "GET http://a/x/1/2");
    expect(match?.params).toEqual({ id: "1", more: "2" });
    expect(others).toMatchObject([
      { id: "a", losesBy: "patternBytes" },
      { id: "c", losesBy: "patternBytes" },
    ]);
    const later = await ask(table, "GET http://a/x/1/2/3");
    expect(later.others).toMatchObject([{ id: "c", losesBy: "key" }, { id: "b" }]);
  });

  it.each([
    [
      [
        ["arg_level", "==", "vip"],
        ["arg_n", "==", 4],
      ],
      [{ path: "vars[0]", comparison: ["arg_level", "==", "vip"], found: "gold", holds: false }],
    ],
    [
      [
        ["arg_level", "==", "gold"],
        ["OR", ["arg_n", ">", 5], ["http_x_user", "~~", "^a"]],
      ],
      [
        { path: "vars[1][1]", comparison: ["arg_n", ">", 5], found: "3", holds: false },
        { path: "vars[1][2]", comparison: ["http_x_user", "~~", "^a"], holds: false },
      ],
    ],
    [
      ["!AND", ["arg_level", "==", "gold"], ["arg_n", "in", ["3"]]],
      [
        { path: "vars[1]", comparison: ["arg_level", "==", "gold"], found: "gold", holds: true },
        { path: "vars[2]", comparison: ["arg_n", "in", ["3"]], found: "3", holds: true },
      ],
    ],
    [
      ["!OR", ["arg_level", "==", "vip"], ["arg_n", "==", 3]],
      [{ path: "vars[2]", comparison: ["arg_n", "==", 3], found: "3", holds: true }],
    ],
    [
      [
        ["arg_level", "!", "has", "gold"],
        ["arg_n", "!", "==", 3],
      ],
      [{ path: "vars[1]", comparison: ["arg_n", "!", "==", 3], found: "3", holds: false }],
    ],
  ])("shows which comparisons of %j decided, and what they saw", async (vars, comparisons) => {
    const other = on("a.test", "/x/*", { vars, priority: 9 });
    expect(await otherOf(other, line)).toEqual([{ condition: "vars", comparisons }]);
  });
});

describe("what becomes of a request", () => {
  const upstreams = { "upstreams/u": { type: "roundrobin", nodes: { "10.0.0.1:80": 3 } } };

  it("is told with the upstream that it is sent to", async () => {
    const puts = { "routes/r": { uri: "/x", service_id: "s" }, "services/s": { upstream_id: "u" } };
    const { answer } = await ask(await tableOf({ ...puts, ...upstreams }), "GET http://a/x");
    expect(answer).toMatchObject({
      is: "sent on",
      upstreamKey: "upstreams/u",
      upstream: { type: "roundrobin", scheme: "http", nodes: [{ host: "10.0.0.1", weight: 3 }] },
    });
  });

  it.each([
    ["no route", { "routes/r": routeTo("/y") }, 404, "no route"],
    ["no upstream", { "routes/r": { uri: "/x", upstream_id: "u" } }, 502, "no upstream u"],
    ["no service", { "routes/r": { uri: "/x", service_id: "s" } }, 404, "no service s"],
    [
      "a plugin that the edge refuses",
      { "routes/r": routeTo("/x", { plugins: { "ext-plugin-pre-req": {} } }) },
      503,
      /plugins\.ext-plugin-pre-req/,
    ],
    [
      "a global rule that the edge refuses",
      { "routes/r": routeTo("/x"), "global_rules/g": { plugins: { "ext-plugin-pre-req": {} } } },
      503,
      /^global rule g is not served/,
    ],
    [
      "vars on which evaluating fails",
      { "routes/r": routeTo("/x", { vars: [["arg_a", "~~", null]] }) },
      500,
      "vars[0]: null is no regular expression",
    ],
  ])("with %s is told with the status", async (_what, puts, status, reason) => {
    const { answer } = await ask(await tableOf(puts), "GET http://a/x?a=1");
    expect(answer).toMatchObject({ is: "answered by the gateway", status });
    expect("reason" in answer && answer.reason).toMatch(reason);
  });
});

describe("of a large table", () => {
  const many = Object.fromEntries(
    Array.from({ length: 3000 }, (_, i) => {
      const [host, uri] = [`shop${i % 3}.test`, `/item${i}/*`];
      return [`routes/r${i}`, on(host, uri)];
    }),
  );
  const close = {
    "routes/close": on("shop0.test", "/item30/*", { methods: ["POST"], priority: 9 }),
  };

  it("the closest routes are told, and the others counted by what is in their way", async () => {
    const table = await tableOf({ ...many, ...close });
    const { match, others, rest } = await ask(table, "GET http://shop0.test/item30/x", { most: 3 });
    expect(match?.key).toBe("routes/r30");
    // The same host and path first; then the same host, and a path that is almost the same.
    expect(others.map(({ id }) => id)).toEqual(["close", "r300", "r303"]);
    expect(rest).toEqual({ host: 2000, path: 997 });
  });

  it("the text is one line a route", async () => {
    const table = await tableOf({ ...many, ...close });
    const text = matchText(await ask(table, "GET http://shop0.test/item30/x", { most: 2 }));
    expect(text.split("\n")).toEqual([
      "etcd at revision 7, router radixtree_host_uri",
      "request  GET /item30/x",
      "host     shop0.test",
      "client   0.0.0.0 (unknown; --client gives one)",
      "",
      "match     routes/r30",
      "by        shop0.test/item30/*",
      "captured  :ext = x",
      "then      sent on to routes/r30 (roundrobin, http): 127.0.0.1:8080 (weight 1)",
      "",
      "why not the others, the closest first:",
      "  routes/close  shop0.test/item30/*   method: wants POST",
      "  routes/r300   shop0.test/item300/*  path: wants /item300/*",
      "and more: 2000 for another host, 998 for another path",
    ]);
  });
});

it("what no upstream can take is told", async () => {
  const none = { ...node, nodes: [] };
  const table = await tableOf({ "routes/r": { uri: "/x", upstream: none } });
  expect(matchText(await ask(table, "GET http://a/x"))).toContain("no node, so 503");
});

describe("the plugins that run before the answer", () => {
  const rule = { plugins: { prometheus: {}, cors: {}, "ip-restriction": { whitelist: ["::1"] } } };

  it("are told in their order, global rules' first, without those that do nothing", async () => {
    const plugins = {
      ...{ gzip: {}, "no-such": {}, "request-id": {}, prometheus: {} },
      "limit-count": { count: 1, time_window: 1 },
      "key-auth": { _meta: { priority: 1 } },
      mocking: { response_example: "x", _meta: { disable: true } },
    };
    const puts = { "routes/r": routeTo("/x", { plugins }), "global_rules/g": rule };
    const report = await ask(await tableOf(puts), "GET http://a/x");
    const own = ["request-id", "limit-count", "prometheus", "key-auth"];
    // A global rule's prometheus stands back where the route has one.
    expect(report.plugins).toEqual(["cors", "ip-restriction", ...own]);
    expect(matchText(report)).toContain(`plugins  cors, ip-restriction, ${own.join(", ")}\nthen `);
  });

  it("are those of global rules where no route matches, and none where the route is refused", async () => {
    const lua = { "serverless-pre-function": { functions: ["return function() end"] } };
    const puts = { "routes/r": routeTo("/x", { plugins: lua }), "global_rules/g": rule };
    const table = await tableOf(puts);
    const plugins = async (path: string) => (await ask(table, `GET http://a${path}`)).plugins;
    expect(await plugins("/other")).toEqual(["cors", "ip-restriction", "prometheus"]);
    expect(await plugins("/x")).toEqual([]);
  });
});
