import { generateKeyPairSync } from "node:crypto";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { eventually, type Stack, startStack } from "../support/stack.ts";

/** Loggers and tracers in workerd, and a server that takes what they send. */

interface Arrived {
  readonly path: string;
  readonly headers: NodeJS.Dict<string | string[]>;
  readonly body: Buffer;
}

interface Sink {
  readonly url: string;
  readonly arrived: readonly Arrived[];
  stop(): void;
}

async function openSink(): Promise<Sink> {
  const arrived: Arrived[] = [];
  const server: Server = createServer((request, response) => {
    const parts: Buffer[] = [];
    request.on("data", (part: Buffer) => parts.push(part));
    request.on("end", () => {
      const { url: path = "", headers } = request;
      arrived.push({ path, headers, body: Buffer.concat(parts) });
      response.writeHead(200, { "content-type": "application/json" });
      response.end('{"access_token":"AT","expires_in":60}');
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return { url, arrived, stop: () => server.close() };
}

/** Entries are sent after a second without another. */
const soon = { inactive_timeout: 1 };

function configurationsOf(url: string): Record<string, object> {
  const { privateKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
  const account = {
    client_email: "a@p.test",
    private_key: privateKey.export({ type: "pkcs8", format: "pem" }),
    project_id: "p",
    token_uri: `${url}/google-token`,
    entries_uri: `${url}/google-cloud-logging`,
  };
  const addresses = { endpoint_addrs: [url] };
  const lago = {
    token: "t",
    event_transaction_id: "$request_id",
    event_subscription_id: "s",
    event_code: "c",
    endpoint_uri: "/lago",
  };
  const clickhouse = { user: "u", password: "p", database: "d", logtable: "t" };
  const cls = { scheme: "http", cls_topic: "T", secret_id: "i", secret_key: "k" };
  return {
    "http-logger": { uri: `${url}/http-logger`, include_req_body: true, include_resp_body: true },
    "loki-logger": { ...addresses, endpoint_uri: "/loki-logger" },
    "elasticsearch-logger": {
      endpoint_addrs: [`${url}/elasticsearch-logger`],
      field: { index: "i" },
    },
    "clickhouse-logger": { endpoint_addr: `${url}/clickhouse-logger`, ...clickhouse },
    "splunk-hec-logging": { endpoint: { uri: `${url}/splunk-hec-logging`, token: "t" } },
    loggly: { customer_token: "loggly" },
    "skywalking-logger": { endpoint_addr: url },
    "google-cloud-logging": { auth_config: account },
    "tencent-cloud-cls": { cls_host: url.slice("http://".length), ...cls },
    lago: { ...addresses, ...lago },
  };
}

/** Where each of them sends to. */
const PATHS: Readonly<Record<string, RegExp>> = {
  "http-logger": /^\/http-logger$/,
  "loki-logger": /^\/loki-logger$/,
  "elasticsearch-logger": /^\/elasticsearch-logger\/_bulk$/,
  "clickhouse-logger": /^\/clickhouse-logger$/,
  "splunk-hec-logging": /^\/splunk-hec-logging$/,
  loggly: /^\/bulk\/loggly\/tag\/bulk$/,
  "skywalking-logger": /^\/v3\/logs$/,
  "google-cloud-logging": /^\/google-cloud-logging$/,
  "tencent-cloud-cls": /^\/structuredlog\?topic_id=T$/,
  lago: /^\/lago$/,
};

describe("an edge that logs, traces and counts", () => {
  let sink: Sink;
  let upstream: Sink;
  let stack: Stack;

  const arrivedAt = (path: RegExp) => sink.arrived.find((one) => path.test(one.path));
  /** What comes when the request has long been answered. */
  const arrival = (path: RegExp) =>
    eventually(() => {
      const found = arrivedAt(path);
      if (!found) throw new Error(`nothing came to ${path}`);
      return found;
    });

  beforeAll(async () => {
    [sink, upstream] = await Promise.all([openSink(), openSink()]);
    stack = await startStack({
      exporter: { EDGE_METRICS_TOKEN: "T" },
      edge: { PROMETHEUS_PUSH_URL: `${sink.url}/pushed`, PROMETHEUS_PUSH_SECONDS: "5" },
    });
    const nodes = { [upstream.url.slice("http://".length)]: 1 };
    const route = (id: string, plugins: object) =>
      stack.put(`routes/${id}`, { uri: `/${id}`, plugins, upstream: { nodes } });
    await stack.put("plugin_metadata/loggly", { host: sink.url, protocol: "http" });
    const collector = { address: sink.url.slice("http://".length) };
    await stack.put("plugin_metadata/opentelemetry", { collector });
    for (const [plugin, configuration] of Object.entries(configurationsOf(sink.url))) {
      await route(plugin, { [plugin]: { ...configuration, ...soon } });
    }
    const endpoint = `${sink.url}/zipkin`;
    await route("zipkin", { zipkin: { endpoint, sample_ratio: 1 } });
    await route("opentelemetry", { opentelemetry: { sampler: { name: "always_on" } } });
    await route("prometheus", { prometheus: {} });
    await route("last", {});
    await stack.served("/last");
  });
  afterAll(async () => {
    await stack.stop();
    sink.stop();
    upstream.stop();
  });

  it("answers every request as if nobody listened", async () => {
    const ids = [...Object.keys(PATHS), "zipkin", "opentelemetry", "prometheus"];
    for (const id of ids) {
      const answer = await stack.get(`/${id}`, { method: "POST", body: `to ${id}` });
      expect([id, answer.status, await answer.text()]).toEqual([
        id,
        200,
        '{"access_token":"AT","expires_in":60}',
      ]);
    }
    expect(upstream.arrived.map(({ body }) => body.toString())).toEqual(
      expect.arrayContaining(ids.map((id) => `to ${id}`)),
    );
  });

  it.each(Object.keys(PATHS))(
    "has entries of %s arrive without another request",
    async (plugin) => {
      const { body } = await arrival(PATHS[plugin] ?? /$^/);
      expect(body.length).toBeGreaterThan(0);
      if (plugin !== "lago") expect(body.toString()).toContain(plugin);
    },
  );

  it("logs the bodies, the node and the times", async () => {
    const { body } = await arrival(/^\/http-logger$/);
    const [entry] = JSON.parse(body.toString());
    expect(entry).toMatchObject({
      request: { body: "to http-logger", method: "POST" },
      response: { body: '{"access_token":"AT","expires_in":60}', status: 200 },
      upstream: upstream.url.slice("http://".length),
      route_id: "http-logger",
    });
    expect(entry.upstream_latency).toBeLessThanOrEqual(entry.latency);
  });

  it("traces by Zipkin, and the node is in the trace", async () => {
    const { body } = await arrival(/^\/zipkin$/);
    const spans: { name: string; traceId: string; id: string }[] = JSON.parse(body.toString());
    const proxy = spans.find(({ name }) => name === "apisix.proxy");
    const seen = upstream.arrived.find(({ path }) => path === "/zipkin");
    expect(seen?.headers["x-b3-traceid"]).toBe(proxy?.traceId);
    expect(seen?.headers["x-b3-spanid"]).toBe(proxy?.id);
  });

  it("traces by OpenTelemetry, and the node is in the trace", async () => {
    const { body, headers } = await arrival(/^\/v1\/traces$/);
    expect(headers["content-type"]).toBe("application/x-protobuf");
    const seen = upstream.arrived.find(({ path }) => path === "/opentelemetry");
    const [, traceId = ""] = String(seen?.headers.traceparent).split("-");
    expect(body.includes(Buffer.from(traceId, "hex"))).toBe(true);
    expect(body.includes("POST /opentelemetry")).toBe(true);
  });

  it("pushes what it counted, which the exporter adds up", async () => {
    const { body } = await arrival(/^\/pushed$/);
    const line = /^apisix_http_status\{code="200",route="prometheus".*\} (\d+)$/m;
    expect(line.exec(body.toString())?.[1]).toBe("1");
    const sums = `${stack.statusUrl}/edge-metrics`;
    const headers = { authorization: "Bearer T" };
    for (let i = 0; i < 2; i++) {
      expect((await fetch(sums, { method: "POST", body, headers })).status).toBe(204);
    }
    expect(line.exec(await (await fetch(sums)).text())?.[1]).toBe("2");
  });
});
