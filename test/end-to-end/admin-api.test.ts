import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { freePort } from "../../examples/quick-start/ports.ts";
import { startUpstreams } from "../../examples/quick-start/upstreams.ts";
import { Keyring } from "../../exporter/encryption/keyring.ts";
import { eventually, type Stack, startStack } from "../support/stack.ts";

const KEY = "end-to-end-admin-key";
const KEYRING = "an-own-key-of-16";

let stack: Stack;
let upstreams: Awaited<ReturnType<typeof startUpstreams>>;
let admin: string;

async function call(method: string, path: string, body?: unknown): Promise<Response> {
  const headers = { "x-api-key": KEY };
  return fetch(`${admin}/${path}`, {
    method,
    headers,
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
}

/** Writes, and comes back when a published generation has the write. */
async function live(method: string, path: string, body?: unknown): Promise<number> {
  const answer = await call(method, path, body);
  const revision = answer.headers.get("x-snapgate-revision");
  expect(revision, await answer.text()).toMatch(/^\d+$/);
  const wait = await fetch(`${stack.statusUrl}/status?wait_for_revision=${revision}&timeout=20`);
  expect(wait.status).toBe(200);
  return answer.status;
}

describe("the Admin API of a running exporter", () => {
  beforeAll(async () => {
    const port = await freePort();
    admin = `http://127.0.0.1:${port}/apisix/admin`;
    upstreams = await startUpstreams(["one"], 0);
    stack = await startStack({
      exporter: {
        ADMIN_LISTEN: `127.0.0.1:${port}`,
        ADMIN_KEY: KEY,
        DATA_ENCRYPTION_KEYRING: KEYRING,
      },
    });
    await stack.served("/", 404);
  });
  afterAll(async () => {
    await stack?.stop();
    await upstreams?.stop();
  });

  it("makes a write live, and says when", async () => {
    const nodes = { [`127.0.0.1:${upstreams.ports[0]}`]: 1 };
    expect(await live("PUT", "upstreams/u", { type: "roundrobin", nodes })).toBe(201);
    expect(await live("PUT", "routes/r", { uri: "/by-admin", upstream_id: "u" })).toBe(201);
    // The edge looks before every request here: no waiting is needed any more.
    expect((await stack.get("/by-admin")).status).toBe(200);
    expect((await call("DELETE", "upstreams/u")).status).toBe(400);
    expect(await live("DELETE", "routes/r")).toBe(200);
    expect((await stack.get("/by-admin")).status).toBe(404);
    expect(await live("DELETE", "upstreams/u")).toBe(200);
  });

  it("stores secrets encrypted, which the exporter then reads", async () => {
    const jack = { username: "jack", plugins: { "key-auth": { key: "jack-key" } } };
    await live("PUT", "consumers", jack);
    const { value } = (await (await call("PUT", "consumers", jack)).json()) as { value: object };
    const key = new Keyring([KEYRING]).encrypt("jack-key");
    expect(value).toMatchObject({ plugins: { "key-auth": { key } } });
    expect(await (await call("GET", "consumers/jack")).json()).toMatchObject({ value: jack });
    expect(await stack.status()).toMatchObject({ rejections: { total: 0 } });
  });

  it("answers 503 while etcd is away, and goes on after it", async () => {
    await stack.killEtcd();
    expect((await call("GET", "routes")).status).toBe(503);
    expect((await call("PUT", "routes/x", { uri: "/x", upstream_id: "u" })).status).toBe(503);
    await stack.restartEtcd();
    await eventually(async () => expect((await call("GET", "routes")).status).toBe(200));
  });
});
