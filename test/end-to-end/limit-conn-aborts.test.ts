import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { type AddressInfo, connect } from "node:net";
import { text } from "node:stream/consumers";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { eventually, type Stack, startStack } from "../support/stack.ts";

/**
 * Clients that go before their answer has come: what waited for its end hears of it at once. Held any longer,
 * anybody could fill the places of limit-conn.
 */
describe("a client that breaks off", () => {
  let stack: Stack;
  /** Those that are not answered. */
  const silent: ServerResponse[] = [];
  const logged: Record<string, unknown>[] = [];
  const upstream = createServer((request, response) => {
    if (request.url === "/logs") void keepLog(request, response);
    else if (request.url?.endsWith("/nothing")) silent.push(response);
    else if (request.url?.endsWith("/whole")) response.end("whole");
    else response.write("a part");
  });

  async function keepLog(request: IncomingMessage, response: ServerResponse): Promise<void> {
    logged.push(JSON.parse(await text(request)));
    response.end();
  }

  beforeAll(async () => {
    await new Promise<void>((resolve) => upstream.listen(0, "127.0.0.1", resolve));
    stack = await startStack();
    const address = `127.0.0.1:${(upstream.address() as AddressInfo).port}`;
    const room = { conn: 1, burst: 0, default_conn_delay: 0.1, key: "remote_addr" };
    const shared = { ...room, policy: "redis", redis_host: "redis.invalid" };
    const serve = (id: string, plugins: object) =>
      stack.put(`routes/${id}`, {
        uri: `/${id}/*`,
        plugins,
        upstream: { nodes: { [address]: 1 } },
      });
    for (const [id, limit] of Object.entries({ local: room, shared })) {
      await serve(id, { "limit-conn": { ...limit, rejected_code: 429 } });
    }
    const format = { uri: "$uri", status: "$status", bytes: "$body_bytes_sent" };
    const logger = { uri: `http://${address}/logs`, batch_max_size: 1, log_format: format };
    await serve("logged", { "http-logger": logger });
    for (const id of ["local", "shared", "logged"]) await stack.served(`/${id}/whole`);
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

  /** A request on a connection of its own; settles once it has got `what`. Breaks it off when called. */
  async function asking(path: string, what: "nothing" | "part"): Promise<() => void> {
    const { hostname, port } = new URL(stack.edge.url);
    const socket = connect(Number(port), hostname);
    socket.on("error", () => undefined);
    socket.write(`GET ${path}/${what} HTTP/1.1\r\nHost: edge.test\r\n\r\n`);
    let got = "";
    socket.on("data", (piece) => {
      got += piece;
    });
    await eventually(() => {
      if (what === "part") expect(got).toContain("a part");
      else expect(silent).toHaveLength(1);
    });
    // workerd takes a mere end for a client that has only ended its sending.
    return () => void socket.resetAndDestroy();
  }

  it.each([
    ["local", "nothing"],
    ["local", "part"],
    ["shared", "nothing"],
    ["shared", "part"],
  ] as const)("gives its place of limit-conn back (%s, when it has got %s)", async (id, what) => {
    await eventually(async () => expect(await status(`/${id}/whole`)).toBe(200));
    const leave = await asking(`/${id}`, what);
    expect(await status(`/${id}/whole`)).toBe(429);
    leave();
    await eventually(async () => expect(await status(`/${id}/whole`)).toBe(200), 10);
    for (const response of silent.splice(0))
      await eventually(() => expect(response.closed).toBe(true));
  });

  it.each([
    ["nothing", { status: "499", bytes: "0" }],
    ["part", { status: "200", bytes: "6" }],
  ] as const)("is logged (when it has got %s)", async (what, fields) => {
    const leave = await asking("/logged", what);
    leave();
    const expected = expect.objectContaining({ uri: `/logged/${what}`, ...fields });
    await eventually(() => expect(logged).toContainEqual(expected), 10);
    silent.splice(0);
  });
});
