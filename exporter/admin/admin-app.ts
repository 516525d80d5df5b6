import type { IncomingMessage } from "node:http";
import { type Context, Hono, type MiddlewareHandler } from "hono";
import type { ContentfulStatusCode } from "hono/utils/http-status";
import { type IpRanges, isIpAddress } from "../../shared/routing/ip-ranges.ts";
import { EtcdError } from "../etcd/transport.ts";
import { errorText, type Log } from "../log.ts";
import type { AccessControl } from "./access.ts";
import type { AdminApi, AdminCall } from "./admin-api.ts";
import type { AdminKey } from "./admin-keys.ts";
import { type Answer, Refusal } from "./answer.ts";
import { readBytes, readRequestBody } from "./request-body.ts";
import { readUiFile } from "./ui-files.ts";
import type { Change } from "./write-deps.ts";

export interface AdminAppDeps {
  readonly api: AdminApi;
  readonly access: AccessControl;
  /** Whose calls are answered at all. */
  readonly allowed: IpRanges;
  readonly cors: boolean;
  /** A built Dashboard; undefined: there is none. */
  readonly uiFolder: string | undefined;
  readonly log: Log;
}

/** What the Node server gives every request along. */
interface Bindings {
  readonly incoming: Pick<IncomingMessage, "socket">;
}

type AdminContext = Context<{ Bindings: Bindings }>;

/**
 * Says what this is, and which API it speaks: ADC reads a number behind `APISIX/`, and leaves credentials
 * alone where it is older than 3.11.0.
 */
const SERVER = "Snapgate APISIX/3.18.0";

const BASE = "/apisix/admin";

const CORS = {
  "access-control-allow-origin": "*",
  "access-control-allow-credentials": "true",
  "access-control-expose-headers": "*",
  "access-control-max-age": "3600",
};

const CORS_OF_OPTIONS = {
  "access-control-allow-methods": "POST, GET, PUT, OPTIONS, DELETE, PATCH",
  "access-control-allow-headers": "*",
};

/** The Admin API over HTTP: who may call, how a call is read, how its answer is written. */
export function createAdminApp(deps: AdminAppDeps): Hono<{ Bindings: Bindings }> {
  const app = new Hono<{ Bindings: Bindings }>();
  app.use(allowed(deps), common(deps));
  // Hono answers HEAD as it would GET. ADC asks without a key, for the Server header alone.
  app.get(BASE, (c) =>
    c.req.raw.method === "HEAD"
      ? c.body(null, 200, { "content-type": "application/json" })
      : page(c, 404, "Not Found"),
  );
  app.options(`${BASE}/*`, (c) => c.body(null, 200, deps.cors ? CORS_OF_OPTIONS : {}));
  app.all(`${BASE}/*`, (c) => answer(c, deps));
  const { uiFolder } = deps;
  if (uiFolder !== undefined) {
    app.get("/ui", (c) => c.redirect("/ui/"));
    app.get("/ui/*", (c) => uiAnswer(c, uiFolder));
  }
  app.notFound((c) => page(c, 404, "Not Found"));
  app.onError((error, c) => {
    const { method, path } = c.req;
    deps.log.error("an Admin API call failed", { method, path, error: errorText(error) });
    return json(c, { status: 500, body: { error_msg: "internal error" } });
  });
  return app;
}

function allowed({
  allowed: ranges,
  log,
}: AdminAppDeps): MiddlewareHandler<{ Bindings: Bindings }> {
  return async (c, next) => {
    const address = clientAddress(c);
    if (address !== undefined && ranges.has(address)) return next();
    log.warn("an Admin API call from an address that is not allowed", { client: address });
    return page(c, 403, "Forbidden");
  };
}

function common({ cors }: AdminAppDeps): MiddlewareHandler<{ Bindings: Bindings }> {
  return async (c, next) => {
    await next();
    c.res.headers.set("server", SERVER);
    if (!cors) return;
    for (const [name, value] of Object.entries(CORS)) c.res.headers.set(name, value);
  };
}

async function answer(c: AdminContext, deps: AdminAppDeps): Promise<Response> {
  const { method } = c.req;
  const access = deps.access.check(c.req.raw, method);
  if (access.is === "denied") {
    deps.log.warn("an Admin API call was denied", { why: access.why, client: clientAddress(c) });
    const body = { error_msg: "failed to check token", description: access.why };
    return json(c, { status: 401, body });
  }
  const segments = decodedSegments(c.req.raw);
  if (segments === undefined || segments.length === 0) return page(c, 404, "Not Found");
  // As in APISIX.
  const own = segments[0] === "configs" ? {} : { "x-api-version": "v3" };
  try {
    const found = await deps.api.answer(toCall(c, segments, access.key, deps.log));
    if (!found) return page(c, 404, "Not Found");
    return json(c, found, own);
  } catch (error) {
    if (error instanceof Refusal) return json(c, error.answer, own);
    if (!(error instanceof EtcdError)) throw error;
    // Of a write without an answer it is unknown whether it was made: this is its line of the audit.
    const { name: by, role } = access.key;
    const call = { by, role, method, path: c.req.path, client: clientAddress(c) };
    const reason = { error: errorText(error) };
    deps.log.warn("etcd did not do what an Admin API call needs", { ...call, ...reason });
    // Such as a value that is larger than etcd takes: the same call will never succeed.
    const status = error.kind === "refused" ? 400 : 503;
    return json(c, { status, body: { error_msg: error.message } });
  }
}

function toCall(c: AdminContext, segments: readonly string[], key: AdminKey, log: Log): AdminCall {
  const method = c.req.method === "HEAD" ? "GET" : c.req.method;
  const header = (name: string) => c.req.header(name) ?? undefined;
  const query = new URL(c.req.url).searchParams;
  return {
    method,
    role: key.role,
    segments,
    query,
    preconditions: { ifMatch: header("if-match"), ifNoneMatch: header("if-none-match") },
    header,
    body: (mostBytes) => readRequestBody(c.req.raw, mostBytes),
    bytes: (mostBytes) => readBytes(c.req.raw, mostBytes),
    onChange: (change) => audit(log, change, { c, method, key, query }),
  };
}

/** One line a write: who, what, from where, and between which revisions. */
function audit(
  log: Log,
  { key: changed, before, revision }: Change,
  by: {
    readonly c: AdminContext;
    readonly method: string;
    readonly key: AdminKey;
    readonly query: URLSearchParams;
  },
): void {
  const options = ["force", "ttl"].flatMap((name) => {
    const value = by.query.get(name);
    return value === null ? [] : [[name, value]];
  });
  log.info("admin write", {
    by: by.key.name,
    role: by.key.role,
    method: by.method,
    key: changed,
    before: before ?? null,
    after: revision,
    client: clientAddress(by.c),
    ...Object.fromEntries(options),
  });
}

async function uiAnswer(c: AdminContext, folder: string): Promise<Response> {
  const path = decodedPath(c.req.raw);
  const file = path && (await readUiFile(folder, path.slice("/ui/".length)));
  if (!file) return page(c, 404, "Not Found");
  return c.body(file.bytes, 200, {
    "content-type": file.contentType,
    "cache-control": file.isImmutable ? "public, max-age=31536000, immutable" : "no-cache",
    "x-content-type-options": "nosniff",
    "x-frame-options": "SAMEORIGIN",
  });
}

function json(c: AdminContext, { status, body, headers }: Answer, more = {}): Response {
  if (status === 204) return c.body(null, 204, { ...more, ...headers });
  const all = { "content-type": "application/json", ...more, ...headers };
  const text = typeof body === "string" ? body : body === undefined ? "" : JSON.stringify(body);
  return c.body(text, status as ContentfulStatusCode, all);
}

/** As nginx answers for APISIX where no Lua code runs. */
function page(c: AdminContext, status: 403 | 404, reason: string): Response {
  const title = `${status} ${reason}`;
  const lines = [
    `<html>\r\n<head><title>${title}</title></head>`,
    `<body>\r\n<center><h1>${title}</h1></center>\r\n</body>\r\n</html>\r\n`,
  ];
  return c.html(lines.join("\r\n"), status);
}

/** Of the connection itself: a header can say anything. */
function clientAddress(c: AdminContext): string | undefined {
  const address = c.env.incoming.socket.remoteAddress?.replace(/^::ffff:(?=\d+\.)/i, "");
  return address !== undefined && isIpAddress(address) ? address : undefined;
}

/** Decoded as nginx does before it looks at a path; undefined where that cannot be done. */
function decodedPath(request: Request): string | undefined {
  try {
    return decodeURIComponent(new URL(request.url).pathname);
  } catch {
    return undefined;
  }
}

function decodedSegments(request: Request): readonly string[] | undefined {
  const path = decodedPath(request);
  return path
    ?.slice(BASE.length)
    .split("/")
    .filter((segment) => segment !== "");
}
