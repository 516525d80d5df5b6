import type { Server } from "node:http";
import { serve } from "@hono/node-server";
import { Hono } from "hono";
import { createMetrics } from "./metrics.ts";
import { isReady, type StatusSources, statusReport } from "./status.ts";

/** `/healthz`, `/readyz`, `/status` and `/metrics`. */
export function createStatusApp(sources: () => StatusSources): Hono {
  const metrics = createMetrics();
  const app = new Hono();
  // Alive, whatever etcd and the store do: restarting the process would mend neither.
  app.get("/healthz", (c) => c.text("ok\n"));
  app.get("/readyz", (c) =>
    isReady(sources()) ? c.text("ready\n") : c.text("not ready; see /status\n", 503),
  );
  app.get("/status", (c) => c.json(statusReport(sources())));
  app.get("/metrics", async (c) =>
    c.body(await metrics.render(sources()), 200, { "content-type": metrics.contentType }),
  );
  app.notFound((c) => c.text("here are /healthz, /readyz, /status and /metrics\n", 404));
  return app;
}

export interface Listening {
  readonly port: number;
  close(): Promise<void>;
}

/** Listens; rejects with a sentence for a person when the address cannot be had. */
export function listen(
  app: Hono,
  address: { readonly host: string; readonly port: number },
): Promise<Listening> {
  return new Promise((resolve, reject) => {
    const server = serve(
      { fetch: app.fetch, hostname: address.host, port: address.port },
      ({ port }) => resolve({ port, close: () => close(server as Server) }),
    );
    server.on("error", (cause: NodeJS.ErrnoException) => {
      const where = `${address.host}:${address.port}`;
      const why = cause.code === "EADDRINUSE" ? "the port is in use" : cause.message;
      reject(
        new Error(`cannot listen on ${where}: ${why}; set STATUS_LISTEN to another address`, {
          cause,
        }),
      );
    });
  });
}

function close(server: Server): Promise<void> {
  server.closeAllConnections();
  return new Promise((resolve) => server.close(() => resolve()));
}
