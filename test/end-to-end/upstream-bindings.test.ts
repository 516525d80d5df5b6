import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { bundleEdge } from "../../examples/quick-start/bundle-edge.ts";
import { type RunningWorker, startWorker } from "../../examples/quick-start/workerd.ts";
import { eventually, type Stack, startStack } from "../support/stack.ts";

/** Another Worker, as a service binding, that tells what reached it. */
const ORDERS = `export default {
  async fetch(request) {
    const body = await request.text();
    return Response.json({
      url: request.url,
      method: request.method,
      forwardedFor: request.headers.get("x-forwarded-for"),
      body,
    });
  },
};`;

const BINDINGS = {
  "upstreams/orders": { binding: "ORDERS", url: "host" },
  "routes/inline": { binding: "ORDERS", url: "node" },
  "ssls/3": "ORDERS",
  grpc: { binding: "ORDERS", url: "host" },
};

const nodes = { "orders.internal:8080": 1 };
const withCertificate = { tls: { client_cert_id: "3" }, scheme: "https" };

const UPSTREAMS = {
  orders: { nodes },
  certified: { nodes, ...withCertificate, pass_host: "node" },
  passed: { nodes, ...withCertificate },
  uncovered: { nodes, scheme: "https", tls: { client_cert_id: "4" } },
  grpc: { nodes, scheme: "grpc" },
  grpcs: { nodes, scheme: "grpcs" },
  kafka: { nodes, scheme: "kafka" },
};

describe("an edge with bindings that carry upstreams", () => {
  let stack: Stack;
  let edge: RunningWorker;

  beforeAll(async () => {
    const keys = Object.keys(BINDINGS).join(",");
    stack = await startStack({ exporter: { EDGE_UPSTREAM_BINDINGS: keys } });
    for (const [id, upstream] of Object.entries(UPSTREAMS)) {
      await stack.put(`upstreams/${id}`, upstream);
      await stack.put(`routes/${id}`, { uri: `/${id}/*`, upstream_id: id });
    }
    await stack.put("routes/inline", {
      uri: "/inline",
      upstream: { nodes, pass_host: "rewrite", upstream_host: "orders.internal:8080" },
    });
    const { endpoint, bucket, accessKeyId, secretAccessKey } = stack.edge.store;
    edge = await startWorker({
      name: "bound-edge",
      script: await bundleEdge(),
      port: 0,
      services: { ORDERS },
      bindings: {
        REFRESH_INTERVAL_MS: "0",
        S3_ENDPOINT: endpoint,
        S3_BUCKET: bucket,
        S3_ACCESS_KEY_ID: accessKeyId,
        S3_SECRET_ACCESS_KEY: secretAccessKey,
        UPSTREAM_BINDINGS: JSON.stringify(BINDINGS),
      },
    });
    await eventually(async () => expect((await fetch(`${edge.url}/inline`)).status).toBe(200));
  });
  afterAll(async () => {
    await edge.stop();
    await stack.stop();
  });

  const get = (path: string, init: RequestInit = {}) => fetch(`${edge.url}${path}`, init);
  const reached = async (path: string, init: RequestInit = {}) => {
    const answer = await get(path, init);
    expect(answer.status).toBe(200);
    return (await answer.json()) as Record<string, string>;
  };
  const refused = async (path: string) => {
    const answer = await get(path);
    expect(answer.status).toBe(503);
    return answer.text();
  };
  const clientHost = () => new URL(edge.url).host;

  it("sends an upstream of its own the Host that is wanted, by the URL", async () => {
    const { url, forwardedFor } = await reached("/orders/7?a=b");
    expect(url).toBe(`http://${clientHost()}/orders/7?a=b`);
    expect(forwardedFor).toMatch(/\w/);
  });

  it("sends a body along", async () => {
    const sent = { method: "POST", body: "one order" };
    expect(await reached("/orders/new", sent)).toMatchObject(sent);
  });

  it("has the URL name the node where the binding goes where it is sent", async () => {
    expect((await reached("/inline")).url).toBe("http://orders.internal:8080/inline");
    expect((await reached("/certified/x")).url).toBe("https://orders.internal:8080/certified/x");
  });

  it("does not send the node's Host in place of another", async () => {
    expect(await refused("/passed/x")).toContain(`cannot send the Host ${clientHost()}`);
  });

  it("carries a scheme", async () => {
    expect((await reached("/grpc/Call")).url).toBe(`http://${clientHost()}/grpc/Call`);
  });

  it("refuses what no binding carries, with the settings that would", async () => {
    expect(await refused("/uncovered/x")).toContain("ssls/4");
    expect(await refused("/grpcs/x")).toContain("EDGE_UPSTREAM_BINDINGS");
    expect(await refused("/kafka/x")).toContain("Kafka's protocol is not HTTP");
  });

  it("is known to the exporter by its setting: only the rest is told as refused", async () => {
    const { notices } = (await stack.status()) as {
      notices: { list: { key: string; effect: string; path: string }[] };
    };
    const keys = notices.list.filter(({ effect }) => effect === "refused").map(({ key }) => key);
    expect(keys).toEqual([
      "/apisix/upstreams/grpcs",
      "/apisix/upstreams/kafka",
      "/apisix/upstreams/uncovered",
    ]);
  });

  it("refuses all of them where nothing is bound", async () => {
    for (const id of ["certified", "passed", "uncovered", "grpc", "grpcs", "kafka"]) {
      const answer = await stack.get(`/${id}/x`);
      expect([id, answer.status]).toEqual([id, 503]);
      expect(await answer.text()).toContain("is not served");
    }
  });
});
