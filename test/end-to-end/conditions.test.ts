import { createServer, type IncomingMessage } from "node:http";
import { type AddressInfo, connect } from "node:net";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { freePort } from "../../examples/quick-start/ports.ts";
import { sendRaw } from "../support/raw-http.ts";
import { type Stack, startStack } from "../support/stack.ts";

const FORM = "application/x-www-form-urlencoded";
const LIMIT_KB = 4;

/** What the upstream saw of a request. */
interface Seen {
  readonly target: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** Routes that hold only for some requests, from etcd to the upstream. */
describe("a route with conditions", () => {
  let stack: Stack;
  let requests = 0;
  const upstream = createServer(async (request, response) => {
    requests++;
    const seen: Seen = {
      target: request.url ?? "",
      headers: request.headers as Record<string, string>,
      body: await textOf(request),
    };
    response.end(JSON.stringify(seen));
  });
  let node = "";

  beforeAll(async () => {
    await new Promise<void>((resolve) => upstream.listen(0, "127.0.0.1", resolve));
    node = `127.0.0.1:${(upstream.address() as AddressInfo).port}`;
    stack = await startStack({
      exporter: { ROUTER: "radixtree_uri_with_parameter" },
      edge: {
        CLIENT_IP_HEADER: "X-Forwarded-For",
        TRUSTED_PROXIES: "10.0.0.0/8",
        MAX_MATCHING_BODY_KB: String(LIMIT_KB),
      },
    });
    const closed = await freePort();
    const routes = {
      header: { uri: "/header", vars: [["http_x_user", "==", "jack"]] },
      args: { uri: "/args", vars: ["OR", [["arg_v", ">", 1]], [["arg_v", "~~", "^b+$"]]] },
      address: { uri: "/address", remote_addrs: ["192.0.2.0/24", "2001:db8::/32"] },
      user: { uri: "/user/:id/files/*path", vars: [["cookie_beta", "==", "1"]] },
      fault: { uri: "/fault", vars: [["arg_ip", "ipmatch", ["10.0.0.0/8"]]] },
      form: {
        uri: "/form",
        vars: [["post_arg_kind", "==", "a"]],
        upstream: { nodes: { [node]: 1 }, pass_host: "rewrite", upstream_host: "form.test" },
      },
      other: { uri: "/form", priority: -1 },
      json: { uri: "/json", vars: [["post_arg.items[*].kind", "has", "a"]] },
      // The first node refuses every connection, so every body is sent to the second.
      twice: {
        uri: "/twice",
        vars: [["post_arg_kind", "==", "a"]],
        upstream: {
          nodes: [
            { host: "127.0.0.1", port: closed, weight: 1, priority: 1 },
            { host: "127.0.0.1", port: Number(node.split(":")[1]), weight: 1 },
          ],
        },
      },
      last: { uri: "/last" },
    };
    for (const [id, route] of Object.entries(routes)) {
      await stack.put(`routes/${id}`, { upstream: { nodes: { [node]: 1 } }, ...route });
    }
    await stack.served("/last");
  });
  afterAll(async () => {
    await stack.stop();
    upstream.closeAllConnections();
    upstream.close();
  });

  /** Status and what the upstream saw. */
  async function send(target: string, headers: string, body = "") {
    const method = body ? "POST" : "GET";
    const length = body ? `Content-Length: ${Buffer.byteLength(body, "latin1")}\r\n` : "";
    const { head, body: answer } = await sendRaw(
      stack.edge.url,
      `${method} ${target} HTTP/1.1\r\nHost: shop.test\r\n${headers}${length}\r\n${body}`,
    );
    const status = Number(head.split(" ")[1]);
    return status === 200 ? JSON.parse(String(answer)) : status;
  }

  it("is found by a header", async () => {
    expect(await send("/header", "X-User: jack\r\n")).toMatchObject({ target: "/header" });
    expect(await send("/header", "X-User: jill\r\n")).toBe(404);
    expect(await send("/header", "")).toBe(404);
  });

  it("is found by an argument of the query, as a number or by a pattern", async () => {
    for (const [value, status] of [
      ["2", 200],
      ["0x10", 200],
      ["bbb", 200],
      ["1", 404],
      ["bab", 404],
    ]) {
      const found = await send(`/args?v=${value}`, "");
      expect(typeof found === "number" ? found : 200, String(value)).toBe(status);
    }
  });

  it("is found by the client's address, behind the proxies that are trusted", async () => {
    const from = (list: string) => send("/address", `X-Forwarded-For: ${list}\r\n`);
    expect(await from("192.0.2.7")).toMatchObject({ headers: { "x-real-ip": "192.0.2.7" } });
    expect(await from("6.6.6.6, 2001:db8::7, 10.0.0.1")).toMatchObject({
      headers: { "x-real-ip": "2001:db8::7" },
    });
    expect(await from("192.0.2.7, 6.6.6.6, 10.0.0.1")).toBe(404);
    expect(await send("/address", "")).toBe(404);
  });

  it("is found by a path with parameters and a cookie", async () => {
    const beta = "Cookie: beta=0; beta=1\r\n";
    expect(await send("/user/7/files/a/b%20c", beta)).toMatchObject({
      target: "/user/7/files/a/b%20c",
    });
    expect(await send("/user/7/files/a", "")).toBe(404);
    expect(await send("/user//files/a", beta)).toBe(404);
    expect(await send("/user/7", beta)).toBe(404);
  });

  it("that cannot be evaluated is 500", async () => {
    expect(await send("/fault?ip=10.1.2.3", "")).toMatchObject({ target: "/fault?ip=10.1.2.3" });
    expect(await send("/fault?ip", "")).toBe(500);
    expect(await send("/fault", "")).toBe(404);
  });

  it("is found by the body, which the upstream gets whole", async () => {
    const form = `Content-Type: ${FORM}\r\n`;
    const body = `x=${"é".repeat(50)}&kind=a`;
    const bytes = Buffer.from(body).toString("latin1");
    expect(await send("/form", form, bytes)).toMatchObject({ target: "/form", body });
    const json = JSON.stringify({ items: [{ kind: "b" }, { kind: "a" }] });
    expect(await send("/json", "Content-Type: application/json\r\n", json)).toMatchObject({
      body: json,
    });
    expect(await send("/json", "Content-Type: application/json\r\n", '{"items":[]}')).toBe(404);
  });

  it.each([
    ["as long as it may be", LIMIT_KB * 1024, "form.test"],
    ["a byte longer than what is looked into", LIMIT_KB * 1024 + 1, "shop.test"],
    ["very much longer", 3 * 1024 * 1024, "shop.test"],
  ])("passes a body on whole that is %s, with its length or in chunks", async (_, size, host) => {
    const body = `kind=a&x=${"y".repeat(size - "kind=a&x=".length)}`;
    const form = `Content-Type: ${FORM}\r\n`;
    const parts = [body.slice(0, size / 2), body.slice(size / 2)];
    const chunks = parts.map((part) => `${part.length.toString(16)}\r\n${part}\r\n`).join("");
    const head = `POST /form HTTP/1.1\r\nHost: shop.test\r\n${form}Transfer-Encoding: chunked\r\n\r\n`;
    const inChunks = await sendRaw(stack.edge.url, `${head}${chunks}0\r\n\r\n`);
    for (const seen of [await send("/form", form, body), JSON.parse(String(inChunks.body))]) {
      expect(seen.headers.host).toBe(host);
      expect(seen.body === body).toBe(true);
    }
  });

  it("that looked into a body sends it to a second node as well", async () => {
    const form = `Content-Type: ${FORM}\r\n`;
    expect(await send("/twice", form, "kind=a")).toMatchObject({ body: "kind=a" });
  });

  it("is not found, and nothing sent on, where the body that it looks into is cut", async () => {
    const head = `POST /form HTTP/1.1\r\nHost: shop.test\r\nContent-Type: ${FORM}\r\n`;
    const before = requests;
    const cut = `${head}Content-Length: 99\r\n\r\nkind=a`;
    expect(await statusAfterCut(stack.edge.url, cut)).toBe(400);
    expect(requests).toBe(before);
  });
});

async function textOf(request: IncomingMessage): Promise<string> {
  const pieces: Buffer[] = [];
  for await (const piece of request) pieces.push(piece);
  return Buffer.concat(pieces).toString();
}

/** Sends this and closes the sending side, as a client that breaks off; resolves with the status. */
function statusAfterCut(url: string, text: string): Promise<number> {
  const { hostname, port } = new URL(url);
  return new Promise((resolve, reject) => {
    const socket = connect(Number(port), hostname);
    socket.once("data", (piece) => {
      resolve(Number(String(piece).split(" ")[1]));
      socket.destroy();
    });
    socket.once("error", reject);
    socket.write(text);
    setTimeout(() => socket.end(), 100);
  });
}
