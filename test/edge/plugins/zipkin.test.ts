import { describe, expect, it } from "vitest";
import { aLogWorld } from "../../support/log-world.ts";

const TRACE = "463ac35c9f6413ad48485a3953bb6124";
const SPAN = "a2fb4a1d1a96d312";
const endpoint = "http://zipkin.test/api/v2/spans";

interface SpanJson {
  readonly [field: string]: unknown;
  readonly id: string;
  readonly name: string;
  readonly parentId?: string;
}

interface Asked {
  readonly headers?: Record<string, string>;
  readonly more?: object;
  /** Drawn for the ratio. */
  readonly random?: number;
}

async function traced(
  configuration: object,
  { headers = {}, more = {}, random = 0.5 }: Asked = {},
) {
  // Time passes at the upstream.
  const world: ReturnType<typeof aLogWorld> = aLogWorld(undefined, {
    deps: { random: () => random },
    upstream: async () => {
      await world.time.advance(30);
      return new Response("hello");
    },
  });
  const { ask, pass, seen, sent, serve } = world;
  await serve({ zipkin: { endpoint, sample_ratio: 1, ...configuration }, ...more });
  const { response } = await ask("/r?a=1", { headers });
  await pass(5);
  const spans: SpanJson[] = JSON.parse(sent[0]?.body ?? "[]");
  const upstream = Object.fromEntries(
    [...(seen[0]?.headers ?? [])].filter(([name]) => name.includes("b3")),
  );
  return { response, spans, upstream, url: sent[0]?.url };
}

describe("zipkin", () => {
  it("reports the spans of a request, in microseconds", async () => {
    const { spans, upstream, url } = await traced({ service_name: "gw", server_addr: "1.2.3.4" });
    expect(url).toBe(endpoint);
    const [proxy, answer, request] = spans;
    const local = { serviceName: "gw", ipv4: "1.2.3.4", port: 80 };
    const traceId = expect.stringMatching(/^[0-9a-f]{32}$/);
    const timestamp = 1_700_000_000_000_000;
    expect(request).toEqual({
      traceId,
      id: expect.stringMatching(/^[0-9a-f]{16}$/),
      name: "apisix.request",
      kind: "SERVER",
      timestamp,
      duration: 30_000,
      localEndpoint: local,
      remoteEndpoint: { ipv4: "192.0.2.1" },
      tags: {
        component: "apisix",
        "http.method": "GET",
        "http.url": "/r?a=1",
        "http.status_code": "200",
      },
    });
    const child = { traceId, id: expect.any(String), parentId: request?.id, tags: {} };
    const times = { timestamp, duration: 30_000, localEndpoint: local };
    expect(proxy).toEqual({ ...child, ...times, name: "apisix.proxy" });
    const late = { timestamp: timestamp + 30_000, duration: 0, localEndpoint: local };
    expect(answer).toEqual({ ...child, ...late, name: "apisix.response_span" });
    expect(upstream).toEqual({
      "x-b3-traceid": request?.traceId,
      "x-b3-spanid": proxy?.id,
      "x-b3-parentspanid": request?.id,
      "x-b3-sampled": "1",
    });
  });

  it("cuts a request by phases where the configuration says so", async () => {
    const { spans, upstream } = await traced({ span_version: 1 });
    const names = Object.fromEntries(spans.map(({ name, ...span }) => [name, span]));
    const [rewrite, access, filter, proxy, request] = spans;
    expect(Object.keys(names)).toEqual([
      "apisix.rewrite",
      "apisix.access",
      "apisix.body_filter",
      "apisix.proxy",
      "apisix.request",
    ]);
    expect([rewrite, access, proxy].map((span) => span?.parentId)).toEqual(
      Array(3).fill(request?.id),
    );
    expect(filter?.parentId).toBe(proxy?.id);
    expect(upstream["x-b3-spanid"]).toBe(proxy?.id);
  });

  it.each<[string, Record<string, string>]>([
    ["in several headers", { "x-b3-traceid": TRACE.toUpperCase(), "x-b3-spanid": SPAN }],
    ["in one", { b3: `${TRACE}-${SPAN}` }],
    ["in one with a decision", { b3: `${TRACE}-${SPAN}-1` }],
    ["in one with a parent", { b3: `${TRACE}-${SPAN}-d-05e3ac9a4f6e3b90` }],
  ])("goes on with a trace that is named %s", async (_, headers) => {
    const { spans, upstream } = await traced({}, { headers });
    expect(spans.at(-1)).toMatchObject({ traceId: TRACE, parentId: SPAN });
    expect(upstream["x-b3-traceid"]).toBe(TRACE);
    expect(upstream).not.toHaveProperty("b3");
  });

  it.each<[string, Record<string, string>]>([
    ["a trace that is too short", { "x-b3-traceid": "abc", "x-b3-spanid": SPAN }],
    ["a span that is no number", { "x-b3-traceid": TRACE, "x-b3-spanid": `${SPAN.slice(1)}x` }],
    ["a bad parent", { "x-b3-traceid": TRACE, "x-b3-parentspanid": "1" }],
    ["a bad single header", { b3: `${TRACE}x-${SPAN}` }],
  ])("begins a trace of its own for %s", async (_, headers) => {
    const { spans } = await traced({}, { headers });
    expect(spans.at(-1)).toMatchObject({ traceId: expect.stringMatching(/^[0-9a-f]{32}$/) });
    expect(spans.at(-1)?.traceId).not.toBe(TRACE);
    expect(spans.at(-1)).not.toHaveProperty("parentId");
  });

  it.each<[string, Asked & { readonly ratio?: number }, boolean]>([
    ["the ratio draws it", { ratio: 0.6 }, true],
    ["the ratio does not", { ratio: 0.5 }, false],
    ["the client wants it", { ratio: 0.1, headers: { "x-b3-sampled": "true" } }, true],
    ["the client does not", { headers: { "x-b3-sampled": "0" } }, false],
    ["the client debugs", { ratio: 0.1, headers: { "x-b3-flags": "1" } }, true],
    ["the client debugs, and does not", { headers: { "x-b3-flags": "1", b3: "0" } }, false],
    ["one header debugs", { ratio: 0.1, headers: { b3: `${TRACE}-${SPAN}-d` } }, true],
    ["one header wants none", { headers: { b3: "0" } }, false],
  ])("traces a request or not: %s", async (_, { ratio = 1, ...asked }, isTraced) => {
    const { spans, upstream } = await traced({ sample_ratio: ratio }, asked);
    expect(spans.length > 0).toBe(isTraced);
    expect(upstream["x-b3-sampled"]).toBe(isTraced ? "1" : "0");
    if (!isTraced) expect(upstream).not.toHaveProperty("x-b3-spanid");
  });

  it.each(["1", "", TRACE])("refuses a single header that names no span: %j", async (b3) => {
    const { response, spans } = await traced({}, { headers: { b3 } });
    expect(response.status).toBe(400);
    expect(spans).toEqual([]);
  });

  it("tells the status of an answer that no node gave", async () => {
    const { ask, pass, publish, sent } = aLogWorld();
    const plugins = { zipkin: { endpoint, sample_ratio: 1 } };
    await publish({ global_rules: { 1: { id: "1", plugins } } });
    await ask("/nowhere", { from: "2001:db8::1" });
    await pass(5);
    const spans: SpanJson[] = JSON.parse(sent[0]?.body ?? "[]");
    expect(spans.at(-1)).toMatchObject({
      remoteEndpoint: { ipv6: "2001:db8::1" },
      tags: { "http.status_code": "404" },
    });
  });
});
