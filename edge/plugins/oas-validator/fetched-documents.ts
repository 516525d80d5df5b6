import { SchemaError } from "../../../shared/json-schema/read-schema.ts";
import { BoundedMap } from "../../bounded-map.ts";
import { readAhead } from "../../request/read-ahead.ts";
import { within } from "../../upstream/timers.ts";
import type { Exchange } from "../exchange.ts";
import type { PluginDeps } from "../plugin.ts";
import { ApiDocument } from "./api-document.ts";

/** Where a document is fetched from. */
export interface DocumentSource {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly timeoutMs: number;
  /** How long a fetched document is good. */
  readonly ttlMs: number;
}

interface Held {
  readonly document: ApiDocument;
  readonly fetchedAt: number;
}

const MOST_DOCUMENTS = 512;
const MOST_BYTES = 16 * 1024 * 1024;

/** Documents of an isolate, by their source. Each is fetched once at a time. */
export class FetchedDocuments {
  readonly #deps: Pick<PluginDeps, "fetch" | "now" | "timers" | "log">;
  readonly #held = new BoundedMap<string, Held>(MOST_DOCUMENTS);
  readonly #fetching = new Map<string, Promise<ApiDocument>>();

  constructor(deps: Pick<PluginDeps, "fetch" | "now" | "timers" | "log">) {
    this.#deps = deps;
  }

  /**
   * Rejects with a `SchemaError` where it cannot be had; one that is known but old is better than none.
   * `waitUntil`: of the request that asks.
   */
  async get(source: DocumentSource, waitUntil: Exchange["waitUntil"]): Promise<ApiDocument> {
    const key = JSON.stringify([source.url, Object.entries(source.headers).sort()]);
    const held = this.#held.get(key);
    if (held && this.#deps.now() - held.fetchedAt < source.ttlMs) return held.document;
    try {
      return await this.#fetchOnce(key, source, waitUntil);
    } catch (error) {
      if (!held || !(error instanceof SchemaError)) throw error;
      this.#deps.log(`oas-validator goes on with an old document: ${error.message}`);
      return held.document;
    }
  }

  #fetchOnce(
    key: string,
    source: DocumentSource,
    waitUntil: Exchange["waitUntil"],
  ): Promise<ApiDocument> {
    const others = this.#fetching.get(key);
    if (others !== undefined) return this.#fetchedBy(others, key, source);
    const own = this.#fetch(source)
      .then((document) => {
        this.#held.set(key, { document, fetchedAt: this.#deps.now() });
        return document;
      })
      .finally(() => this.#forget(key, own));
    this.#fetching.set(key, own);
    // Others wait for it too: it goes on when this request's client goes.
    waitUntil(own.catch(() => undefined));
    return own;
  }

  /** Another request's may have been cut off, and would then never settle. */
  #fetchedBy(
    others: Promise<ApiDocument>,
    key: string,
    { url, timeoutMs }: DocumentSource,
  ): Promise<ApiDocument> {
    return within(this.#deps.timers, timeoutMs, others, () => {
      this.#forget(key, others);
      return new SchemaError(`no answer from ${url} for ${timeoutMs} ms`);
    });
  }

  #forget(key: string, fetching: Promise<ApiDocument>): void {
    if (this.#fetching.get(key) === fetching) this.#fetching.delete(key);
  }

  async #fetch({ url, headers, timeoutMs }: DocumentSource): Promise<ApiDocument> {
    const { timers } = this.#deps;
    const late = () => new SchemaError(`no answer from ${url} for ${timeoutMs} ms`);
    return new ApiDocument(await within(timers, timeoutMs, this.#read(url, headers), late));
  }

  async #read(url: string, headers: DocumentSource["headers"]): Promise<string> {
    const failed = (cause: unknown) => {
      throw new SchemaError(`failed to fetch spec from ${url}`, { cause });
    };
    const response = await this.#deps.fetch(url, { headers, redirect: "manual" }).catch(failed);
    if (response.status !== 200) {
      await response.body?.cancel();
      throw new SchemaError(`${url} returned status ${response.status}`);
    }
    const { body } = await readAhead(response, MOST_BYTES).catch(failed);
    if (body === "too long") throw new SchemaError(`${url} has more than ${MOST_BYTES} bytes`);
    return new TextDecoder().decode(body);
  }
}
