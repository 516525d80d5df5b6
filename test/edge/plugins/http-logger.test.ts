import { describe, expect, it } from "vitest";
import { aLogWorld, type Sent } from "../../support/log-world.ts";

const uri = "http://logs.test/in?x=1";
const at = (sent: readonly Sent[], i = 0) => JSON.parse(sent[i]?.body ?? "null");

describe("http-logger", () => {
  it("sends an entry of APISIX's form, alone as an object where a batch is one", async () => {
    const { ask, sent, serve } = aLogWorld();
    await serve({ "http-logger": { uri, batch_max_size: 1, auth_header: "Basic eDp5" } });
    await ask("/r/a%20b?a=1&b&a=2&__proto__=3", {
      method: "POST",
      body: "hello",
      host: "x.com:39080",
      headers: { "X-Two": "1", "Content-Length": "5" },
    });
    expect(sent.map(({ url, method }) => [url, method])).toEqual([[uri, "POST"]]);
    expect(sent[0]?.headers.get("content-type")).toBe("application/json");
    expect(sent[0]?.headers.get("authorization")).toBe("Basic eDp5");
    expect(at(sent)).toEqual({
      request: {
        url: "http://x.com:80/r/a b?a=1&b&a=2&__proto__=3",
        uri: "/r/a b?a=1&b&a=2&__proto__=3",
        method: "POST",
        headers: expect.objectContaining({ host: "x.com:39080", "x-two": "1" }),
        querystring: JSON.parse('{"a":["1","2"],"b":true,"__proto__":"3"}'),
        size: expect.any(Number),
      },
      response: {
        status: 200,
        headers: expect.objectContaining({ server: "APISIX/3.18.0" }),
        size: expect.any(Number),
      },
      server: { hostname: "edge", version: "3.18.0" },
      upstream: "u.test:80",
      service_id: "",
      route_id: "r",
      client_ip: "192.0.2.1",
      start_time: 1_700_000_000_000,
      latency: 0,
      upstream_latency: 5,
      apisix_latency: 0,
    });
    expect(at(sent).request.size).toBeGreaterThan("POST /r/a b HTTP/1.1".length + 5);
  });

  it("sends a batch as an array, or as lines", async () => {
    const { ask, pass, sent, serve } = aLogWorld();
    await serve({ "http-logger": { uri } });
    await ask("/r/1");
    await ask("/r/2");
    expect(sent).toEqual([]);
    await pass(5);
    const uris = at(sent).map((entry: { request: { uri: string } }) => entry.request.uri);
    expect(uris).toEqual(["/r/1", "/r/2"]);
    await serve({ "http-logger": { uri, concat_method: "new_line", log_format: { u: "$uri" } } });
    await ask("/r/1");
    await ask("/r/2");
    await pass(5);
    expect(sent[1]?.body).toBe('{"u":"/r/1","route_id":"r"}\n{"u":"/r/2","route_id":"r"}');
    expect(sent[1]?.headers.get("content-type")).toBe("text/plain");
  });

  it("says that no route matched, and that a consumer sent it", async () => {
    const { ask, publish, sent } = aLogWorld();
    const plugins = { "http-logger": { uri, batch_max_size: 1 } };
    await publish({ global_rules: { 1: { id: "1", plugins } } });
    await ask("/nowhere", { host: "y.com" });
    expect(at(sent)).toMatchObject({ route_id: "no-matched", service_id: "y.com" });
    expect(at(sent).response.status).toBe(404);
    expect(at(sent)).not.toHaveProperty("upstream");
    expect(at(sent)).not.toHaveProperty("upstream_latency");
    expect(at(sent)).not.toHaveProperty("consumer");
  });

  describe("with a format", () => {
    const single = { uri, batch_max_size: 1 };
    const logged = async (configuration: object, metadata?: object) => {
      const { ask, sent, serve } = aLogWorld();
      const given = metadata && { plugin_metadata: { "http-logger": metadata } };
      await serve({ "http-logger": { ...single, ...configuration } }, given);
      await ask("/r?x=1");
      return at(sent);
    };

    it("fills variables and keeps constants, five levels deep, and leaves out what is missing", async () => {
      const deep = { a: { b: { c: { d: { e: "six" }, at: "$arg_x" } } } };
      const log_format = { deep, h: "$host", n: 1, t: "text $host", no: "$arg_none", s: "$status" };
      expect(await logged({ log_format })).toEqual({
        deep: { a: { b: { c: { at: "1" } } } },
        h: "edge.test",
        n: 1,
        t: "text $host",
        s: "200",
        route_id: "r",
      });
    });

    it("takes the metadata's where the configuration has none", async () => {
      const metadata = { log_format: { m: "$uri" } };
      expect(await logged({}, metadata)).toEqual({ m: "/r", route_id: "r" });
      expect(await logged({ log_format: { c: "$uri" } }, metadata)).toEqual({
        c: "/r",
        route_id: "r",
      });
      expect((await logged({}, { log_format: {} })).request.uri).toBe("/r?x=1");
    });

    it("adds extra fields to the default entry, and overwrites none of it", async () => {
      const extra = { log_format_extra: { latency: "mine", who: "$remote_addr" } };
      const entry = await logged(extra);
      expect(entry.who).toBe("192.0.2.1");
      expect(entry.latency).toBe(0);
      expect(await logged({ ...extra, log_format: { u: "$uri" } })).toEqual({
        u: "/r",
        route_id: "r",
      });
    });
  });
});
