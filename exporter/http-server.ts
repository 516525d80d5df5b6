import { createServer, type Server } from "node:http";
import { createServer as createTlsServer } from "node:https";
import { serve } from "@hono/node-server";
import { Hono } from "hono";
import type { Clock } from "./clock.ts";
import type { ServerTls } from "./config/admin-config.ts";
import type { ListenAddress } from "./config/listen-address.ts";
import { waitUntilLive } from "./live-revision.ts";
import { createMetrics } from "./metrics.ts";
import { isReady, type StatusSources, statusReport } from "./status.ts";

/** `/healthz`, `/readyz`, `/status` and `/metrics`. */
export function createStatusApp(sources: () => StatusSources, clock: Clock): Hono {
  const metrics = createMetrics();
  const app = new Hono();
  // Alive, whatever etcd and the store do: restarting the process would mend neither.
  app.get("/healthz", (c) => c.text("ok\n"));
  app.get("/readyz", (c) =>
    isReady(sources()) ? c.text("ready\n") : c.text("not ready; see /status\n", 503),
  );
  app.get("/status", async (c) => {
    const wait = readWait(new URL(c.req.url).searchParams);
    if (typeof wait === "string") return c.text(`${wait}\n`, 400);
    const { signal } = c.req.raw;
    const isLive =
      !wait || (await waitUntilLive(wait.revision, sources, { ...wait, clock, signal }));
    return c.json(statusReport(sources()), isLive ? 200 : 504);
  });
  app.get("/metrics", async (c) =>
    c.body(await metrics.render(sources()), 200, { "content-type": metrics.contentType }),
  );
  app.notFound((c) => c.text("here are /healthz, /readyz, /status and /metrics\n", 404));
  return app;
}

const WAIT_MS = 10_000;
const LONGEST_WAIT_MS = 60_000;

/** `wait_for_revision`, and `timeout` in seconds, `500ms` or `10s`; a text is what is wrong. */
function readWait(query: URLSearchParams) {
  const wanted = query.get("wait_for_revision");
  if (wanted === null) return undefined;
  const revision = Number(wanted);
  if (!/^\d+$/.test(wanted) || !Number.isSafeInteger(revision)) {
    return "wait_for_revision: want the number of an X-Snapgate-Revision header";
  }
  const timeout = query.get("timeout");
  const [, amount, unit] = /^(\d+(?:\.\d+)?)(ms|s)?$/.exec(timeout ?? `${WAIT_MS}ms`) ?? [];
  const limitMs = Number(amount) * (unit === "ms" ? 1 : 1000);
  if (amount === undefined || limitMs > LONGEST_WAIT_MS) {
    return `timeout: want seconds such as 10, or 500ms, at most ${LONGEST_WAIT_MS / 1000} s`;
  }
  return { revision, limitMs };
}

export interface Listening {
  readonly port: number;
  close(): Promise<void>;
}

/** What of an address is not in it: the setting to change, and TLS. */
export interface ListenOptions {
  readonly setting: string;
  readonly tls?: ServerTls | undefined;
  /** How long `close` waits for the answers under way; without it they are cut off. */
  readonly patience?: Patience;
}

export interface Patience {
  readonly clock: Clock;
  readonly limitMs: number;
}

/** Listens; rejects with a sentence for a person when the address cannot be had. */
export function listen(
  app: Pick<Parameters<typeof serve>[0], "fetch">,
  address: ListenAddress,
  { setting, tls, patience }: ListenOptions,
): Promise<Listening> {
  return new Promise((resolve, reject) => {
    const where = { fetch: app.fetch, hostname: address.host, port: address.port };
    const server = serve(
      tls
        ? { ...where, createServer: createTlsServer, serverOptions: tlsOptions(tls) }
        : { ...where, createServer },
      ({ port }) => resolve({ port, close: () => close(server as Server, patience) }),
    );
    server.on("error", (cause: NodeJS.ErrnoException) => {
      const why = cause.code === "EADDRINUSE" ? "the port is in use" : cause.message;
      const remedy = `set ${setting} to another address`;
      const text = `cannot listen on ${address.host}:${address.port}: ${why}; ${remedy}`;
      reject(new Error(text, { cause }));
    });
  });
}

function tlsOptions({ cert, key, clientCa }: ServerTls) {
  const ofClients = clientCa === undefined ? {} : { ca: clientCa, requestCert: true };
  return { cert, key, rejectUnauthorized: true, ...ofClients };
}

const LOOK_EVERY_MS = 25;

async function close(server: Server, patience: Patience | undefined): Promise<void> {
  const isClosed = new AbortController();
  server.close(() => isClosed.abort());
  const end = patience ? patience.clock.now() + patience.limitMs : 0;
  while (patience && !isClosed.signal.aborted && patience.clock.now() < end) {
    server.closeIdleConnections();
    await patience.clock.sleep(LOOK_EVERY_MS, isClosed.signal);
  }
  server.closeAllConnections();
  if (isClosed.signal.aborted) return;
  await new Promise((resolve) => isClosed.signal.addEventListener("abort", resolve));
}
