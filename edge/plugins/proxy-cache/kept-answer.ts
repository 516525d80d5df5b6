import { isJsonObject } from "../../../shared/json-object.ts";
import { sha256Hex } from "../../../shared/snapshot/digest.ts";
import type { KeptResponse, ResponseCache } from "../../response-cache.ts";

/** An answer's head as it is kept. */
export interface KeptAnswer {
  readonly kind: "answer";
  readonly format: typeof FORMAT;
  readonly status: number;
  /** Of the upstream, before any plugin. */
  readonly headers: readonly (readonly [string, string])[];
  /** Of the body. */
  readonly length: number;
  /** Where the body is, if not with the head: a long one is there before it is known to be whole. */
  readonly bodyKey: string | undefined;
  /** Milliseconds since 1970. */
  readonly storedAt: number;
  /** Seconds. */
  readonly ttl: number;
}

/** In an answer's place where its upstream varies it: each variant has a key of its own. */
export interface Variants {
  readonly kind: "variants";
  readonly format: typeof FORMAT;
  /** Of request headers, in lower case and sorted. */
  readonly names: readonly string[];
  /** Oldest first. A variant that is not listed is not there, whatever is kept under its key. */
  readonly signatures: readonly string[];
}

/** Another one is another layout, which is not read. */
const FORMAT = 1;
/** As in APISIX: a header that is always another one must not fill the cache. */
const MOST_VARIANTS = 64;
/** What has expired is kept on, so that the client can be told that it was there. */
const KEPT_ON_SECONDS = 3600;
const encoder = new TextEncoder();

export interface FoundAnswer {
  readonly answer: KeptAnswer;
  readonly body: KeptResponse["body"];
}

/** Names of headers in `Vary`, sorted; undefined where it holds a `*`. */
export function varyNames(vary: string | null): readonly string[] | undefined {
  const names = (vary ?? "").split(",").map((name) => name.trim().toLowerCase());
  if (names.includes("*")) return undefined;
  return [...new Set(names.filter((name) => name !== ""))].sort();
}

/** The answer under `key`, or that of its variants which a request with these headers gets. */
export async function findAnswer(
  cache: ResponseCache,
  key: string,
  request: Headers,
): Promise<FoundAnswer | undefined> {
  const kept = await cache.get(key);
  if (isAnswer(kept?.head)) return withBody(cache, kept.head, kept.body);
  await kept?.body?.cancel();
  if (!isVariants(kept?.head)) return undefined;
  const { names, signatures } = kept.head;
  const signature = await signatureOf(names, request);
  if (!signatures.includes(signature)) return undefined;
  const variant = await cache.get(variantKey(key, signature));
  return isAnswer(variant?.head) ? withBody(cache, variant.head, variant.body) : undefined;
}

async function withBody(
  cache: ResponseCache,
  answer: KeptAnswer,
  body: KeptResponse["body"],
): Promise<FoundAnswer | undefined> {
  if (answer.bodyKey === undefined) return { answer, body };
  await body?.cancel();
  const long = await cache.get(answer.bodyKey);
  return long?.body ? { answer, body: long.body } : undefined;
}

/** A body that is not found until an answer says that it is its own. */
export function keepLongBody(
  cache: ResponseCache,
  key: string,
  body: ReadableStream<Uint8Array>,
  ttl: number,
): Promise<void> {
  return cache.put(key, { head: "a body", body, keepSeconds: ttl + KEPT_ON_SECONDS });
}

export interface AnswerToKeep extends Omit<KeptAnswer, "kind" | "format"> {
  /** Null: it is under `bodyKey`. */
  readonly body: Uint8Array<ArrayBuffer> | null;
  /** What its upstream varies it by. */
  readonly vary: readonly string[];
  readonly request: Headers;
}

/** Keeps an answer, in the place of what was there. Settles when it can be found. */
export async function keepAnswer(
  cache: ResponseCache,
  key: string,
  { body, vary, request, ...rest }: AnswerToKeep,
): Promise<void> {
  const head: KeptAnswer = { kind: "answer", format: FORMAT, ...rest };
  const keepSeconds = rest.ttl + KEPT_ON_SECONDS;
  if (vary.length === 0) {
    await cache.put(key, { head, body, keepSeconds });
    return;
  }
  const signature = await signatureOf(vary, request);
  await cache.put(variantKey(key, signature), { head, body, keepSeconds });
  const variants = await withVariant(cache, key, vary, signature);
  await cache.put(key, { head: variants, body: null, keepSeconds });
}

/** Whether there was anything, fresh or not. Variants are gone with their list. */
export function purgeAnswer(cache: ResponseCache, key: string): Promise<boolean> {
  return cache.delete(key);
}

async function withVariant(
  cache: ResponseCache,
  key: string,
  names: readonly string[],
  signature: string,
): Promise<Variants> {
  const kept = await cache.get(key);
  await kept?.body?.cancel();
  const others =
    isVariants(kept?.head) && kept.head.names.join() === names.join()
      ? kept.head.signatures.filter((other) => other !== signature)
      : [];
  const signatures = [...others, signature].slice(-MOST_VARIANTS);
  return { kind: "variants", format: FORMAT, names, signatures };
}

function signatureOf(names: readonly string[], request: Headers): Promise<string> {
  const values = names.map((name) => request.get(name));
  return sha256Hex(encoder.encode(JSON.stringify(values)));
}

function variantKey(key: string, signature: string): string {
  return JSON.stringify([key, signature]);
}

function isAnswer(head: unknown): head is KeptAnswer {
  return isJsonObject(head) && head.kind === "answer" && head.format === FORMAT;
}

function isVariants(head: unknown): head is Variants {
  return isJsonObject(head) && head.kind === "variants" && head.format === FORMAT;
}
