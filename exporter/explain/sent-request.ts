import { parseForm } from "../../shared/request/form.ts";
import {
  type ReadingSettings,
  type ReadRequest,
  readRequest,
} from "../../shared/request/read-request.ts";
import type { RequestVariables, Surroundings } from "../../shared/request/variables.ts";
import { DEFAULT_URI_SETTINGS, type UriSettings } from "../../shared/routing/matching-uri.ts";

/** A request as a person writes it down. */
export interface WrittenRequest {
  readonly method: string;
  /** A whole URL; or a path, then there is a Host header. */
  readonly url: string;
  readonly headers: readonly (readonly [name: string, value: string])[];
  /** Undefined: none is known. */
  readonly clientAddress?: string | undefined;
  readonly body?: Uint8Array | undefined;
}

/** The edge worker's settings of these names. */
export interface EdgeReading {
  readonly uri?: UriSettings;
  readonly listenPort?: number | undefined;
}

/** A request as the edge reads it. */
export interface SentRequest extends ReadRequest {
  readonly variables: RequestVariables;
  readonly args: readonly (readonly [name: string, value: string | true])[];
}

/** What was written down is no request; the message says what is wanted. */
export class RequestError extends Error {
  override readonly name = "RequestError";
}

/** The edge's setting MAX_MATCHING_BODY_KB, where nobody changed it. */
const MAX_BODY_BYTES = 1024 * 1024;
const CLIENT_IP_HEADER = "cf-connecting-ip";

/** Undefined where the edge answers 400. Throws `RequestError`. */
export function readWritten(
  written: WrittenRequest,
  { uri = DEFAULT_URI_SETTINGS, listenPort }: EdgeReading,
  surroundings: Omit<Surroundings, "maxBodyBytes">,
): SentRequest | undefined {
  const headers = headersOf(written);
  const url = urlOf(written.url, headers.get("host"));
  const { body } = written;
  const request = {
    method: written.method.toUpperCase(),
    url: url.href,
    headers,
    body: body ? new Blob([new Uint8Array(body)]).stream() : null,
  };
  const settings: ReadingSettings = {
    clientIpHeader: CLIENT_IP_HEADER,
    trustedProxies: undefined,
    listenPort,
    uri,
  };
  const limits = { ...surroundings, maxBodyBytes: MAX_BODY_BYTES };
  const read = readRequest(request, settings, limits);
  if (!read) return undefined;
  const isLong = body !== undefined && body.length > MAX_BODY_BYTES;
  const variables = read.variables.withBody(isLong ? "too long" : (body ?? new Uint8Array()));
  const facts = { ...read.facts, variables };
  return { ...read, facts, variables, args: parseForm(url.search.slice(1)) };
}

function headersOf({ headers: lines, clientAddress, body }: WrittenRequest): Headers {
  const headers = new Headers();
  for (const [name, value] of lines) {
    try {
      headers.append(name, value);
    } catch (cause) {
      const line = JSON.stringify(`${name}: ${value}`);
      throw new RequestError(`${line} is no header`, { cause });
    }
  }
  if (clientAddress !== undefined) headers.set(CLIENT_IP_HEADER, clientAddress);
  if (body && !headers.has("content-length")) headers.set("content-length", String(body.length));
  return headers;
}

function urlOf(text: string, host: string | null): URL {
  if (text.startsWith("/") && host === null) {
    throw new RequestError(`${text} says no host: give a whole URL, or -H 'Host: …'`);
  }
  const url = URL.parse(text.startsWith("/") ? `http://${host}${text}` : text);
  if (url?.protocol === "http:" || url?.protocol === "https:") return url;
  throw new RequestError(`${JSON.stringify(text)} is neither an http(s) URL nor a path`);
}
