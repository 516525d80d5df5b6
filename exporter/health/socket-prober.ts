import { once } from "node:events";
import { connect, isIP, type LookupFunction, type Socket } from "node:net";
import { connect as connectTls } from "node:tls";
import type { Probe, ProbeResult } from "../../shared/health/active-check.ts";
import type { Clock } from "../clock.ts";
import type { ProbeNode } from "./probe-node.ts";

export interface SocketProberOptions {
  readonly clock: Clock;
  /** PEM; whom to trust instead of Node's own list and NODE_EXTRA_CA_CERTS. */
  readonly ca?: string | undefined;
  /** Resolves names; the system's resolver where it is absent. */
  readonly lookup?: LookupFunction | undefined;
}

/**
 * Probes over a socket of its own, closed after the status line, as lua-resty-healthcheck does: no
 * redirects, no body to drain, nothing kept alive, and the request as it is configured.
 */
export function createSocketProber(options: SocketProberOptions): ProbeNode {
  return async (probe, signal) => {
    const attempt = new Attempt(probe, options);
    const close = () => attempt.close();
    signal.addEventListener("abort", close);
    try {
      return await attempt.run();
    } catch (error) {
      if (isOwnFault(error)) throw error;
      return "tcp-failure";
    } finally {
      signal.removeEventListener("abort", close);
      attempt.close();
    }
  };
}

const LATE = Symbol("late");
/** A reason of one's own, or each abort makes an exception, with a trace: a tenth of a probe's cost. */
const OVER = Symbol("over");

/** The status line comes first, and is short. */
const MAX_STATUS_LINE = 8 * 1024;

class Attempt {
  readonly #probe: Probe;
  readonly #options: SocketProberOptions;
  readonly #closed = new AbortController();
  readonly #sockets: Socket[] = [];

  constructor(probe: Probe, options: SocketProberOptions) {
    this.#probe = probe;
    this.#options = options;
  }

  /** Every step has the whole time, as a socket's time-out in OpenResty. */
  async run(): Promise<ProbeResult> {
    const { type, host, port } = this.#probe;
    const { lookup } = this.#options;
    const socket = this.#opened(connect({ host, port, ...(lookup ? { lookup } : {}) }));
    let isResolved = isIP(host) !== 0;
    socket.on("lookup", () => {
      isResolved = true;
    });
    if ((await this.#step(this.#event(socket, "connect"))) === LATE) {
      // The resolver is asked for all nodes alike; while it is silent none of them can be judged.
      if (!isResolved) throw new UnresolvedError(`${host} was not resolved in time`);
      return "timeout";
    }
    if (type === "tcp") return "connected";
    const stream = type === "https" ? await this.#secured(socket) : socket;
    if (stream === LATE) return "tcp-failure";
    stream.write(requestText(this.#probe));
    const line = await this.#step(this.#statusLine(stream));
    return line === LATE ? "timeout" : { status: statusIn(line) };
  }

  close(): void {
    this.#closed.abort(OVER);
    for (const socket of this.#sockets) socket.destroy();
  }

  /** A handshake that fails counts as no connection, be it late. */
  async #secured(socket: Socket): Promise<Socket | typeof LATE> {
    const { hostHeader, verifyCertificate } = this.#probe;
    const name = nameOf(hostHeader);
    const { ca } = this.#options;
    const secured = this.#opened(
      connectTls({
        socket,
        // TLS asks for names only; an address is held against the certificate all the same.
        ...(isIP(name) === 0 ? { servername: name } : { host: name }),
        rejectUnauthorized: verifyCertificate,
        ...(ca === undefined ? {} : { ca }),
      }),
    );
    const done = await this.#step(this.#event(secured, "secureConnect"));
    return done === LATE ? LATE : secured;
  }

  #opened<S extends Socket>(socket: S): S {
    this.#sockets.push(socket);
    // Between two steps nobody else listens, and an error without a listener ends the process.
    socket.on("error", () => undefined);
    return socket;
  }

  async #event(socket: Socket, name: "connect" | "secureConnect"): Promise<unknown> {
    return once(socket, name, { signal: this.#closed.signal });
  }

  async #step<T>(done: Promise<T>): Promise<T | typeof LATE> {
    const over = new AbortController();
    const { clock } = this.#options;
    const late = clock.sleep(this.#probe.timeoutMs, over.signal).then((): typeof LATE => LATE);
    // Whichever comes second has nobody who waits for it.
    done.catch(() => undefined);
    try {
      return await Promise.race([done, late]);
    } finally {
      over.abort(OVER);
    }
  }

  /** Rejects where the connection ends before the line does. */
  #statusLine(stream: Socket): Promise<string> {
    return new Promise((resolve, reject) => {
      let text = "";
      stream.on("data", (piece: Buffer) => {
        text += piece.toString("latin1");
        if (text.includes("\n") || text.length > MAX_STATUS_LINE) resolve(text);
      });
      stream.once("error", reject);
      stream.once("close", () => reject(new Error("closed before it answered")));
      stream.once("end", () => reject(new Error("ended before it answered")));
    });
  }
}

function requestText({ method, path, headers, hostHeader, body }: Probe): string {
  const lines = [
    `${method} ${path} HTTP/1.1`,
    "Connection: close",
    ...headers.map(([name, value]) => `${name}: ${value}`),
    `Host: ${hostHeader}`,
    ...(body === "" ? [] : [`Content-Length: ${Buffer.byteLength(body)}`]),
  ];
  return `${lines.join("\r\n")}\r\n\r\n${body}`;
}

/** 0 where it is no status line of HTTP. */
function statusIn(text: string): number {
  return Number(/^HTTP\/\d+\.\d+\s+(\d{1,9})/i.exec(text)?.[1] ?? 0);
}

/** The name in a Host header, without port and brackets. */
function nameOf(hostHeader: string): string {
  return hostHeader.replace(/:\d+$/, "").replace(/^\[|\]$/g, "");
}

/** Codes that tell of this machine and its resolver rather than of the node. */
const OWN_FAULTS: ReadonlySet<unknown> = new Set([
  "EMFILE",
  "ENFILE",
  "ENOBUFS",
  "ENOMEM",
  "EADDRNOTAVAIL",
  "EAI_AGAIN",
]);

class UnresolvedError extends Error {}

function isOwnFault(error: unknown): boolean {
  if (error instanceof UnresolvedError) return true;
  return error instanceof Error && "code" in error && OWN_FAULTS.has(error.code);
}
