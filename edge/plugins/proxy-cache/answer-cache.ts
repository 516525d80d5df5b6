import { hexOf } from "../../../shared/hex.ts";
import { announcedLength } from "../../upstream/sending.ts";
import { within } from "../../upstream/timers.ts";
import type { AnswerHead } from "../answer.ts";
import type { Exchange } from "../exchange.ts";
import type { Exit } from "../exit.ts";
import type { BodyFilter, PluginDeps } from "../plugin.ts";
import {
  type Directives,
  forbidsStoring,
  lifetimeForNginx,
  ownLifetime,
  readDirectives,
  secondsOf,
} from "./cache-control.ts";
import { type Filling, fillingBody } from "./filling-body.ts";
import {
  type FoundAnswer,
  findAnswer,
  keepAnswer,
  keepLongBody,
  purgeAnswer,
  varyNames,
} from "./kept-answer.ts";
import { isNotModified } from "./not-modified.ts";

export interface CachePolicy {
  readonly statuses: readonly number[];
  /** Seconds that an answer is fresh. */
  readonly ttl: number;
  readonly storesCookies: boolean;
  /** Neither `Cache-Control` nor `Expires` reaches the client. */
  readonly hidesHeaders: boolean;
  /** `client`: its Cache-Control counts, and only the upstream's lifetimes. `upstream`: before `ttl`. */
  readonly obeys: "client" | "upstream" | "neither";
  readonly maxBytes: number;
}

type CacheDeps = Pick<PluginDeps, "now" | "randomBytes" | "responseCache" | "timers">;

export type CacheStatus = "MISS" | "HIT" | "EXPIRED" | "STALE" | "BYPASS";

/** A request whose answer may be kept. */
interface Sought {
  readonly key: string;
  /** When the cache was asked: what varies by a header that was changed later is nobody else's. */
  readonly headers: Headers;
  readonly status: CacheStatus;
  upstream: { readonly status: number; readonly headers: Headers } | undefined;
  /** Seconds; undefined: it is not kept. */
  ttl: number | undefined;
}

const STATUS_HEADER = "apisix-cache-status";
const HIDDEN = ["cache-control", "expires"];
/** Of one connection or one client, or written anew. */
const NOT_KEPT = new Set([
  "age",
  "connection",
  "content-length",
  "keep-alive",
  "proxy-authenticate",
  "proxy-authorization",
  "te",
  "trailers",
  "transfer-encoding",
  "upgrade",
  STATUS_HEADER,
]);
/** A header that a plugin took off because it was to change the body. */
const OF_THE_BODY = ["content-encoding", "etag", "last-modified"];
/** A part is never the answer to another request. */
const PARTIAL_CONTENT = 206;
/** A client waits no longer than that for the cache. */
const KEPT_WITHIN_MS = 2000;

/** One plugin's answers in the cache: what of a request's journey concerns them. */
export class AnswerCache {
  readonly #policy: CachePolicy;
  readonly #deps: CacheDeps;
  readonly #sought = new WeakMap<Exchange, Sought>();

  constructor(policy: CachePolicy, deps: CacheDeps) {
    this.#policy = policy;
    this.#deps = deps;
  }

  /** The answer as it is kept; undefined: the upstream has to be asked, and its answer may be kept. */
  async lookUp(exchange: Exchange, key: string): Promise<Exit | undefined> {
    const obeysClient = this.#policy.obeys === "client";
    const wishes = readDirectives(obeysClient ? exchange.header("cache-control") : null);
    if (wishes.has("no-store") || wishes.has("no-cache")) {
      tell(exchange, "BYPASS");
      return undefined;
    }
    const headers = requestHeaders(exchange);
    const found = await findAnswer(this.#deps.responseCache, key, headers);
    const status = found ? this.#statusOf(found, wishes) : "MISS";
    tell(exchange, status);
    if (found && status === "HIT") return this.#hit(exchange, found, headers);
    await found?.body?.cancel();
    if (!found && wishes.has("only-if-cached")) return { status: 504 };
    this.#seek(exchange, { key, headers, status });
    return undefined;
  }

  /** The upstream is asked whatever is kept; what it answers takes that one's place. */
  renew(exchange: Exchange, key: string): void {
    tell(exchange, "BYPASS");
    this.#seek(exchange, { key, headers: requestHeaders(exchange), status: "BYPASS" });
  }

  async purge(key: string): Promise<Exit> {
    return { status: (await purgeAnswer(this.#deps.responseCache, key)) ? 200 : 404 };
  }

  /** `isUnwanted`: the configuration says of this answer that it must not be kept. */
  headerFilter(exchange: Exchange, answer: AnswerHead, isUnwanted: () => boolean): void {
    const sought = this.#sought.get(exchange);
    if (!sought) return;
    answer.headers.set(STATUS_HEADER, sought.status);
    if (this.#policy.hidesHeaders) for (const name of HIDDEN) answer.headers.delete(name);
    if (answer.source === "upstream" && !isUnwanted()) sought.ttl = this.#lifetimeOf(sought);
  }

  bodyFilter(exchange: Exchange, answer: AnswerHead): BodyFilter | undefined {
    const sought = this.#sought.get(exchange);
    const { upstream, ttl } = sought ?? {};
    const vary = upstream && varyNames(upstream.headers.get("vary"));
    if (!sought || !upstream || ttl === undefined || !vary) return undefined;
    if (vary.some((name) => exchange.header(name) !== sought.headers.get(name))) return undefined;
    const { maxBytes } = this.#policy;
    const length = announcedLength(answer.headers);
    if (length !== undefined && length > maxBytes) return undefined;
    const filling = { length, maxBytes, ...this.#keeping(exchange, sought, { ttl, vary, answer }) };
    return (body) => fillingBody(body, filling);
  }

  #keeping(
    exchange: Exchange,
    { key, headers: request, upstream }: Sought,
    { ttl, vary, answer }: { ttl: number; vary: readonly string[]; answer: AnswerHead },
  ): Pick<Filling, "takeLong" | "keep" | "patience"> {
    const { now, randomBytes, responseCache, timers } = this.#deps;
    const head = {
      status: upstream?.status ?? answer.status,
      headers: keptHeaders(upstream?.headers ?? answer.headers, answer.headers),
      storedAt: now(),
      ttl,
    };
    const longKey = JSON.stringify(["body", hexOf(randomBytes(16))]);
    const goesOn = (work: Promise<void>) => {
      const settled = work.catch(() => undefined);
      exchange.waitUntil(settled);
      return settled;
    };
    const late = () => new Error("the cache is slow");
    return {
      takeLong: (body) => goesOn(keepLongBody(responseCache, longKey, body, ttl)),
      keep: ({ bytes, length }) => {
        const bodyKey = bytes ? undefined : longKey;
        const whole = { ...head, length, bodyKey, body: bytes ?? null, vary, request };
        return goesOn(keepAnswer(responseCache, key, whole));
      },
      patience: (kept) => within(timers, KEPT_WITHIN_MS, kept, late).catch(() => undefined),
    };
  }

  #seek(exchange: Exchange, request: Pick<Sought, "key" | "headers" | "status">): void {
    const sought: Sought = { ...request, upstream: undefined, ttl: undefined };
    this.#sought.set(exchange, sought);
    exchange.upstreamWatchers.push(({ status, headers }) => {
      sought.upstream = { status, headers: new Headers(headers) };
    });
  }

  #statusOf({ answer }: FoundAnswer, wishes: Directives): CacheStatus {
    const { ttl } = answer;
    const age = this.#ageOf(answer);
    if (age > ttl) return "EXPIRED";
    const maxAge = secondsOf(wishes, "max-age") ?? Number.POSITIVE_INFINITY;
    const minFresh = secondsOf(wishes, "min-fresh") ?? 0;
    return age > maxAge || ttl - age < minFresh ? "STALE" : "HIT";
  }

  #ageOf({ storedAt }: FoundAnswer["answer"]): number {
    return Math.max(0, (this.#deps.now() - storedAt) / 1000);
  }

  async #hit(
    { answerHeaders }: Exchange,
    { answer, body }: FoundAnswer,
    request: Headers,
  ): Promise<Exit> {
    for (const name of new Set(answer.headers.map(([name]) => name))) answerHeaders.delete(name);
    for (const [name, value] of answer.headers) {
      if (!this.#policy.hidesHeaders || !HIDDEN.includes(name)) answerHeaders.append(name, value);
    }
    answerHeaders.set("age", String(Math.floor(this.#ageOf(answer))));
    if (answer.status === 200 && isNotModified(request, answerHeaders)) {
      await body?.cancel();
      return { status: 304 };
    }
    answerHeaders.set("content-length", String(answer.length));
    return { status: answer.status, body: body ?? NOTHING };
  }

  #lifetimeOf({ upstream }: Sought): number | undefined {
    const { statuses, storesCookies, obeys, ttl } = this.#policy;
    if (!upstream || upstream.status === PARTIAL_CONTENT) return undefined;
    const { status, headers } = upstream;
    if (!statuses.includes(status)) return undefined;
    if (forbidsStoring(readDirectives(headers.get("cache-control")))) return undefined;
    if (headers.has("set-cookie") && !storesCookies) return undefined;
    if (obeys === "neither") return ttl;
    const now = this.#deps.now();
    const lifetime =
      obeys === "client"
        ? (ownLifetime(headers, now) ?? 0)
        : (lifetimeForNginx(headers, now) ?? ttl);
    return lifetime > 0 ? lifetime : undefined;
  }
}

const NOTHING = new Uint8Array();

/** Tells the client what the cache had, on whatever answer comes. */
export function tell({ answerHeaders }: Exchange, status: CacheStatus): void {
  answerHeaders.set(STATUS_HEADER, status);
}

function requestHeaders({ changedHeaders, request }: Exchange): Headers {
  return new Headers(changedHeaders ?? request.headers);
}

function keptHeaders(upstream: Headers, answer: Headers): [string, string][] {
  return [...upstream].filter(
    ([name]) =>
      !NOT_KEPT.has(name) &&
      !name.includes("ratelimit-remaining") &&
      (!OF_THE_BODY.includes(name) || answer.has(name)),
  );
}
