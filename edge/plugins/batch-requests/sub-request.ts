import type { Exchange } from "../exchange.ts";
import type { Batch, BatchedRequest, Fields } from "./read-batch.ts";

/** Of the client's own headers: the answers are put into JSON, where a coded body would be garbage. */
const NOT_PASSED_ON = new Set(["accept-encoding", "host"]);
/** Speak of the batch, not of what is in it. */
const OF_THE_BODY = ["content-length", "transfer-encoding"];
/** With which a `Request` takes no body. */
const WITHOUT_BODY = new Set(["GET", "HEAD"]);

/**
 * One request of a batch, as a client could have sent it by itself. Undefined where it cannot be sent:
 * a header, path or method that HTTP does not allow.
 */
export function subRequest(
  item: BatchedRequest,
  batch: Batch,
  exchange: Exchange,
  signal: AbortSignal,
): Request | undefined {
  if (!item.path.startsWith("/")) return undefined;
  try {
    const headers = headersOf(item, batch, exchange.request.headers);
    const host = headers.get("host") ?? exchange.client.hostHeader;
    headers.set("host", host);
    const { method } = item;
    const body = WITHOUT_BODY.has(method) ? undefined : item.body;
    const url = `${exchange.client.scheme}://${host}${targetOf(item, batch)}`;
    return new Request(url, { method, headers, redirect: "manual", signal, ...(body && { body }) });
  } catch {
    return undefined;
  }
}

/** What the request itself names wins over what the batch does, and that over the client's own. */
function headersOf(item: BatchedRequest, batch: Batch, own: Headers): Headers {
  const headers = new Headers();
  for (const [name, value] of own) {
    const isPassedOn = !NOT_PASSED_ON.has(name) && !name.startsWith("content-");
    if (isPassedOn) headers.append(name, value);
  }
  for (const fields of [batch.headers, item.headers]) {
    for (const name of Object.keys(fields)) headers.delete(name);
    for (const [name, value] of Object.entries(fields)) {
      for (const text of textsOf(value)) headers.append(name, text);
    }
  }
  for (const name of OF_THE_BODY) headers.delete(name);
  return headers;
}

function targetOf({ path, query: own }: BatchedRequest, { query: common }: Batch): string {
  const query = encodeFields({ ...common, ...own });
  if (query === "") return path;
  return `${path}${path.includes("?") ? "&" : "?"}${query}`;
}

/** As `ngx.encode_args`: `true` is a name alone, `false` is nothing, a list is the name again and again. */
function encodeFields(fields: Fields): string {
  const pairs = Object.entries(fields).flatMap(([name, value]) => {
    const encoded = encodeURIComponent(name);
    if (value === true) return [encoded];
    if (value === false) return [];
    return textsOf(value).map((text) => `${encoded}=${encodeURIComponent(text)}`);
  });
  return pairs.join("&");
}

function textsOf(value: unknown): string[] {
  if (Array.isArray(value)) return value.flatMap(textsOf);
  return typeof value === "object" ? [] : [String(value)];
}
