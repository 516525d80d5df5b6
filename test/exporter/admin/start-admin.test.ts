import { once } from "node:events";
import { Agent as HttpAgent, request as httpRequest, type IncomingMessage } from "node:http";
import { Agent, request as httpsRequest } from "node:https";
import { afterAll, beforeAll, expect, it } from "vitest";
import { startAdmin } from "../../../exporter/admin/start-admin.ts";
import { systemClock } from "../../../exporter/clock.ts";
import type { AdminConfig } from "../../../exporter/config/admin-config.ts";
import { NO_CIPHER } from "../../../exporter/encryption/field-cipher.ts";
import { ADMIN_KEY, type AdminWorld, startAdminWorld } from "../../support/admin-world.ts";
import { createAuthority } from "../../support/certificates.ts";
import { describeWithEtcd, type EtcdCluster, startEtcdServer } from "../../support/etcd-server.ts";

const ROUTE = { uri: "/a", upstream: { type: "roundrobin", nodes: { "127.0.0.1:80": 1 } } };

let cluster: EtcdCluster;
let world: AdminWorld;

async function start(config: Partial<AdminConfig> = {}) {
  const warnings: string[] = [];
  const log = {
    debug: () => {},
    info: () => {},
    warn: (message: string) => void warnings.push(message),
    error: () => {},
  };
  const { prefix, transport, view } = world;
  const listening = await startAdmin(
    {
      listen: { host: "127.0.0.1", port: 0 },
      keys: [{ name: "admin", role: "admin", secret: ADMIN_KEY }],
      allow: ["127.0.0.0/24"],
      cors: true,
      tls: undefined,
      plugins: "default",
      uiFolder: undefined,
      ...config,
    },
    { prefix, transport, view, log, clock: systemClock, random: Math.random, cipher: NO_CIPHER },
  );
  return { ...listening, warnings };
}

/** The status, or why there was no answer. */
function put(port: number, tls: { ca: string; cert?: string; key?: string }): Promise<unknown> {
  const agent = new Agent(tls);
  const headers = { "x-api-key": ADMIN_KEY, "content-type": "application/json" };
  const path = "/apisix/admin/routes/tls";
  return new Promise((resolve) => {
    const options = { host: "127.0.0.1", port, path, method: "PUT", headers, agent };
    const sent = httpsRequest(options, (response) => {
      response.resume();
      response.on("end", () => resolve(response.statusCode));
    });
    sent.on("error", (error: NodeJS.ErrnoException) => resolve(error.code));
    sent.end(JSON.stringify(ROUTE));
  }).finally(() => agent.destroy());
}

describeWithEtcd("the Admin API's server", () => {
  beforeAll(async () => {
    cluster = await startEtcdServer();
    world = await startAdminWorld(cluster);
  });
  afterAll(async () => {
    await world.stop();
    await cluster.stop();
  });

  it("answers over HTTP, streams and all", async () => {
    const { port, close, warnings } = await start();
    const url = `http://127.0.0.1:${port}/apisix/admin`;
    const headers = { "x-api-key": ADMIN_KEY };
    const body = JSON.stringify(ROUTE);
    const answer = await fetch(`${url}/routes/1`, { method: "PUT", headers, body });
    expect(answer.status).toBe(201);
    expect(answer.headers.get("server")).toContain("APISIX/3.18.0");
    // A body without an announced length.
    const stream = new Blob([body]).stream();
    const chunked = { method: "PUT", headers, body: stream, duplex: "half" } as RequestInit;
    expect((await fetch(`${url}/routes/2`, chunked)).status).toBe(201);
    const endless = new ReadableStream({ pull: (c) => c.enqueue(new Uint8Array(65_536)) });
    const large = { method: "PUT", headers, body: endless, duplex: "half" } as RequestInit;
    const refused = await fetch(`${url}/routes/2`, large).catch(() => undefined);
    expect(refused?.status ?? 400).toBe(400);
    const head = await fetch(url, { method: "HEAD" });
    expect(head.status).toBe(200);
    expect(warnings).toEqual([]);
    await close();
  });

  it("ends with an answer to whoever it has begun to hear", async () => {
    const { port, close } = await start();
    const agent = new HttpAgent({ keepAlive: true });
    const headers = { "x-api-key": ADMIN_KEY, expect: "100-continue" };
    const path = "/apisix/admin/routes/last";
    const sent = httpRequest({ host: "127.0.0.1", port, path, method: "PUT", headers, agent });
    const answered = once(sent, "response");
    sent.flushHeaders();
    await once(sent, "continue");
    const closed = close();
    await expect(fetch(`http://127.0.0.1:${port}/apisix/admin`)).rejects.toThrow();
    sent.end(JSON.stringify(ROUTE));
    const [response] = (await answered) as [IncomingMessage];
    expect(response.statusCode).toBe(201);
    response.resume();
    await closed;
    agent.destroy();
  });

  it("speaks TLS, and with an authority for clients only to whom it has signed for", async () => {
    const authority = createAuthority("ours");
    const other = createAuthority("another");
    const { cert, key } = authority.issue("admin", ["IP:127.0.0.1"]);
    const tls = { cert: cert.text, key: key.text, clientCa: undefined };
    const ca = authority.ca.text;
    const plain = await start({ tls });
    expect(await put(plain.port, { ca })).toBe(201);
    expect(await put(plain.port, { ca: other.ca.text })).toEqual(expect.any(String));
    await plain.close();

    const mutual = await start({ tls: { ...tls, clientCa: ca } });
    const client = authority.issue("client", ["DNS:client"]);
    const stranger = other.issue("client", ["DNS:client"]);
    const pair = (of: typeof client) => ({ ca, cert: of.cert.text, key: of.key.text });
    expect(await put(mutual.port, pair(client))).toBe(200);
    expect(await put(mutual.port, { ca })).toEqual(expect.any(String));
    expect(await put(mutual.port, pair(stranger))).toEqual(expect.any(String));
    await mutual.close();
  });

  it("knows the plugins that it is told to", async () => {
    for (const [plugins, isKnown] of [
      ["default", false],
      ["all", true],
    ] as const) {
      const { port, close } = await start({ plugins });
      const url = `http://127.0.0.1:${port}/apisix/admin/plugins/list`;
      const list = await (await fetch(url, { headers: { "x-api-key": ADMIN_KEY } })).json();
      expect((list as string[]).includes("brotli")).toBe(isKnown);
      expect(list).toContain("key-auth");
      await close();
    }
  });

  it("says what a person should change, and why it cannot listen", async () => {
    const secret = "edd1c9f034335f136f87ad84b625c8f1";
    const careless = await start({
      listen: { host: "0.0.0.0", port: 0 },
      keys: [{ name: "admin", role: "admin", secret }],
      uiFolder: "/nowhere",
    });
    expect(careless.warnings).toEqual([
      expect.stringContaining("which everybody knows"),
      expect.stringContaining("ADMIN_TLS_CERT_FILE"),
      expect.stringContaining("ADMIN_UI_DIR"),
    ]);
    const { port } = careless;
    await expect(start({ listen: { host: "0.0.0.0", port } })).rejects.toThrow(
      /the port is in use; set ADMIN_LISTEN/,
    );
    await careless.close();
  });
});
