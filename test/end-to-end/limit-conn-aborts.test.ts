import { createServer, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { eventually, type Stack, startStack } from "../support/stack.ts";

/**
 * Clients that go before their answer has come must not hold places any longer than the upstream is busy
 * with them: anybody could fill them.
 */
describe("limit-conn, where a client breaks off", () => {
  let stack: Stack;
  /** Those that are not answered. */
  const silent: ServerResponse[] = [];
  const upstream = createServer((request, response) => {
    if (request.url?.endsWith("/nothing")) silent.push(response);
    else if (request.url?.endsWith("/whole")) response.end("whole");
    else {
      // A worker hears that a client has gone when it next writes to it.
      const drip = setInterval(() => response.write("a part"), 20);
      response.on("close", () => clearInterval(drip));
    }
  });

  beforeAll(async () => {
    await new Promise<void>((resolve) => upstream.listen(0, "127.0.0.1", resolve));
    stack = await startStack();
    const nodes = { [`127.0.0.1:${(upstream.address() as AddressInfo).port}`]: 1 };
    const room = { conn: 1, burst: 0, default_conn_delay: 0.1, key: "remote_addr" };
    const shared = { ...room, policy: "redis", redis_host: "redis.invalid" };
    for (const [id, limit] of Object.entries({ local: room, shared })) {
      const plugins = { "limit-conn": { ...limit, rejected_code: 429 } };
      await stack.put(`routes/${id}`, { uri: `/${id}/*`, plugins, upstream: { nodes } });
    }
    for (const id of ["local", "shared"]) await stack.served(`/${id}/whole`);
  });
  afterAll(async () => {
    await stack?.stop();
    upstream.closeAllConnections();
    upstream.close();
  });

  const status = async (path: string) => {
    const answer = await stack.get(path);
    await answer.text();
    return answer.status;
  };

  it.each([
    ["local", "nothing"],
    ["local", "part"],
    ["shared", "nothing"],
    ["shared", "part"],
  ])("the place is given back (%s, when it has got %s)", async (id, what) => {
    await eventually(async () => expect(await status(`/${id}/whole`)).toBe(200));
    const leaving = new AbortController();
    const asked = stack.get(`/${id}/${what}`, { signal: leaving.signal });
    if (what === "part") await (await asked).body?.getReader().read();
    else await eventually(() => expect(silent).toHaveLength(1));
    expect(await status(`/${id}/whole`)).toBe(429);
    leaving.abort();
    await asked.catch(() => {});
    for (const response of silent.splice(0)) response.end("late");
    await eventually(async () => expect(await status(`/${id}/whole`)).toBe(200));
  });
});
