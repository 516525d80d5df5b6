import { contentTypeOf, errorPage, errorPageType } from "../error-page.ts";

/** A plugin's answer in the upstream's place. Its headers are the exchange's `answerHeaders`. */
export interface Exit {
  readonly status: number;
  /**
   * An object or array becomes JSON and a line feed. Absent: nginx's page for a status from 300 on, else
   * nothing.
   */
  readonly body?: string | Uint8Array | ReadableStream<Uint8Array> | JsonBody | undefined;
  /** `upstream`: somebody else has said it, and the plugin passes it on. The plugin's own, if left out. */
  readonly source?: "upstream" | undefined;
}

export type JsonBody = Readonly<Record<string, unknown>> | readonly unknown[];

/** `{"message": …}`, as most plugins answer. */
export function exitWith(status: number, message: string): Exit {
  return { status, body: { message } };
}

/** As APISIX would send it; `path` is the request's, without the query. Takes over `headers`. */
export function exitResponse({ status, body }: Exit, path: string, headers: Headers): Response {
  if (body === undefined) return pageResponse(status, headers);
  if (!headers.has("content-type")) headers.set("content-type", ownType(status, path));
  const bytes = WITHOUT_BODY.has(status) ? null : bytesOf(body);
  // A coding that the headers name is the body's own; the platform would add another.
  return new Response(bytes, { status, headers, encodeBody: "manual" });
}

/** nginx adds the charset to all but these two redirects. */
function ownType(status: number, path: string): string {
  const type = contentTypeOf(path);
  return status === 301 || status === 302 ? type.replace(/;.*$/, "") : type;
}

/** Statuses with which a `Response` takes no body. */
const WITHOUT_BODY = new Set([101, 204, 205, 304]);

function pageResponse(status: number, headers: Headers): Response {
  const page = status >= 300 && !WITHOUT_BODY.has(status) ? errorPage(status) : "";
  if (page === "") return new Response(null, { status, headers });
  headers.set("content-type", errorPageType(status));
  return new Response(page, { status, headers });
}

function bytesOf(body: NonNullable<Exit["body"]>): BodyInit {
  if (typeof body === "string" || body instanceof Uint8Array || body instanceof ReadableStream) {
    return body;
  }
  return `${JSON.stringify(body)}\n`;
}
