import { describe, expect, it } from "vitest";
import { definePlugin } from "../../../edge/plugins/plugin.ts";
import { RequestMetrics } from "../../../edge/plugins/prometheus/request-metrics.ts";
import { aLogWorld, type Sent } from "../../support/log-world.ts";
import { anUpstream } from "../../support/snapshots.ts";

const PATH = "/apisix/prometheus/metrics";

function aWorld(bindings: Record<string, string> = {}, answer?: (sent: Sent) => Response) {
  const world: ReturnType<typeof aLogWorld> = aLogWorld(answer, {
    deps: { bindings },
    upstream: async () => {
      await world.time.advance(30);
      return new Response("hello");
    },
  });
  return world;
}

const route = (id: string, plugins: object, more: object = {}) => ({
  id,
  uri: `/${id}/*`,
  plugins,
  upstream: anUpstream(["u.test:80"]),
  ...more,
});

const scrape = () => ({ scrape: route("scrape", { "public-api": { uri: PATH } }) });

/** Lines without the isolate's label. */
function linesOf(text: string): string[] {
  return text.split("\n").map((line) => line.replace(/,?isolate="[0-9a-f]{16}"/, ""));
}

describe("prometheus", () => {
  it("counts requests under APISIX's names and labels", async () => {
    const { ask, publish } = aWorld();
    const routes = { a: route("a", { prometheus: {} }), ...scrape() };
    await publish({ routes });
    await ask("/a/1");
    await ask("/a/2");
    const { response, text } = await ask("/scrape/");
    expect(response.headers.get("content-type")).toBe("text/plain; charset=utf-8");
    const lines = linesOf(text);
    const llm = 'request_type="traditional_http",request_llm_model="",llm_model=""';
    const common = `route="a",service="",consumer="",node="u.test",${llm}`;
    expect(lines).toContain("# TYPE apisix_http_status counter");
    expect(lines).toContain(
      'apisix_http_status{code="200",route="a",matched_uri="/a/*",matched_host="",service="",' +
        `consumer="",node="u.test",${llm},response_source="upstream"} 2`,
    );
    const latency = (type: string, le: string) =>
      `apisix_http_latency_bucket{type="${type}",${common},le="${le}"}`;
    expect(lines).toContain(`${latency("request", "20")} 0`);
    expect(lines).toContain(`${latency("request", "50")} 2`);
    expect(lines).toContain(`${latency("request", "+Inf")} 2`);
    expect(lines).toContain(`apisix_http_latency_sum{type="request",${common}} 60`);
    expect(lines).toContain(`apisix_http_latency_count{type="upstream",${common}} 2`);
    expect(lines).toContain(`apisix_http_latency_sum{type="apisix",${common}} 50`);
    for (const type of ["ingress", "egress"]) {
      const found = lines.find((line) => line.startsWith(`apisix_bandwidth{type="${type}"`));
      expect(found).toMatch(/\} [1-9]\d+$/);
    }
    expect(lines).toContain("apisix_http_requests_total{} 2");
    expect(lines).toContain('apisix_node_info{hostname="edge"} 1');
  });

  it("prefers names, and has consumers, services and hosts", async () => {
    const { ask, publish } = aWorld();
    const a = route(
      "a",
      { prometheus: { prefer_name: true } },
      { name: 'the "a"', service_id: "s", hosts: ["*.x.com"] },
    );
    const services = { s: { id: "s", name: "shop" } };
    await publish({ services, routes: { a, ...scrape() } });
    await ask("/a/1", { host: "y.x.com" });
    const { text } = await ask("/scrape/");
    expect(text).toContain(
      'route="the \\"a\\"",matched_uri="/a/*",matched_host="*.x.com",service="shop"',
    );
  });

  it("counts answers of its own, and requests that no route matched", async () => {
    const { ask, publish } = aWorld();
    const rules = { 1: { id: "1", plugins: { prometheus: {} } } };
    await publish({ global_rules: rules, routes: scrape() });
    await ask("/nowhere");
    const { text } = await ask("/scrape/");
    const found = text.split("\n").find((line) => line.startsWith('apisix_http_status{code="404"'));
    expect(found).toContain('route="",matched_uri="",matched_host="",service=""');
    expect(found).toContain('node=""');
    expect(found).toContain('response_source="apisix"');
  });

  it("leaves labels empty that its metadata disables", async () => {
    const { ask, publish } = aWorld();
    const plugin_metadata = { prometheus: { disabled_labels: { http_status: ["node", "route"] } } };
    await publish({ plugin_metadata, routes: { a: route("a", { prometheus: {} }), ...scrape() } });
    await ask("/a/1");
    const { text } = await ask("/scrape/");
    expect(text).toMatch(/http_status\{code="200",route="",.*node="",/);
    expect(text).toMatch(/http_latency_sum\{type="request",route="a",.*node="u.test",/);
  });

  it("begins no series beyond its limit, and counts what it left out", async () => {
    const metrics = new RequestMetrics(5);
    const counts = definePlugin(() => ({
      build: () => ({
        log: (exchange, outcome) =>
          metrics.count(exchange, outcome, { prefersNames: false, disabled: {} }),
      }),
    }));
    const schema = { type: "object", properties: {} } as const;
    const own = [{ name: "counts", priority: 1, schema, plugin: counts }];
    const { ask, serve } = aLogWorld(undefined, { own });
    await serve({ counts: {} });
    await ask("/r/1");
    await ask("/r/2");
    const lines = metrics.text("").split("\n");
    expect(lines).toContain("apisix_nginx_metric_errors_total 4");
    expect(lines.find((line) => line.startsWith("apisix_http_status{"))).toMatch(/ 2$/);
    expect(lines.find((line) => line.startsWith("apisix_http_requests_total"))).toBeUndefined();
  });

  describe("with a place to push to", () => {
    const bindings = { PROMETHEUS_PUSH_URL: "http://sum.test/in", PROMETHEUS_PUSH_TOKEN: "T" };
    const statusLine = ({ body }: Sent) =>
      body
        .split("\n")
        .find((line) => line.startsWith("apisix_http_status{"))
        ?.replace(/.*\} /, "");

    it("pushes what came since the last push", async () => {
      const { ask, pass, publish, sent, settled } = aWorld(bindings);
      await publish({ routes: { a: route("a", { prometheus: {} }) } });
      await ask("/a/1");
      await ask("/a/2");
      await pass(16);
      await pass(60);
      await ask("/a/3");
      await pass(16);
      expect(sent.map(({ url }) => url)).toEqual(["http://sum.test/in", "http://sum.test/in"]);
      expect(sent[0]?.headers.get("authorization")).toBe("Bearer T");
      expect(sent.map(statusLine)).toEqual(["2", "1"]);
      expect(sent[0]?.body).not.toContain("isolate=");
      expect(sent[0]?.body).not.toContain("node_info");
      await settled();
    });

    it("pushes again what did not arrive", async () => {
      const answers = [500, 200, 200];
      const answer = () => new Response("full", { status: answers.shift() ?? 200 });
      const { ask, log, pass, publish, sent } = aWorld(bindings, answer);
      await publish({ routes: { a: route("a", { prometheus: {} }) } });
      await ask("/a/1");
      await pass(16);
      await ask("/a/2");
      await pass(16);
      expect(sent.map(statusLine)).toEqual(["1", "2"]);
      expect(log).toEqual([
        "prometheus: the metrics wait for the next push: sum.test answered 500: full",
      ]);
    });
  });
});
