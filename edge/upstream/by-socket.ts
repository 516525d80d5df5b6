import type { DialPlan } from "./dial-plan.ts";
import { UpstreamFailure } from "./failure.ts";
import { exchange } from "./http1/exchange.ts";
import { clientResponseHeaders } from "./response-headers.ts";
import { within } from "./timers.ts";
import type { DialDeps, UpstreamRequest } from "./upstream-request.ts";
import { bridgeWebSocket } from "./websocket/bridge.ts";
import { acceptOf, newKey } from "./websocket/handshake.ts";

/** A node reached over a socket, with our own HTTP/1.1: any Host, any public address. */
export async function bySocket(request: UpstreamRequest, deps: DialDeps): Promise<Response> {
  const { plan, timeout, websocket } = request;
  const socket = await open(plan, timeout.connect * 1000, deps);
  const headers = new Headers(request.headers);
  const key = websocket ? newKey(deps.randomBytes) : "";
  if (websocket) {
    headers.set("sec-websocket-key", key);
    headers.set("sec-websocket-version", "13");
    // Compression would have to be undone here only to be done again for the client.
    headers.delete("sec-websocket-extensions");
  }
  const answer = await exchange(
    socket,
    {
      method: request.method,
      target: request.target,
      host: plan.host,
      headers,
      body: request.body,
      upgrade: websocket ? "websocket" : undefined,
    },
    {
      timers: deps.timers,
      sendTimeoutMs: timeout.send * 1000,
      readTimeoutMs: timeout.read * 1000,
    },
  );
  const { status, reason } = answer.head;
  const clientHeaders = clientResponseHeaders(answer.head.headers, deps.server);
  if (status === 101) {
    const accept = answer.head.headers.get("sec-websocket-accept");
    if (accept !== (await acceptOf(key))) {
      await socket.close();
      throw new UpstreamFailure("broken", true, "the upstream's WebSocket handshake is not valid");
    }
    clientHeaders.delete("sec-websocket-accept");
    const webSocket = bridgeWebSocket(answer.source, socket, deps.randomBytes);
    return new Response(null, { status: 101, headers: clientHeaders, webSocket });
  }
  return new Response(answer.body, {
    status,
    statusText: reason,
    headers: clientHeaders,
    encodeBody: "manual",
  });
}

async function open(plan: DialPlan, limitMs: number, deps: DialDeps): Promise<Socket> {
  const { hostname, port, scheme } = plan;
  const late = () => new UpstreamFailure("timeout", false, `no connection within ${limitMs} ms`);
  let socket: Socket | undefined;
  try {
    const secureTransport = scheme === "https" ? "starttls" : "off";
    socket = deps.connect({ hostname, port }, { secureTransport, allowHalfOpen: true });
    await within(deps.timers, limitMs, socket.opened, late);
    if (scheme === "http") return socket;
    // The name that is asked for and verified is that of the Host, as APISIX does, not the node's.
    const secured = socket.startTls({ expectedServerHostname: plan.host.replace(/:\d+$/, "") });
    await within(deps.timers, limitMs, secured.opened, late);
    return secured;
  } catch (cause) {
    await socket?.close().catch(() => undefined);
    if (cause instanceof UpstreamFailure) throw cause;
    throw new UpstreamFailure("refused", false, `no connection to ${hostname}:${port}`, { cause });
  }
}
