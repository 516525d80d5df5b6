import { createHash, timingSafeEqual } from "node:crypto";
import { Hono } from "hono";
import { bodyLimit } from "hono/body-limit";
import { EdgeMetrics, UnusableMetrics } from "./edge-metrics.ts";

/** One isolate's counts of 20 s are far shorter. */
const MOST_BYTES = 4 * 1024 * 1024;
const CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8";

/** `/edge-metrics`: edges that know `token` push there (POST), Prometheus reads the sums (GET). */
export function createEdgeMetricsApp(token: string): Hono {
  const metrics = new EdgeMetrics();
  const wanted = digestOf(`Bearer ${token}`);
  const app = new Hono();
  app.get("/", (c) => c.body(metrics.render(), 200, { "content-type": CONTENT_TYPE }));
  app.post(
    "/",
    async (c, next) => {
      const sent = digestOf(c.req.header("authorization") ?? "");
      if (!timingSafeEqual(sent, wanted)) return c.text("a Bearer token is needed\n", 401);
      return next();
    },
    bodyLimit({ maxSize: MOST_BYTES, onError: (c) => c.text("the push is too long\n", 413) }),
    async (c) => {
      try {
        metrics.add(await c.req.text());
        return c.body(null, 204);
      } catch (error) {
        if (!(error instanceof UnusableMetrics)) throw error;
        return c.text(`${error.message}\n`, 400);
      }
    },
  );
  return app;
}

/** Of one length, which comparing in constant time needs. */
function digestOf(text: string): Buffer {
  return createHash("sha256").update(text).digest();
}
