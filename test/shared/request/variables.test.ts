import { describe, expect, it } from "vitest";
import { BodyNeeded, type JsonValue } from "../../../shared/expression/variables.ts";
import { type RequestHead, RequestVariables } from "../../../shared/request/variables.ts";

const NOW = Date.UTC(2026, 9, 3, 8, 5, 9, 7);

interface Sent {
  readonly method?: string;
  readonly target?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
  readonly scheme?: "http" | "https";
  readonly cf?: Readonly<Record<string, unknown>>;
}

const ids = ["a", "b"].map((digit) => digit.repeat(32));

function variablesOf({ method = "GET", target = "/a", headers, body, scheme, cf }: Sent = {}) {
  const sent = { method, headers: headers ?? {}, body: body ?? null };
  const { headers: sentHeaders, body: stream } = new Request("http://x.test/", sent);
  const request = { method, headers: sentHeaders, body: stream, cf };
  const head: RequestHead = {
    request,
    uri: decodeURIComponent(target.replace(/[?#].*/, "")),
    host: "shop.test",
    client: {
      address: "192.0.2.1",
      scheme: scheme ?? "http",
      hostHeader: "Shop.test:81",
      port: 81,
    },
    port: 9080,
    rawTarget: target,
  };
  const left = ids.values();
  return new RequestVariables(head, {
    now: () => NOW,
    requestId: () => left.next().value ?? "",
    maxBodyBytes: 64,
  });
}

const get = (name: string, sent?: Sent) => variablesOf(sent).get(name);

describe("a variable of the request", () => {
  it.each<[name: string, value: JsonValue, sent: Sent]>([
    ["uri", "/a b", { target: "/a%20b?c" }],
    ["document_uri", "/a b", { target: "/a%20b?c" }],
    ["hostname", "edge", {}],
    ["hostname", "FRA", { cf: { colo: "FRA" } }],
    ["hostname", "edge", { cf: { colo: 7 } }],
    ["request_uri", "/a b?c=%20", { target: "/a%20b?c=%20" }],
    ["request_uri", "/a", { target: "/a?" }],
    ["real_request_uri", "/a%20b?c=%20", { target: "/a%20b?c=%20" }],
    ["args", "c=%20&d", { target: "/a?c=%20&d" }],
    ["query_string", "c", { target: "/a?c#d" }],
    ["is_args", "?", { target: "/a?c" }],
    ["is_args", "", { target: "/a?" }],
    ["is_args", "", { target: "/a" }],
    ["method", "PUT", { method: "PUT" }],
    ["request_method", "PUT", { method: "PUT" }],
    ["scheme", "https", { scheme: "https" }],
    ["https", "on", { scheme: "https" }],
    ["https", "", {}],
    ["host", "shop.test", {}],
    ["http_host", "Shop.test:81", {}],
    ["server_name", "_", {}],
    ["server_port", "9080", {}],
    ["server_protocol", "HTTP/1.1", {}],
    ["server_protocol", "HTTP/1.1", { cf: { httpProtocol: "HTTP/1.1" } }],
    ["server_protocol", "HTTP/2.0", { cf: { httpProtocol: "HTTP/2" } }],
    ["server_protocol", "HTTP/3.0", { cf: { httpProtocol: "HTTP/3" } }],
    ["request", "PUT /a%20b?c HTTP/1.1", { method: "PUT", target: "/a%20b?c" }],
    ["remote_addr", "192.0.2.1", {}],
    ["realip_remote_addr", "192.0.2.1", {}],
    ["content_type", "text/plain", { headers: { "content-type": "text/plain" } }],
    ["content_length", "5", { headers: { "content-length": "5" } }],
    ["msec", "1791014709.007", {}],
    ["time_iso8601", "2026-10-03T08:05:09+00:00", {}],
    ["time_local", "03/Oct/2026:08:05:09 +0000", {}],
  ])("%s is %j", (name, value, sent) => {
    expect(get(name, sent)).toBe(value);
  });

  it.each([
    ["args", { target: "/a" }],
    ["args", { target: "/a?" }],
    ["content_type", {}],
    ["content_length", {}],
  ])("%s is not there (%j)", (name, sent) => {
    expect(get(name, sent)).toBeUndefined();
  });

  it.each([
    "nope",
    "",
    "URI",
    "route_id",
    "route_name",
    "service_id",
    "consumer_name",
    "consumer_group_id",
    "balancer_ip",
    "upstream_addr",
    "status",
    "remote_port",
    "server_addr",
    "connection",
    "pid",
    "nginx_version",
    "request_time",
    "ssl_client_verify",
    "toString",
    "__proto__",
  ])("%s is unknown while a route is sought", (name) => {
    expect(get(name)).toBeUndefined();
  });

  it("keeps its value, and another request has another", () => {
    const variables = variablesOf();
    expect([variables.get("request_id"), variables.get("request_id")]).toEqual([ids[0], ids[0]]);
  });
});

describe("arg_NAME", () => {
  it.each<[name: string, target: string, value: JsonValue | undefined]>([
    ["arg_a", "/?a=1&b=2", "1"],
    ["arg_a", "/?a=1&a=2", "1"],
    ["arg_a", "/?a=&a=2", ""],
    ["arg_a", "/?a", true],
    ["arg_a", "/?a&a=1", true],
    ["arg_a", "/?A=1", undefined],
    ["arg_a", "/", undefined],
    ["arg_a", "/?", undefined],
    ["arg_a", "/?a=1#b", "1"],
    ["arg_a", "/?a=1+2%2b", "1 2+"],
    ["arg_a b", "/?a%20b=1", "1"],
    ["arg_", "/?=1", undefined],
    ["arg_é", "/?%C3%A9=1", "1"],
  ])("%s of %s is %j", (name, target, value) => {
    expect(get(name, { target })).toBe(value);
  });
});

describe("http_NAME", () => {
  it.each<[name: string, headers: Record<string, string>, value: string | undefined]>([
    ["http_x_user", { "X-User": "jack" }, "jack"],
    ["http_X_User", { "X-User": "jack" }, "jack"],
    ["http_x-user", { "X-User": "jack" }, "jack"],
    ["http_x_user", { x_user: "jack" }, "jack"],
    ["http_x_user_id", { "x-user_id": "7" }, "7"],
    ["http_x_user", { "x-user": "" }, ""],
    ["http_x_user", {}, undefined],
    ["http_", {}, undefined],
    ["http_a b", {}, undefined],
    ["http_é", {}, undefined],
    ["http_cookie", { cookie: "a=1" }, "a=1"],
    ["http_accept_encoding", { "accept-encoding": "br" }, "br"],
    ["http_x_forwarded_for", { "x-forwarded-for": "6.6.6.6" }, "6.6.6.6"],
  ])("%s of %j is %j", (name, headers, value) => {
    expect(get(name, { headers })).toBe(value);
  });

  it("of a header that is there twice has both values", () => {
    const headers = new Headers([
      ["x-a", "1"],
      ["x-a", "2"],
    ]);
    expect(get("http_x_a", { headers: Object.fromEntries(headers) })).toBe("1, 2");
  });

  it("is the client's own Accept-Encoding, which Cloudflare has written anew", () => {
    const headers = { "accept-encoding": "br, gzip" };
    const told = (clientAcceptEncoding: unknown) => ({ headers, cf: { clientAcceptEncoding } });
    expect(get("http_accept_encoding", told("gzip"))).toBe("gzip");
    expect(get("http_accept_encoding", told(""))).toBeUndefined();
    expect(get("http_accept_encoding", told(undefined))).toBe("br, gzip");
  });

  it.each([
    ["http_x_forwarded_proto", "x-forwarded-proto", "original_x_forwarded_proto", "http"],
    ["http_x_forwarded_host", "x-forwarded-host", "original_x_forwarded_host", "Shop.test:81"],
    ["http_x_forwarded_port", "x-forwarded-port", "original_x_forwarded_port", "81"],
    ["http_forwarded", "forwarded", "original_forwarded", undefined],
  ])(
    "%s is what the gateway sends on; the client's own is in original_…",
    (name, header, original, value) => {
      const variables = variablesOf({ headers: { [header]: "claimed" } });
      expect([variables.get(name), variables.get(original)]).toEqual([value, "claimed"]);
    },
  );
});

describe("cookie_NAME", () => {
  const headers = { cookie: "a=1; b=%20; a=2; c" };

  it.each([
    ["cookie_a", "2"],
    ["cookie_b", "%20"],
    ["cookie_A", undefined],
    ["cookie_c", undefined],
    ["cookie_", undefined],
  ])("%s is %j", (name, value) => {
    expect(get(name, { headers })).toBe(value);
  });

  it("is not there without cookies", () => {
    expect(get("cookie_a")).toBeUndefined();
  });
});

describe("uri_param_NAME", () => {
  it("is there once a route has matched, and not before", () => {
    const before = variablesOf();
    expect(before.get("uri_param_id")).toBeUndefined();
    const after = before.withCaptures({ id: "7", ":ext": "x" });
    expect([after.get("uri_param_id"), after.get("uri_param_:ext")]).toEqual(["7", "x"]);
    expect(after.get("uri_param_toString")).toBeUndefined();
  });

  it("goes with the rest of the request's variables", () => {
    const variables = variablesOf({ method: "POST", headers: FORM, body: "n=1" })
      .withBody(bytes("n=1"))
      .withCaptures({ id: "7" });
    expect([variables.get("uri_param_id"), variables.get("post_arg_n")]).toEqual(["7", "1"]);
    expect(variables.withBody(bytes("n=2")).get("uri_param_id")).toBe("7");
  });
});

const FORM = { "content-type": "application/x-www-form-urlencoded" };
const bytes = (text: string) => new TextEncoder().encode(text);

describe("a variable in the body", () => {
  const sent: Sent = { method: "POST", headers: FORM, body: "n=1" };

  it.each(["post_arg_n", "post_arg.nn", "graphql_name"])(
    "%s asks for the body, once more and with it not again",
    (name) => {
      const variables = variablesOf(sent);
      expect(() => variables.get(name)).toThrow(BodyNeeded);
      expect(() => variables.get(name)).toThrow(BodyNeeded);
      expect(() => variables.withBody(bytes("n=1")).get(name)).not.toThrow();
    },
  );

  it("keeps what the others have been found to be", () => {
    const variables = variablesOf(sent);
    const id = variables.get("request_id");
    expect(variables.withBody(bytes("n=1")).get("request_id")).toBe(id);
    expect(variables.withHead({ uri: "/other" }).get("request_id")).toBe(id);
  });
});

describe("graphql_*", () => {
  const of = (variables: RequestVariables) =>
    ["name", "operation", "root_fields", "other"].map((name) => variables.get(`graphql_${name}`));

  it("of a GET lie in its query", () => {
    const target = `/?query=${encodeURIComponent("query Q { a b }")}`;
    expect(of(variablesOf({ target }))).toEqual(["Q", "query", ["a", "b"], undefined]);
  });

  it("of a POST lie in its body", () => {
    const text = "mutation { a }";
    const variables = variablesOf({ method: "POST", body: text }).withBody(bytes(text));
    expect(of(variables)).toEqual(["", "mutation", ["a"], undefined]);
  });

  it.each<[what: string, sent: Sent]>([
    ["a GET without a query", {}],
    ["a GET whose query has no value", { target: "/?query" }],
    ["a GET whose query is none", { target: "/?query=%7B" }],
    ["another method", { method: "PUT", body: "{ a }" }],
    ["a POST without a body", { method: "POST" }],
  ])("of %s are not there", (_, sent) => {
    expect(of(variablesOf(sent))).toEqual([undefined, undefined, undefined, undefined]);
  });
});
