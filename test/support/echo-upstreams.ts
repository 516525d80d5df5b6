import { createServer, type Server, type Socket } from "node:net";
import { listen } from "./scripted-upstream.ts";

/**
 * The upstreams of the recordings: each answers with what it received, as JSON. Request headers steer the
 * answer: `x-echo-status`, `x-echo-body`, `x-echo-type`, `x-echo-header: Name: value`, repeatable, and
 * `x-echo-delay: ms`; with `x-echo-close` there is none.
 */
export interface EchoUpstreams {
  /** By the port that the recordings know: the one on which it listens here. */
  readonly ports: ReadonlyMap<number, number>;
  stop(): void;
}

/** Recorded ports from here on have an upstream, */
const FIRST_PORT = 30_000;
/** as many as these; beyond them connections were refused. */
const COUNT = 64;

export async function startEchoUpstreams(): Promise<EchoUpstreams> {
  const servers: Server[] = [];
  const ports = new Map<number, number>();
  const sockets = new Set<Socket>();
  for (let recorded = FIRST_PORT; recorded < FIRST_PORT + COUNT; recorded++) {
    const server = createServer((socket) => {
      sockets.add(socket);
      socket.on("close", () => sockets.delete(socket));
      serve(socket, recorded, () => ports.get(recorded) ?? 0);
    });
    servers.push(server);
    ports.set(recorded, await listen(server));
  }
  return {
    ports,
    stop: () => {
      for (const server of servers) server.close();
      for (const socket of sockets) socket.destroy();
    },
  };
}

function serve(socket: Socket, recorded: number, port: () => number): void {
  let pending = Buffer.alloc(0);
  socket.setNoDelay(true);
  socket.on("error", () => socket.destroy());
  socket.on("data", (piece) => {
    pending = Buffer.concat([pending, piece]);
    for (let taken = take(pending); taken; taken = take(pending)) {
      pending = taken.rest;
      reply(socket, asRecorded(taken, recorded, port()), recorded);
    }
  });
}

function reply(socket: Socket, received: Received, port: number): void {
  const [delay = "0"] = valuesOf(received.headers, "x-echo-delay");
  if (valuesOf(received.headers, "x-echo-close").length > 0) {
    socket.destroy();
    return;
  }
  const send = () => {
    socket.write(answer(received, port));
    if (isLast(received)) socket.end();
  };
  if (Number(delay) > 0) setTimeout(send, Number(delay));
  else send();
}

interface Received {
  readonly method: string;
  readonly target: string;
  readonly headers: readonly (readonly [string, string])[];
  readonly body: Buffer;
  readonly rest: Buffer<ArrayBuffer>;
}

/** One request off the front; undefined while it is not whole. */
function take(pending: Buffer<ArrayBuffer>): Received | undefined {
  const end = pending.indexOf("\r\n\r\n");
  if (end < 0) return undefined;
  const [first = "", ...lines] = pending.subarray(0, end).toString("latin1").split("\r\n");
  const [method = "", target = ""] = first.split(" ");
  const headers = lines.map((line) => {
    const colon = line.indexOf(":");
    return [line.slice(0, colon), line.slice(colon + 1).trim()] as const;
  });
  const after = pending.subarray(end + 4);
  const isChunked = /chunked/i.test(valuesOf(headers, "transfer-encoding").join());
  const body = isChunked ? chunked(after) : sized(after, valuesOf(headers, "content-length")[0]);
  return body && { method, target, headers, ...body };
}

function sized(after: Buffer<ArrayBuffer>, length = "0") {
  const bytes = Number(length);
  if (after.length < bytes) return undefined;
  return { body: after.subarray(0, bytes), rest: after.subarray(bytes) };
}

function chunked(after: Buffer<ArrayBuffer>) {
  const pieces: Buffer[] = [];
  for (let at = 0; ; ) {
    const line = after.indexOf("\r\n", at);
    if (line < 0) return undefined;
    const size = Number.parseInt(after.subarray(at, line).toString("latin1"), 16);
    const next = line + 2 + size + 2;
    if (after.length < next) return undefined;
    if (size === 0) return { body: Buffer.concat(pieces), rest: after.subarray(next) };
    pieces.push(after.subarray(line + 2, line + 2 + size));
    at = next;
  }
}

/** The Host of a node names the port that it has here; the recordings know the other one. */
function asRecorded(received: Received, recorded: number, port: number): Received {
  const headers = received.headers.map(([name, value]) => {
    const isHost = name.toLowerCase() === "host";
    return [name, isHost ? value.replace(`:${port}`, `:${recorded}`) : value] as const;
  });
  return { ...received, headers };
}

function answer({ method, target, headers, body }: Received, port: number): Buffer {
  const [text] = valuesOf(headers, "x-echo-body");
  const seen = { port, method, uri: target, headers, body: bodyText(body) };
  const payload = Buffer.from(text ?? JSON.stringify(seen));
  const status = Number(valuesOf(headers, "x-echo-status")[0] ?? 200);
  const isBare = status === 204 || status === 304;
  const type = text === undefined ? "application/json" : "text/plain";
  const head = [
    `HTTP/1.1 ${status} Echo`,
    `content-type: ${valuesOf(headers, "x-echo-type")[0] ?? type}`,
    ...(isBare ? [] : [`content-length: ${payload.length}`]),
    `x-echo-port: ${port}`,
    // A Worker that passes several such lines on sends them as one.
    ...valuesOf(headers, "x-echo-header").flatMap((lines) => lines.split(/, (?=[\w-]+: )/)),
  ];
  const sent = isBare || method === "HEAD" ? [] : [payload];
  return Buffer.concat([Buffer.from(`${head.join("\r\n")}\r\n\r\n`, "latin1"), ...sent]);
}

function bodyText(body: Buffer): string | { readonly base64: string } {
  const text = body.toString();
  return Buffer.from(text).equals(body) ? text : { base64: body.toString("base64") };
}

const isLast = ({ headers }: Received) => /close/i.test(valuesOf(headers, "connection").join());

function valuesOf(headers: Received["headers"], name: string): string[] {
  return headers.filter(([key]) => key.toLowerCase() === name).map(([, value]) => value);
}
