import type { DialPlan } from "./dial-plan.ts";
import { UpstreamFailure } from "./failure.ts";
import { type ExchangeResponse, exchange } from "./http1/exchange.ts";
import { contentLengthOf, type ResponseHead } from "./http1/message-head.ts";
import { clientResponseHeaders } from "./response-headers.ts";
import { sized } from "./sized-body.ts";
import { within } from "./timers.ts";
import { type DialDeps, networkOf, type UpstreamRequest } from "./upstream-request.ts";
import { bridgeWebSocket } from "./websocket/bridge.ts";
import { acceptOf, newKey } from "./websocket/handshake.ts";

/** A node reached over a socket, with our own HTTP/1.1: any Host, any public address. */
export async function bySocket(request: UpstreamRequest, deps: DialDeps): Promise<Response> {
  const { plan, timeout, websocket } = request;
  const socket = await openSocket(plan, timeout.connect * 1000, deps);
  const headers = websocket ? new Headers(request.headers) : request.headers;
  const key = websocket ? newKey(deps.randomBytes) : "";
  if (websocket) {
    headers.set("sec-websocket-key", key);
    headers.set("sec-websocket-version", "13");
    // Compression would have to be undone here only to be done again for the client.
    headers.delete("sec-websocket-extensions");
  }
  const answer = await exchange(
    socket,
    { ...request, host: plan.host, headers, upgrade: websocket ? "websocket" : undefined },
    {
      timers: deps.timers,
      sendTimeoutMs: timeout.send * 1000,
      readTimeoutMs: timeout.read * 1000,
    },
  );
  const { status, reason } = answer.head;
  const clientHeaders = clientResponseHeaders(headersOf(answer.head), status, deps.server);
  if (status === 101) return upgraded(answer, socket, clientHeaders, key, deps);
  const length = answer.framing.is === "length" ? answer.framing.bytes : undefined;
  const body = answer.body && sized(answer.body, length);
  const init = { status, statusText: reason, headers: clientHeaders };
  return new Response(body, { ...init, encodeBody: "manual" });
}

function headersOf(head: ResponseHead): Headers {
  const headers = new Headers();
  for (const [name, value] of head.fields) headers.append(name, value);
  // Said twice, it would be passed on as a list.
  const length = contentLengthOf(head);
  if (length !== undefined) headers.set("content-length", String(length));
  return headers;
}

async function upgraded(
  { source }: ExchangeResponse,
  socket: Socket,
  headers: Headers,
  key: string,
  deps: DialDeps,
): Promise<Response> {
  const isAccepted = headers.get("sec-websocket-accept") === (await acceptOf(key));
  if (!isAccepted || headers.has("sec-websocket-extensions")) {
    void socket.close().catch(() => undefined);
    throw new UpstreamFailure("malformed", true, "the upstream's WebSocket handshake is not valid");
  }
  headers.delete("sec-websocket-accept");
  const webSocket = bridgeWebSocket(source, socket, deps.randomBytes);
  return new Response(null, { status: 101, headers, webSocket });
}

/** An open connection to the plan's node, TLS on it where its scheme wants that. Throws `UpstreamFailure`. */
export async function openSocket(plan: DialPlan, limitMs: number, deps: DialDeps): Promise<Socket> {
  const { hostname, port } = plan.node;
  const late = () => new UpstreamFailure("timeout", false, `no connection within ${limitMs} ms`);
  let socket: Socket | undefined;
  const connecting = async () => {
    const secure = secureTransport(plan);
    const options = { secureTransport: secure, allowHalfOpen: true };
    socket = networkOf(plan, deps).connect(`${hostname}:${port}`, options);
    ignoreEnd(socket);
    await socket.opened;
    if (plan.serverName === undefined || secure !== "starttls") return socket;
    const secured = socket.startTls({ expectedServerHostname: plan.serverName });
    ignoreEnd(secured);
    await secured.opened;
    return secured;
  };
  try {
    return await within(deps.timers, limitMs, connecting(), late);
  } catch (cause) {
    void socket?.close().catch(() => undefined);
    if (cause instanceof UpstreamFailure) throw cause;
    throw new UpstreamFailure("refused", false, refusal(plan), { cause });
  }
}

/** How a connection ended shows where it is read and written; the same once more would go unhandled. */
function ignoreEnd(socket: Socket): void {
  socket.closed.catch(() => undefined);
}

/**
 * Where the name of the Host is the node's own, TLS from the start asks for it; else it starts on the open
 * connection, which is the only way to give a name. Certificates are always verified: Workers have no way
 * not to.
 */
function secureTransport({ node, serverName }: DialPlan): "off" | "on" | "starttls" {
  if (serverName === undefined) return "off";
  return serverName.toLowerCase() === node.hostname.toLowerCase() ? "on" : "starttls";
}

function refusal({ node, isByPrivateNetwork }: DialPlan): string {
  const failed = `no connection to ${node.hostname}:${node.port}`;
  if (node.isLoopback) {
    return `${failed}: a loopback address, which is nobody's on Cloudflare; give one it can reach`;
  }
  if (!node.isPrivate) return failed;
  if (!isByPrivateNetwork) {
    return `${failed}: a private address, which Cloudflare reaches only through a VPC network binding, PRIVATE_NETWORK`;
  }
  return node.scheme === "https"
    ? `${failed}: a VPC network carries TLS only where the Host is the node's own`
    : failed;
}
