import type { JsonValue, Variables } from "../expression/variables.ts";
import { BodyValues, type ReadBody } from "./body-values.ts";
import type { Client } from "./client.ts";
import { parseCookies } from "./cookies.ts";
import { edgeName } from "./edge-name.ts";
import { firstValues, parseForm } from "./form.ts";
import { type GraphqlDocument, parseGraphql } from "./graphql.ts";
import { msec, timeIso8601, timeLocal } from "./times.ts";

/** What a request is before anything happened to it. */
export interface RequestHead {
  readonly request: HeadOfRequest;
  /** The variable `uri`. */
  readonly uri: string;
  /** nginx's `$host`. */
  readonly host: string;
  readonly client: Client;
  /** The port that was listened on. */
  readonly port: number;
  readonly rawTarget: string;
}

/** As much of a request as variables need. */
export type HeadOfRequest = Pick<Request, "method" | "headers" | "body">;

/** What variables need from outside of the request. */
export interface Surroundings {
  /** Milliseconds since 1970. */
  now(): number;
  /** 32 hexadecimal digits, other ones every time. */
  requestId(): string;
  /** Bodies beyond it are not looked into. */
  readonly maxBodyBytes: number;
}

type Value = JsonValue | undefined;

/** What the matched path has captured, by name. */
export type Captures = Readonly<Record<string, string>>;

/**
 * The variables of one request that there are before it has an answer (reference, part 6). Making one
 * costs nothing; what is asked for is worked out once. Any that is not known here is undefined.
 */
export class RequestVariables implements Variables {
  readonly #head: RequestHead;
  readonly #surroundings: Surroundings;
  readonly #body: BodyValues | undefined;
  readonly #captures: Captures;
  #known: Map<string, Value> | undefined;
  #args: ReadonlyMap<string, string | true> | undefined;
  #cookies: ReadonlyMap<string, string> | undefined;
  #graphql: { readonly document: GraphqlDocument | undefined } | undefined;
  #bodyValues: BodyValues | undefined;

  constructor(
    head: RequestHead,
    surroundings: Surroundings,
    more: {
      readonly body?: BodyValues;
      readonly captures?: Captures;
      readonly known?: Map<string, Value>;
    } = {},
  ) {
    this.#head = head;
    this.#surroundings = surroundings;
    this.#body = more.body;
    this.#captures = more.captures ?? NO_CAPTURES;
    this.#known = more.known;
  }

  /** The same request with its body, for those who met `BodyNeeded`. */
  withBody(body: ReadBody): RequestVariables {
    const { request } = this.#head;
    const values = new BodyValues(request, this.#surroundings.maxBodyBytes, body);
    return this.#with({ body: values, captures: this.#captures });
  }

  /** The same request with `uri_param_*`, which there are once a route has matched. */
  withCaptures(captures: Captures): RequestVariables {
    return this.#with({ ...(this.#body ? { body: this.#body } : {}), captures });
  }

  /** The same request after a plugin changed what it says; `withBody` and `withCaptures` are kept. */
  withHead(change: Partial<RequestHead>, body?: ReadBody): RequestVariables {
    const head = { ...this.#head, ...change };
    const { maxBodyBytes } = this.#surroundings;
    // A request keeps its id, whatever is changed of it.
    const id = this.#known?.get("request_id");
    return new RequestVariables(head, this.#surroundings, {
      ...(id === undefined ? {} : { known: new Map([["request_id", id]]) }),
      ...(body === undefined ? {} : { body: new BodyValues(head.request, maxBodyBytes, body) }),
      captures: this.#captures,
    });
  }

  get(name: string): Value {
    if (name.startsWith("uri_param_")) return ownValue(this.#captures, name.slice(10));
    this.#known ??= new Map();
    const known = this.#known.get(name);
    if (known !== undefined || this.#known.has(name)) return known;
    const value = this.#find(name);
    this.#known.set(name, value);
    return value;
  }

  #with(more: { readonly body?: BodyValues; readonly captures: Captures }): RequestVariables {
    this.#known ??= new Map();
    return new RequestVariables(this.#head, this.#surroundings, { ...more, known: this.#known });
  }

  #find(name: string): Value {
    if (name.startsWith("arg_")) return this.#arg(name.slice(4));
    const isHeader = name.startsWith("http_");
    const nginxName = isHeader ? name.toLowerCase().replaceAll("-", "_") : name;
    const plain = PLAIN.get(nginxName);
    if (plain) return plain(this.#head, this.#surroundings);
    if (isHeader) return sentHeader(this.#head.request, nginxName.slice(5));
    if (name.startsWith("cookie_")) return this.#cookie(name.slice(7));
    if (name.startsWith("post_arg_")) return this.#values().formField(name.slice(9));
    if (name.startsWith("post_arg.")) return this.#values().field(name.slice(9));
    if (name.startsWith("graphql_")) return this.#graphqlValue(name.slice(8));
    return undefined;
  }

  #arg(name: string): string | true | undefined {
    this.#args ??= firstValues(parseForm(queryOf(this.#head.rawTarget) ?? ""));
    return this.#args.get(name);
  }

  #cookie(name: string): string | undefined {
    this.#cookies ??= parseCookies(this.#head.request.headers.get("cookie") ?? "");
    return this.#cookies.get(name);
  }

  #values(): BodyValues {
    if (this.#body) return this.#body;
    const { maxBodyBytes } = this.#surroundings;
    this.#bodyValues ??= new BodyValues(this.#head.request, maxBodyBytes, undefined);
    return this.#bodyValues;
  }

  #graphqlValue(name: string): Value {
    this.#graphql ??= { document: this.#graphqlDocument() };
    const { document } = this.#graphql;
    if (document === undefined) return undefined;
    if (name === "name") return document.name;
    if (name === "operation") return document.operation;
    return name === "root_fields" ? document.rootFields : undefined;
  }

  #graphqlDocument(): GraphqlDocument | undefined {
    const { method } = this.#head.request;
    if (method === "POST") return this.#values().graphql();
    const query = method === "GET" ? this.#arg("query") : undefined;
    return typeof query === "string" ? parseGraphql(query) : undefined;
  }
}

const NO_CAPTURES: Captures = {};

function ownValue(record: Captures, name: string): string | undefined {
  return Object.hasOwn(record, name) ? record[name] : undefined;
}

/** What is between `?` and `#`; undefined where that is nothing. */
function queryOf(rawTarget: string): string | undefined {
  const question = rawTarget.indexOf("?");
  if (question < 0) return undefined;
  const hash = rawTarget.indexOf("#", question);
  return rawTarget.slice(question + 1, hash < 0 ? undefined : hash) || undefined;
}

const isArgs = ({ rawTarget }: RequestHead) => (queryOf(rawTarget) ? "?" : "");
const method = ({ request }: RequestHead) => request.method;
const uri = (head: RequestHead) => head.uri;
const args = ({ rawTarget }: RequestHead) => queryOf(rawTarget);
const remoteAddr = ({ client }: RequestHead) => client.address;
const contentType = header("content-type");
const forwardedFor = header("x-forwarded-for");

/** Those without a name of the client's in theirs. What nginx knows of its sockets, a Worker does not. */
const PLAIN: ReadonlyMap<string, (head: RequestHead, surroundings: Surroundings) => Value> =
  new Map<string, (head: RequestHead, surroundings: Surroundings) => Value>([
    ["uri", uri],
    ["document_uri", uri],
    ["request_uri", (head) => head.uri + isArgs(head) + (args(head) ?? "")],
    ["real_request_uri", ({ rawTarget }) => rawTarget],
    ["args", args],
    ["query_string", args],
    ["is_args", isArgs],
    ["method", method],
    ["request_method", method],
    ["scheme", ({ client }) => client.scheme],
    ["https", ({ client }) => (client.scheme === "https" ? "on" : "")],
    ["host", ({ host }) => host],
    ["http_host", ({ client }) => client.hostHeader || undefined],
    // The names of APISIX's own server block and of its only one.
    ["server_name", () => "_"],
    ["server_port", ({ port }) => String(port)],
    ["hostname", ({ request }) => edgeName(request)],
    ["server_protocol", protocol],
    ["request", (head) => `${method(head)} ${head.rawTarget} ${protocol(head)}`],
    ["remote_addr", remoteAddr],
    // The peer of the connection is Cloudflare or workerd; the client is the nearest that is known.
    ["realip_remote_addr", remoteAddr],
    ["content_type", contentType],
    ["content_length", header("content-length")],
    ["http_accept_encoding", acceptEncoding],
    ["msec", (_, { now }) => msec(now())],
    ["time_iso8601", (_, { now }) => timeIso8601(now())],
    ["time_local", (_, { now }) => timeLocal(now())],
    ["request_id", (_, { requestId }) => requestId()],
    // APISIX writes these headers anew before it matches; what the client sent is in `original_…`.
    ["http_x_forwarded_proto", ({ client }) => client.scheme],
    ["http_x_forwarded_host", ({ client }) => client.hostHeader],
    ["http_x_forwarded_port", ({ client }) => String(client.port)],
    ["http_forwarded", () => undefined],
    ["original_x_forwarded_proto", header("x-forwarded-proto")],
    ["original_x_forwarded_host", header("x-forwarded-host")],
    ["original_x_forwarded_port", header("x-forwarded-port")],
    ["original_x_forwarded_for", forwardedFor],
    ["original_forwarded", header("forwarded")],
  ]);

function header(name: string): (head: RequestHead) => string | undefined {
  return ({ request }) => request.headers.get(name) ?? undefined;
}

/** Cloudflare says `HTTP/2` where nginx says `HTTP/2.0`. workerd alone says nothing. */
function protocol(head: RequestHead): string {
  return toldByCloudflare(head, "httpProtocol")?.replace(/^HTTP\/\d$/, "$&.0") ?? "HTTP/1.1";
}

/** The client's own, which Cloudflare keeps beside the header that it writes anew. */
function acceptEncoding(head: RequestHead): string | undefined {
  const own = toldByCloudflare(head, "clientAcceptEncoding");
  return own === undefined ? header("accept-encoding")(head) : own || undefined;
}

function toldByCloudflare({ request }: RequestHead, name: string): string | undefined {
  const { cf } = request as { readonly cf?: Readonly<Record<string, unknown>> };
  const told = cf?.[name];
  return typeof told === "string" ? told : undefined;
}

/** `http_x_user` is the header `X-User`, and `X_User` where there is no such. */
function sentHeader({ headers }: HeadOfRequest, name: string): string | undefined {
  if (!/^[\w!#$%&'*+.^`|~]+$/.test(name)) return undefined;
  const value = headers.get(name.replaceAll("_", "-"));
  if (value !== null) return value;
  for (const [sent, other] of headers) {
    if (sent.replaceAll("-", "_") === name) return other;
  }
  return undefined;
}
