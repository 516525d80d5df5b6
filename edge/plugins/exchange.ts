import type { JsonValue, Variables } from "../../shared/expression/variables.ts";
import type { Client } from "../../shared/request/client.ts";
import type { ReadRequest } from "../../shared/request/read-request.ts";
import type { RequestVariables } from "../../shared/request/variables.ts";
import type { RouteMatch } from "../../shared/routing/route-match.ts";
import { GatewayError } from "../errors.ts";
import { type ReadAhead, readAhead } from "../request/read-ahead.ts";
import type { Destination } from "../snapshot/destination.ts";
import type { Identities, Sender } from "../snapshot/identities.ts";
import type { EndedAttempt } from "../upstream/proxy-target.ts";
import {
  dropNamedByConnection,
  namedByConnection,
  observedHeaders,
} from "../upstream/request-headers.ts";
import { announcedLength } from "../upstream/sending.ts";
import { watchedBody } from "../upstream/watched-body.ts";
import type { AnswerHead } from "./answer.ts";
import { ExchangeVariables } from "./exchange-variables.ts";
import { bodyTooLong, limitedBody } from "./limited-body.ts";
import type { RouteFacts } from "./route-facts.ts";
import { tellConsumer } from "./told-headers.ts";

/** The consumers of the generation that a request is served by. */
export type Consumers = Pick<Identities, "identified" | "consumer">;

/** The two chains that a request runs through: the global rules' and its route's. */
export type ChainName = "global" | "route";

export interface ExchangeInput {
  readonly request: Request;
  readonly read: ReadRequest;
  readonly match: RouteMatch | undefined;
  readonly route: RouteFacts | undefined;
  /** The body, where matching had to look into it. */
  readonly ahead: ReadAhead | undefined;
  readonly consumers: Consumers;
  readonly maxBodyBytes: number;
  /** Milliseconds since 1970. */
  readonly now: () => number;
  readonly waitUntil: (work: Promise<unknown>) => void;
}

/**
 * One request on its way through the plugins: what it says, which they may change; who sent it; where it
 * goes; and what its answer gets. The client's own request stays as it came.
 */
export class Exchange {
  readonly request: Request;
  readonly match: RouteMatch | undefined;
  /** Undefined where no route matched. */
  readonly route: RouteFacts | undefined;
  readonly consumers: Consumers;
  /** Milliseconds since 1970. */
  readonly now: () => number;
  readonly startedAt: number;
  readonly waitUntil: (work: Promise<unknown>) => void;
  /** Templates and expressions read these. */
  readonly variables: Variables;
  /** Headers for whatever answer comes. */
  readonly answerHeaders = new Headers();
  /** In the order in which nodes were tried. */
  readonly attempts: EndedAttempt[] = [];
  /** Called with the upstream's answer as it came, before any plugin has changed its headers. */
  readonly upstreamWatchers: ((answer: Response) => void)[] = [];
  /** When the last of them had its answer's head, or failed; milliseconds since 1970. */
  #attemptedAt = 0;
  /** The normalised, decoded path: nginx's `$uri`. */
  readonly uri: string;
  /** In place of the route's own upstream; from `beforeProxy` on that one, too. */
  destination: Destination | undefined;
  /** In place of the upstream's own scheme. */
  upstreamScheme: "http" | "https" | undefined;
  /** The Host that the upstream gets, where its `pass_host` is `pass`. */
  upstreamHost: string | undefined;
  /** The answer, once header filters run. */
  answer: AnswerHead | undefined;
  /** Of the answer's body, as far as it has passed. */
  bodyBytes = 0;
  /** When the last byte had gone to the client, or it had gone; milliseconds since 1970. */
  endedAt: number | undefined;
  /** Why the gateway answered itself, for the log. */
  error: string | undefined;
  /** What an identity provider tells of a user who is no consumer; undefined: nobody has asked one. */
  externalUser: JsonValue | undefined;
  /** Headers in which the upstream is told of a user who is no consumer. */
  readonly userHeaders = new Set<string>();
  readonly #maxBodyBytes: number;
  readonly #rawTarget: string;
  #seen: RequestVariables;
  #isChanged = false;
  #sender: Sender | undefined;
  #headers: Headers | undefined;
  #method: string;
  #client: Client;
  #args: string;
  #target: string | undefined;
  #ahead: ReadAhead | undefined;
  /** In place of the request's own body, where its length is limited. */
  #limited: ReadableStream<Uint8Array> | undefined;
  readonly #own: Map<string, JsonValue | undefined> = new Map();
  readonly #stoodIn = new Set<string>();

  constructor(input: ExchangeInput) {
    const { request, read, match } = input;
    this.request = request;
    this.match = match;
    this.route = input.route;
    this.consumers = input.consumers;
    this.now = input.now;
    this.startedAt = input.now();
    this.waitUntil = input.waitUntil;
    this.uri = read.uri;
    this.#maxBodyBytes = input.maxBodyBytes;
    this.#rawTarget = read.rawTarget;
    this.#method = request.method;
    this.#client = read.client;
    this.#args = queryOf(read.rawTarget);
    this.#ahead = input.ahead;
    const body = input.ahead?.body;
    const base = body === undefined ? read.variables : read.variables.withBody(body);
    this.#seen = match ? base.withCaptures(capturesOf(match)) : base;
    this.variables = new ExchangeVariables(this, this.#own, () => this.#requestVariables());
    // Before plugins write: at the end a client could so take out what they tell the upstream.
    if (namedByConnection(request.headers).length > 0) dropNamedByConnection(this.headers);
  }

  /** A header of the request as it is now. */
  header(name: string): string | null {
    return (this.#headers ?? this.request.headers).get(name);
  }

  /** The request's headers as the upstream will get them, to be changed. */
  get headers(): Headers {
    this.#isChanged = true;
    this.#headers ??= observedHeaders(new Headers(this.request.headers), this.#client);
    return this.#headers;
  }

  /** Undefined: no plugin has asked for them, they are the request's own. */
  get changedHeaders(): Headers | undefined {
    return this.#headers;
  }

  get method(): string {
    return this.#method;
  }

  set method(method: string) {
    this.#method = method;
    this.#isChanged = true;
  }

  get client(): Client {
    return this.#client;
  }

  /** The client's address is another one than the connection tells (real-ip). */
  set clientAddress(address: string) {
    this.#client = { ...this.#client, address };
    this.#isChanged = true;
  }

  /** What is after the `?`, raw; "" where there is nothing. */
  get args(): string {
    return this.#args;
  }

  set args(args: string) {
    this.#args = args;
    this.#isChanged = true;
  }

  /** Path and query that the upstream gets. */
  get target(): string {
    if (this.#target !== undefined) return this.#target;
    if (this.#args === queryOf(this.#rawTarget)) return this.#rawTarget;
    const path = this.#rawTarget.replace(/[?#].*$/s, "");
    return this.#args === "" ? path : `${path}?${this.#args}`;
  }

  /** Path and query in place of the client's; `args` has no say in it any more. */
  set target(target: string) {
    this.#target = target;
  }

  /** Whether a plugin has set the target. */
  get isRewritten(): boolean {
    return this.#target !== undefined;
  }

  /** Path and query as the client sent them. */
  get rawTarget(): string {
    return this.#rawTarget;
  }

  /** Who authentication found. */
  get sender(): Sender | undefined {
    return this.#sender;
  }

  /** Authentication found a consumer: its plugins will run, and the upstream is told (reference 4.5). */
  identify(sender: Sender): void {
    this.#sender = sender;
    tellConsumer(this.headers, sender);
  }

  /** Another plugin runs in place of this one of a chain, whose access phase is left out (workflow). */
  standIn(chain: ChainName, plugin: string): void {
    this.#stoodIn.add(`${chain} ${plugin}`);
  }

  isStoodIn(chain: ChainName, plugin: string): boolean {
    return this.#stoodIn.size > 0 && this.#stoodIn.has(`${chain} ${plugin}`);
  }

  /** An attempt at a node has ended. */
  attempted(attempt: EndedAttempt): void {
    this.attempts.push(attempt);
    this.#attemptedAt = this.now();
  }

  /**
   * Milliseconds that each attempt took; the last, where the answer is the node's, to its last byte or
   * so far.
   */
  get attemptTimes(): readonly number[] {
    const times = this.attempts.map(({ ms }) => ms);
    const last = times.pop();
    if (last === undefined) return times;
    const isFromNode = this.answer?.source === "upstream";
    const body = isFromNode ? Math.max(0, (this.endedAt ?? this.now()) - this.#attemptedAt) : 0;
    return [...times, last + body];
  }

  /** The request's bytes, as HTTP/1.1 has them: its body as far as its length is known. */
  get requestLength(): number {
    const { headers } = this.request;
    const body = this.#ahead?.rest;
    const bodyBytes = body instanceof Uint8Array ? body.length : (announcedLength(headers) ?? 0);
    const line = `${this.request.method} ${this.#rawTarget} HTTP/1.1`;
    return headBytes(line, headers) + bodyBytes;
  }

  /** The answer's bytes so far, as HTTP/1.1 has them. */
  get bytesSent(): number {
    if (!this.answer) return 0;
    return headBytes(`HTTP/1.1 ${this.answer.status} OK`, this.answer.headers) + this.bodyBytes;
  }

  /** A variable of the plugins' own, or in place of one of the request's. */
  setVariable(name: string, value: JsonValue | undefined): void {
    this.#own.set(name, value);
  }

  /**
   * The request's body, which is kept for the upstream. `too long`: more than `maxBytes`; nothing of it is
   * lost. Throws a `GatewayError` where the client breaks off.
   */
  async readBody(maxBytes = this.#maxBodyBytes): Promise<Uint8Array | "too long"> {
    const { body, rest } = this.#ahead ?? { body: undefined, rest: undefined };
    if (body instanceof Uint8Array) return body.length > maxBytes ? "too long" : body;
    const { headers } = this.request;
    const unread = { headers, body: streamOf(rest ?? this.#limited ?? this.request.body) };
    this.#ahead = await readAhead(unread, maxBytes).catch((cause: unknown) => {
      if (cause instanceof GatewayError) throw cause;
      throw new GatewayError("downstream", 400, "the client's body was cut", { cause });
    });
    this.#isChanged = true;
    return this.#ahead.body;
  }

  /**
   * Whoever reads the body, to look at it or to send it, meets a `GatewayError` of 413 where it is longer.
   * What was read of it before counts.
   */
  limitBody(maxBytes: number): void {
    const rest = this.#ahead?.rest;
    if (rest instanceof Uint8Array) {
      if (rest.length > maxBytes) throw bodyTooLong(maxBytes);
    } else if (this.#ahead && rest) {
      this.#ahead = { body: this.#ahead.body, rest: limitedBody(rest, maxBytes) };
    } else {
      const body = this.#limited ?? this.request.body;
      if (body) this.#limited = limitedBody(body, maxBytes);
    }
  }

  /** For the upstream, in place of the client's. */
  set body(bytes: Uint8Array) {
    this.#ahead = { body: bytes, rest: bytes };
    this.#isChanged = true;
  }

  /** Sees the body on its way to the upstream, where `readBody` has found it too long to be kept. */
  watchBody(see: (piece: Uint8Array) => void): void {
    const ahead = this.#ahead;
    if (!ahead || ahead.rest instanceof Uint8Array) return;
    const rest = watchedBody(ahead.rest, { piece: see, end: () => undefined });
    this.#ahead = { body: ahead.body, rest };
  }

  /** What the upstream gets; undefined: it still lies in the request. */
  get bodyToSend(): ReadAhead["rest"] | undefined {
    return this.#ahead?.rest ?? this.#limited;
  }

  #requestVariables(): RequestVariables {
    if (!this.#isChanged) return this.#seen;
    this.#isChanged = false;
    const headers = this.#headers ?? this.request.headers;
    const path = this.#rawTarget.replace(/[?#].*$/s, "");
    const change = {
      // APISIX has cached the method of the client before any plugin may change it.
      request: { method: this.request.method, headers, body: this.request.body },
      client: this.#client,
      rawTarget: this.#args === "" ? path : `${path}?${this.#args}`,
    };
    this.#seen = this.#seen.withHead(change, this.#ahead?.body);
    return this.#seen;
  }
}

/** Names and values count a byte a character, as they go over the wire. */
function headBytes(line: string, headers: Headers): number {
  let bytes = line.length + 4;
  for (const [name, value] of headers) bytes += name.length + value.length + 4;
  return bytes;
}

function queryOf(target: string): string {
  const question = target.indexOf("?");
  if (question < 0) return "";
  const hash = target.indexOf("#", question);
  return target.slice(question + 1, hash < 0 ? undefined : hash);
}

/** As variables name them: `uri_param_id`, `uri_param__path`. */
function capturesOf(match: RouteMatch): Readonly<Record<string, string>> {
  const { path, host } = match;
  return { ...match.params, _path: path, ...(host === undefined ? {} : { _host: host }) };
}

function streamOf(
  body: Uint8Array | ReadableStream<Uint8Array> | null,
): ReadableStream<Uint8Array> | null {
  if (!(body instanceof Uint8Array)) return body;
  return new Response(body).body;
}
