import { describe, expect, it } from "vitest";
import { aLogWorld, type Sent } from "../../support/log-world.ts";

/** What is particular to each of the loggers that send over HTTP; the rest is in logs/ beside this. */

const log_format = { u: "$uri", "@timestamp": "$time_iso8601" };
const ENTRY = '{"u":"/r/1","@timestamp":"2023-11-14T22:13:20+00:00","route_id":"r"}';

async function sentBy(
  plugin: string,
  configuration: object,
  { metadata, answer, headers = {} as Record<string, string> }: SentOptions = {},
) {
  const world = aLogWorld(answer);
  const given = metadata && { plugin_metadata: { [plugin]: metadata } };
  await world.serve({ [plugin]: configuration }, given);
  await world.ask("/r/1", { headers });
  await world.ask("/r/2", { headers });
  await world.pass(5);
  return { ...world, first: world.sent[0] as Sent };
}

interface SentOptions {
  readonly metadata?: object;
  readonly answer?: (sent: Sent) => Response | Promise<Response>;
  readonly headers?: Record<string, string>;
}

const second = (entry: string) => entry.replace("/r/1", "/r/2");

describe("loki-logger", () => {
  const configuration = { endpoint_addrs: ["http://loki.test:3100"], log_format };

  it("pushes a stream with labels, and each entry at the time of its request", async () => {
    const { first } = await sentBy("loki-logger", {
      ...configuration,
      tenant_id: "t1",
      headers: { "X-Key": "k" },
      log_labels: { job: "edge", host: "$host", none: "$arg_none" },
    });
    expect(first.url).toBe("http://loki.test:3100/loki/api/v1/push");
    expect(first.headers.get("x-scope-orgid")).toBe("t1");
    expect(first.headers.get("x-key")).toBe("k");
    expect(JSON.parse(first.body)).toEqual({
      streams: [
        {
          stream: { job: "edge", host: "edge.test", none: "$arg_none" },
          values: [
            ["1700000000000000000", ENTRY],
            ["1700000000000000000", second(ENTRY)],
          ],
        },
      ],
    });
  });

  it("makes a stream of each set of labels", async () => {
    const { first } = await sentBy("loki-logger", {
      ...configuration,
      log_labels: { path: "$uri" },
    });
    const { streams } = JSON.parse(first.body);
    expect(streams.map(({ stream }: { stream: object }) => stream)).toEqual([
      { path: "/r/1" },
      { path: "/r/2" },
    ]);
    expect(first.headers.get("x-scope-orgid")).toBe("fake");
  });

  it("takes a redirect for a failure", async () => {
    const answer = () => new Response(null, { status: 302 });
    const { log } = await sentBy("loki-logger", configuration, { answer });
    expect(log).toEqual(["loki-logger: 2 entries are lost: loki.test:3100 answered 302: "]);
  });
});

describe("elasticsearch-logger", () => {
  const configuration = {
    endpoint_addr: "http://es.test:9200",
    field: { index: "gw" },
    log_format,
  };

  it("writes entries to the bulk API", async () => {
    const { first } = await sentBy("elasticsearch-logger", {
      ...configuration,
      auth: { username: "elastic", password: "pass" },
    });
    expect(first.url).toBe("http://es.test:9200/_bulk");
    expect(first.headers.get("content-type")).toBe("application/x-ndjson");
    expect(first.headers.get("authorization")).toBe(`Basic ${btoa("elastic:pass")}`);
    const action = '{"create":{"_index":"gw"}}';
    expect(first.body).toBe(`${action}\n${ENTRY}\n${action}\n${second(ENTRY)}\n`);
  });

  it("has headers of its own win over those of its credentials", async () => {
    const { endpoint_addr: address, ...rest } = configuration;
    const { first } = await sentBy("elasticsearch-logger", {
      ...rest,
      endpoint_addrs: ["http://no.test", address],
      auth: { username: "elastic", password: "pass" },
      headers: { Authorization: "ApiKey abc" },
    });
    expect(first.headers.get("authorization")).toBe("ApiKey abc");
    expect(first.url).toBe("http://es.test:9200/_bulk");
  });

  it("takes every status but 200 for a failure", async () => {
    const answer = () => new Response("{}", { status: 201 });
    const { log } = await sentBy("elasticsearch-logger", configuration, { answer });
    expect(log).toHaveLength(1);
  });
});

it("clickhouse-logger inserts a row for each entry", async () => {
  const { first } = await sentBy("clickhouse-logger", {
    endpoint_addr: "http://ch.test:8123",
    user: "default",
    password: "a",
    database: "db",
    logtable: "t",
    log_format,
  });
  expect(first.url).toBe("http://ch.test:8123/");
  const sent = ["user", "key", "database"].map((name) => first.headers.get(`x-clickhouse-${name}`));
  expect(sent).toEqual(["default", "a", "db"]);
  expect(first.body).toBe(`INSERT INTO t FORMAT JSONEachRow ${ENTRY} ${second(ENTRY)}`);
});

describe("splunk-hec-logging", () => {
  const endpoint = { uri: "http://splunk.test/services/collector", token: "T", channel: "C" };
  const splunk = { source: "apache-apisix-splunk-hec-logging", sourcetype: "_json", host: "edge" };

  it("sends events one after the other", async () => {
    const { first } = await sentBy("splunk-hec-logging", { endpoint, log_format });
    expect(first.headers.get("authorization")).toBe("Splunk T");
    expect(first.headers.get("x-splunk-request-channel")).toBe("C");
    const events = first.body
      .replace("}{", "}\n{")
      .split("\n")
      .map((text) => JSON.parse(text));
    expect(events).toEqual([
      { ...splunk, time: 1_700_000_000, event: JSON.parse(ENTRY) },
      { ...splunk, time: 1_700_000_000, event: JSON.parse(second(ENTRY)) },
    ]);
  });

  it("makes the default entry flat", async () => {
    const { first } = await sentBy("splunk-hec-logging", {
      endpoint,
      batch_max_size: 1,
      log_format_extra: { who: "$remote_addr", latency: "mine" },
    });
    expect(JSON.parse(first.body).event).toEqual({
      request_url: "http://edge.test:80/r/1",
      request_method: "GET",
      request_headers: expect.objectContaining({ host: "edge.test" }),
      request_query: {},
      request_size: expect.any(Number),
      response_headers: expect.objectContaining({ server: "APISIX/3.18.0" }),
      response_status: 200,
      response_size: expect.any(Number),
      latency: 0,
      upstream: "u.test:80",
      who: "192.0.2.1",
    });
  });
});

describe("loggly", () => {
  const configuration = { customer_token: "tok", tags: ["a", "b"], log_format };

  it("sends lines to the bulk endpoint, also what APISIX would send by UDP", async () => {
    const { first } = await sentBy("loggly", configuration);
    expect(first.url).toBe("https://logs-01.loggly.com/bulk/tok/tag/bulk");
    expect(first.headers.get("x-loggly-tag")).toBe("a,b");
    expect(first.body).toBe(`${ENTRY}\n${second(ENTRY)}`);
  });

  it.each([
    [{ protocol: "http", host: "loggly.test" }, "http://loggly.test/bulk/tok/tag/bulk"],
    [{ protocol: "https", host: "http://loggly.test/" }, "http://loggly.test/bulk/tok/tag/bulk"],
  ])("sends where its metadata says: %j", async (metadata, url) => {
    const { first } = await sentBy("loggly", configuration, { metadata });
    expect(first.url).toBe(url);
  });
});

describe("skywalking-logger", () => {
  const configuration = { endpoint_addr: "http://sky.test:12800", log_format };

  it("ties the entry to the trace that the request is in", async () => {
    const sw8 = [1, btoa("trace-1"), btoa("segment-1"), 3, "cA==", "cA==", "cA==", "cA=="].join(
      "-",
    );
    const { first } = await sentBy(
      "skywalking-logger",
      { ...configuration, service_instance_name: "$hostname" },
      { headers: { sw8 } },
    );
    expect(first.url).toBe("http://sky.test:12800/v3/logs");
    expect(JSON.parse(first.body)[0]).toEqual({
      traceContext: { traceId: "trace-1", traceSegmentId: "segment-1", spanId: 3 },
      body: { json: { json: ENTRY } },
      service: "APISIX",
      serviceInstance: "edge",
      endpoint: "/r/1",
    });
  });

  it.each(["", "1-a-b", "1-%-%-3-a-b-c-d", "1-YQ==-YQ==-x-a-b-c-d"])(
    "does without a trace where the header is no such: %j",
    async (sw8) => {
      const { first } = await sentBy("skywalking-logger", configuration, { headers: { sw8 } });
      expect(JSON.parse(first.body)[0]).not.toHaveProperty("traceContext");
    },
  );
});

describe("lago", () => {
  it("sends an event of usage for each request", async () => {
    const { first } = await sentBy(
      "lago",
      {
        endpoint_addrs: ["http://lago.test"],
        token: "K",
        event_transaction_id: "req_$http_x_id",
        event_subscription_id: "cus_$remote_addr",
        event_code: "calls",
        event_properties: { status: "$status", tier: "gold" },
      },
      { headers: { "x-id": "7" } },
    );
    expect(first.url).toBe("http://lago.test/api/v1/events/batch");
    expect(first.headers.get("authorization")).toBe("Bearer K");
    const event = {
      transaction_id: "req_7",
      external_subscription_id: "cus_192.0.2.1",
      code: "calls",
      timestamp: 1_700_000_000,
      properties: { status: "200", tier: "gold" },
    };
    expect(JSON.parse(first.body)).toEqual({ events: [event, event] });
  });
});
