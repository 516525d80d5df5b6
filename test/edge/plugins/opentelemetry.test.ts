import { describe, expect, it } from "vitest";
import { hexOf } from "../../../shared/hex.ts";
import { aLogWorld } from "../../support/log-world.ts";
import { bytesOf, readProtobuf, textsOf } from "../../support/read-protobuf.ts";

const TRACE = "4bf92f3577b34da6a3ce929d0e0e4736";
const PARENT = "00f067aa0ba902b7";
const always = { sampler: { name: "always_on" } };
const METADATA = { collector: { address: "otel.test:4318" } };

/** Field numbers are those of OTLP's own description. */
function attributesOf(message: Uint8Array, field: number): Record<string, unknown> {
  const pairs = bytesOf(message, field).map((pair) => {
    const [value] = readProtobuf(bytesOf(pair, 2)[0] ?? new Uint8Array());
    const [kind, found] = value ?? [];
    const text = found instanceof Uint8Array ? new TextDecoder().decode(found) : found;
    return [textsOf(pair, 1)[0], kind === 2 ? found === 1 : text];
  });
  return Object.fromEntries(pairs);
}

function spansOf(request: Uint8Array) {
  const [resourceSpans = new Uint8Array()] = bytesOf(request, 1);
  const [resource = new Uint8Array()] = bytesOf(resourceSpans, 1);
  const [scopeSpans = new Uint8Array()] = bytesOf(resourceSpans, 2);
  const spans = bytesOf(scopeSpans, 2).map((span) => {
    const fields = new Map(readProtobuf(span));
    const id = (field: number) => {
      const value = fields.get(field);
      return value instanceof Uint8Array ? hexOf(value) : undefined;
    };
    const [status] = bytesOf(span, 15);
    return {
      traceId: id(1),
      spanId: id(2),
      state: textsOf(span, 3)[0],
      parentId: id(4),
      name: textsOf(span, 5)[0],
      kind: fields.get(6),
      start: fields.get(7),
      end: fields.get(8),
      attributes: attributesOf(span, 9),
      status: status && [
        textsOf(status, 1)[0] ?? textsOf(status, 2)[0],
        new Map(readProtobuf(status)).get(3),
      ],
    };
  });
  return {
    resource: attributesOf(resource, 1),
    scope: textsOf(bytesOf(scopeSpans, 1)[0] ?? new Uint8Array(), 1)[0],
    spans,
  };
}

interface Asked {
  readonly headers?: Record<string, string>;
  readonly metadata?: object | undefined;
  readonly status?: number;
  readonly more?: object;
}

async function traced(
  configuration: object,
  { headers = {}, metadata = METADATA, status = 200, more = {} }: Asked = {},
) {
  const world: ReturnType<typeof aLogWorld> = aLogWorld(undefined, {
    upstream: async () => {
      await world.time.advance(30);
      return new Response("hello", { status });
    },
  });
  const { ask, pass, seen, sent, serve } = world;
  const plugin_metadata = { opentelemetry: metadata };
  await serve({ opentelemetry: configuration, ...more }, { plugin_metadata });
  const { response } = await ask("/r/x?a=1", { headers: { "user-agent": "curl", ...headers } });
  await pass(5);
  const request = sent.find(({ url }) => url.endsWith("/v1/traces"));
  const exported = request && spansOf(request.bytes);
  return { response, exported, span: exported?.spans[0], upstream: seen[0]?.headers, sent, world };
}

describe("opentelemetry", () => {
  it("exports a span of a request by OTLP", async () => {
    const { exported, sent, span, upstream } = await traced(always);
    expect(sent[0]?.url).toBe("http://otel.test:4318/v1/traces");
    expect(sent[0]?.headers.get("content-type")).toBe("application/x-protobuf");
    expect(exported?.resource).toEqual({ "service.name": "APISIX", hostname: "edge" });
    expect(exported?.scope).toBe("opentelemetry-lua");
    expect(span).toEqual({
      traceId: expect.stringMatching(/^[0-9a-f]{32}$/),
      spanId: expect.stringMatching(/^[0-9a-f]{16}$/),
      state: undefined,
      parentId: undefined,
      name: "GET /r*",
      kind: 2,
      start: 1_700_000_000_000_000_000n,
      end: 1_700_000_000_030_000_000n,
      attributes: {
        "net.host.name": "edge.test",
        "http.method": "GET",
        "http.scheme": "http",
        "http.target": "/r/x?a=1",
        "http.user_agent": "curl",
        "apisix.route_id": "r",
        "http.route": "/r*",
        "http.status_code": 200,
        "http.response.status_code": 200,
      },
      status: undefined,
    });
    expect(upstream?.get("traceparent")).toBe(`00-${span?.traceId}-${span?.spanId}-01`);
    expect(upstream?.get("tracestate")).toBeNull();
  });

  it("marks what a node failed at", async () => {
    const { span } = await traced(always, { status: 502 });
    expect(span?.status).toEqual(["upstream response status: 502", 2]);
    expect((await traced(always, { status: 404 })).span?.status).toBeUndefined();
  });

  it("goes on with the client's trace", async () => {
    const { span, upstream } = await traced(always, {
      headers: { traceparent: `00-${TRACE}-${PARENT}-00`, tracestate: "a=1, b@c=2" },
    });
    expect(span).toMatchObject({ traceId: TRACE, parentId: PARENT, state: "a=1,b@c=2" });
    expect(upstream?.get("traceparent")).toBe(`00-${TRACE}-${span?.spanId}-01`);
    expect(upstream?.get("tracestate")).toBe("a=1,b@c=2");
  });

  it.each([
    ["another length", `00-${TRACE}-${PARENT}0-01`],
    ["capitals", `00-${TRACE.toUpperCase()}-${PARENT}-01`],
    ["no trace", `00-${"0".repeat(32)}-${PARENT}-01`],
    ["no span", `00-${TRACE}-${"0".repeat(16)}-01`],
    ["release ff", `ff-${TRACE}-${PARENT}-01`],
    ["more in release 00", `00-${TRACE}-${PARENT}-01-x`],
    ["too little", `00-${TRACE}-${PARENT}`],
    ["nonsense", "hello"],
  ])("begins a trace of its own where the header has %s", async (_, traceparent) => {
    const { span } = await traced(always, { headers: { traceparent } });
    expect(span?.traceId).not.toBe(TRACE);
    expect(span?.parentId).toBeUndefined();
  });

  it.each(["=1", "A=1", "a", "a=", `a=${"x".repeat(300)}`, Array(40).fill("a=1").join(",")])(
    "drops a tracestate that is none: %.10s",
    async (tracestate) => {
      const headers = { traceparent: `01-${TRACE}-${PARENT}-01-more`, tracestate };
      const { span, upstream } = await traced(always, { headers });
      expect(span).toMatchObject({ traceId: TRACE, state: undefined });
      expect(upstream?.get("tracestate")).toBeNull();
    },
  );

  const unsampled = { traceparent: `00-${TRACE}-${PARENT}-00` };
  const sampled = { traceparent: `00-${TRACE}-${PARENT}-01` };
  const low = { traceparent: `00-00000001${TRACE.slice(8)}-${PARENT}-00` };
  const root = (name: string, fraction = 0) => ({
    name: "parent_base",
    options: { root: { name, options: { fraction } } },
  });
  it.each<[string, object | undefined, Record<string, string>, boolean]>([
    ["by default", undefined, sampled, false],
    ["always off", { name: "always_off" }, sampled, false],
    [
      "by a ratio that the id is below",
      { name: "trace_id_ratio", options: { fraction: 0.01 } },
      low,
      true,
    ],
    [
      "by a ratio that it is above",
      { name: "trace_id_ratio", options: { fraction: 0.01 } },
      sampled,
      false,
    ],
    ["by a ratio of all", { name: "trace_id_ratio", options: { fraction: 1 } }, unsampled, true],
    ["by a parent that is", root("always_off"), sampled, true],
    ["by a parent that is not", root("always_on"), unsampled, false],
    ["without a parent, by the root", root("always_on"), {}, true],
    ["without a parent, by the root's ratio", root("trace_id_ratio", 0), {}, false],
  ])("samples %s", async (_, sampler, headers, isSampled) => {
    const { span, upstream } = await traced(sampler ? { sampler } : {}, { headers });
    expect(span !== undefined).toBe(isSampled);
    // Whoever comes after is told in any case.
    expect(upstream?.get("traceparent")).toMatch(isSampled ? /-01$/ : /-00$/);
  });

  it("has the attributes that the configuration wants", async () => {
    const { span } = await traced(
      {
        ...always,
        additional_attributes: ["remote_addr", "arg_a", "arg_none"],
        additional_header_prefix_attributes: ["x-one", "x-my-*"],
      },
      { headers: { "X-One": "1", "X-One-More": "2", "X-My-A": "3", "X-My-B": "4" } },
    );
    expect(span?.attributes).toMatchObject({
      remote_addr: "192.0.2.1",
      arg_a: "1",
      "x-one": "1",
      "x-my-a": "3",
      "x-my-b": "4",
    });
    expect(span?.attributes).not.toHaveProperty("arg_none");
    expect(span?.attributes).not.toHaveProperty("x-one-more");
  });

  it("does what its metadata says of the collector, the resource and the trace's id", async () => {
    const id = "0af76519-16cd-43dd-8448-eb211c80319c";
    const { exported, sent, span } = await traced(always, {
      headers: { "x-request-id": id },
      metadata: {
        collector: { address: "https://otel.test", request_headers: { Authorization: "t" } },
        resource: { "service.name": "gw", zone: 3, half: 0.5, live: true },
        trace_id_source: "x-request-id",
      },
    });
    expect(sent[0]?.url).toBe("https://otel.test/v1/traces");
    expect(sent[0]?.headers.get("authorization")).toBe("t");
    const half = 0x3fe0000000000000n;
    const resource = { "service.name": "gw", zone: 3, half, live: true, hostname: "edge" };
    expect(exported?.resource).toEqual(resource);
    expect(span?.traceId).toBe(id.replaceAll("-", ""));
  });

  it("takes the request's own id where the client's is none", async () => {
    const metadata = { ...METADATA, trace_id_source: "x-request-id" };
    const { span } = await traced(always, { headers: { "x-request-id": "mine" }, metadata });
    expect(span?.traceId).toBe("0".repeat(32));
  });

  it("tells loggers of the trace", async () => {
    const log_format = { t: "$opentelemetry_trace_id", p: "$opentelemetry_context_traceparent" };
    const { sent, upstream } = await traced(always, {
      headers: sampled,
      metadata: { ...METADATA, set_ngx_var: true },
      more: { "http-logger": { uri: "http://logs.test/", batch_max_size: 1, log_format } },
    });
    const entry = JSON.parse(sent.find(({ url }) => url.includes("logs.test"))?.body ?? "null");
    expect(entry).toEqual({ t: TRACE, p: upstream?.get("traceparent"), route_id: "r" });
  });

  it("does nothing without metadata", async () => {
    const { ask, pass, seen, sent, serve } = aLogWorld();
    await serve({ opentelemetry: always });
    await ask("/r");
    await pass(5);
    expect(sent).toEqual([]);
    expect(seen[0]?.headers.get("traceparent")).toBeNull();
  });
});
