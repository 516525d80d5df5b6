import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { S3Store } from "../../exporter/store/s3-store.ts";
import { decodeOverlay, HEALTH_OVERLAY_NAMES } from "../../shared/health/overlay.ts";
import { eventually, type Stack, startStack } from "../support/stack.ts";
import { startUpstream } from "../support/upstream.ts";

/** An upstream whose node can be killed and come back on its port. */
class MortalNode {
  #server: Server | undefined;
  port = 0;

  async start(): Promise<void> {
    const server = createServer((_request, response) => response.end("mortal\n"));
    await new Promise<void>((resolve) => server.listen(this.port, "127.0.0.1", resolve));
    this.port = (server.address() as AddressInfo).port;
    this.#server = server;
  }

  async kill(): Promise<void> {
    const server = this.#server;
    this.#server = undefined;
    if (!server) return;
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  }
}

/** The whole path from a node that dies to the object that edges read. */
describe("a node that dies", () => {
  const mortal = new MortalNode();
  let stack: Stack;
  let upstream: Awaited<ReturnType<typeof startUpstream>>;
  let bucket: S3Store;

  beforeAll(async () => {
    await mortal.start();
    [stack, upstream] = await Promise.all([startStack(), startUpstream()]);
    const { endpoint, bucket: name, accessKeyId, secretAccessKey } = stack.edge.store;
    bucket = new S3Store({
      endpoint,
      bucket: name,
      accessKeyId,
      secretAccessKey,
      region: "auto",
      prefix: "default/",
      pathStyle: true,
      checksums: "required",
      unquotedEtags: false,
      sessionToken: undefined,
      timeoutMs: 15_000,
    });
    await stack.put("upstreams/1", {
      nodes: { [upstream.node]: 1, [`127.0.0.1:${mortal.port}`]: 1 },
      checks: { active: { http_path: "/health", healthy: {}, unhealthy: { tcp_failures: 2 } } },
    });
    await stack.put("routes/1", { uri: "/a", upstream_id: "1" });
    await stack.served("/a");
  });
  afterAll(async () => {
    await stack.stop();
    await upstream.stop();
    await mortal.kill();
  });

  async function overlay() {
    const held = await bucket.get(HEALTH_OVERLAY_NAMES.exporter);
    if (!held) throw new Error("no overlay");
    return decodeOverlay(held.bytes, HEALTH_OVERLAY_NAMES.exporter);
  }

  it("is named in the overlay within seconds, and no more once it is back", async () => {
    await eventually(async () => expect((await overlay()).down).toEqual({}));
    const { generation } = await stack.status();
    await mortal.kill();
    await eventually(async () =>
      expect((await overlay()).down).toEqual({ "upstreams/1": [`127.0.0.1:${mortal.port}`] }),
    );
    const metrics = await (await fetch(`${stack.statusUrl}/metrics`)).text();
    expect(metrics).toMatch(/^snapgate_down_nodes 1$/m);
    await mortal.start();
    await eventually(async () => expect((await overlay()).down).toEqual({}));
    expect((await stack.status()).generation).toBe(generation);
  });

  it("is left to the edge by an exporter with HEALTH_CHECKS=off", async () => {
    await stack.killExporter();
    stack.startExporter({ HEALTH_CHECKS: "off" });
    await eventually(async () =>
      expect(await overlay()).toMatchObject({ down: {}, leftToEdge: ["upstreams/1"] }),
    );
  });
});
