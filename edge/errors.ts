import { contentTypeOf, errorPage, errorPageType } from "./error-page.ts";

/** Who is at fault, for the log. */
export type Fault = "downstream" | "upstream" | "gateway";

/** A request that the gateway answers itself. Becomes a response in one place: `errorResponse`. */
export class GatewayError extends Error {
  readonly fault: Fault;
  readonly status: number;
  /** The text of APISIX's `error_msg`; without one the body is nginx's page. */
  readonly errorMsg: string | undefined;
  readonly headers: Readonly<Record<string, string>>;

  constructor(
    fault: Fault,
    status: number,
    reason: string,
    options: ErrorOptions & {
      readonly errorMsg?: string;
      readonly headers?: Readonly<Record<string, string>>;
    } = {},
  ) {
    super(reason, options);
    this.name = "GatewayError";
    this.fault = fault;
    this.status = status;
    this.errorMsg = options.errorMsg;
    this.headers = options.headers ?? {};
  }
}

/** The answer as APISIX would send it. `path` is the request's, without the query. */
export function errorResponse(error: GatewayError, path: string): Response {
  const headers = new Headers(error.headers);
  if (error.errorMsg !== undefined) {
    headers.set("content-type", contentTypeOf(path));
    const body = `${JSON.stringify({ error_msg: error.errorMsg })}\n`;
    return new Response(body, { status: error.status, headers });
  }
  const page = errorPage(error.status);
  if (page === "") return new Response(null, { status: error.status, headers });
  headers.set("content-type", errorPageType(error.status));
  return new Response(page, { status: error.status, headers });
}

export function noRoute(): GatewayError {
  return new GatewayError("downstream", 404, "no route", { errorMsg: "404 Route Not Found" });
}

export function nothingLoaded(): GatewayError {
  const errorMsg = "no configuration could be loaded yet; see the status endpoint for the reason";
  return new GatewayError("gateway", 503, errorMsg, { errorMsg, headers: { "retry-after": "5" } });
}

/** A body of the snapshot that could not be read, or a mistake of ours: try again, but never pass. */
export function unexpected(cause: unknown): GatewayError {
  const reason = cause instanceof Error ? `${cause.name}: ${cause.message}` : String(cause);
  const errorMsg = "this part of the configuration cannot be read at the moment";
  return new GatewayError("gateway", 503, reason, {
    cause,
    errorMsg,
    headers: { "retry-after": "1" },
  });
}
