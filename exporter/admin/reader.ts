import {
  type KindName,
  parseResourceKey,
  resourceKey,
} from "../../shared/resources/resource-key.ts";
import type { Clock } from "../clock.ts";
import type { FieldCipher, JsonObject } from "../encryption/field-cipher.ts";
import { readPages } from "../etcd/base-read.ts";
import { keysUnder } from "../etcd/key-bytes.ts";
import type { EtcdTransport, KeyValue } from "../etcd/transport.ts";
import { notFound, Refusal } from "./answer.ts";
import type { ResourcePath } from "./check/resource-path.ts";
import { readFilter } from "./list-filters.ts";
import { inTheClear, readStored, type StoredValue, storedValue } from "./stored-values.ts";

export interface ReaderDeps {
  readonly transport: EtcdTransport;
  readonly clock: Clock;
  readonly random: () => number;
  readonly prefix: string;
  readonly cipher: FieldCipher;
}

/** A resource as `GET` shows it, its secrets in the clear. */
export interface Shown {
  readonly key: string;
  readonly value: unknown;
  readonly createdIndex: number;
  readonly modifiedIndex: number;
}

export interface ShownList {
  readonly list: readonly Shown[];
  readonly total: number;
}

interface Page {
  readonly first: number;
  readonly size: number;
}

/** A key of the kind that is listed, whose value may not have been read. */
type Listed = Pick<KeyValue, "key" | "createRevision"> & { readonly shown?: Shown };

/** Values that one transaction reads. */
const READS_AT_ONCE = 50;

/** `GET` of one and of all. Both throw `Refusal` and `EtcdError`. */
export class Reader {
  readonly #deps: ReaderDeps;

  constructor(deps: ReaderDeps) {
    this.#deps = deps;
  }

  async one({ kind, id: ofPath, consumer }: ResourcePath): Promise<Shown> {
    const { prefix, transport } = this.#deps;
    const id = kind.name === "credentials" ? `${consumer}/credentials/${ofPath}` : ofPath;
    const stored = await readStored(transport, `${prefix}/${resourceKey(kind.name, id ?? "")}`);
    if (!stored) throw notFound();
    return this.#show(kind.name, id ?? "", stored);
  }

  /** Without a page in the order of keys, with one in that of creation. */
  async list(path: ResourcePath, query: URLSearchParams): Promise<ShownList> {
    const kind = path.kind.name;
    const page = readPage(query);
    const filter = readFilter(kind, query);
    // One page of very many: their values are not read for it.
    const keysOnly = page !== undefined && filter === undefined;
    const all: Listed[] = [];
    for await (const found of this.#keys(path, keysOnly)) {
      const { key, createRevision } = found;
      if (keysOnly) {
        all.push({ key, createRevision });
        continue;
      }
      const { id } = parseId(key.slice(this.#deps.prefix.length + 1));
      all.push({ key, createRevision, shown: this.#show(kind, id, storedValue(found)) });
    }
    const isWanted = filter?.(all.map(({ shown }) => asObject(shown?.value)));
    const listed = isWanted ? all.filter((_, at) => isWanted[at]) : all;
    // Credentials have no directory of their own: without any there is nothing.
    if (kind === "credentials" && listed.length === 0) throw notFound();
    if (!page) return { list: listed.map(({ shown }) => shown as Shown), total: listed.length };
    listed.sort((a, b) => a.createRevision - b.createRevision);
    const wanted = listed.slice(page.first, page.first + page.size);
    const list = keysOnly ? await this.#readAll(kind, wanted) : wanted.map((one) => one.shown);
    return { list: list.filter((shown) => shown !== undefined), total: listed.length };
  }

  async *#keys({ kind, consumer }: ResourcePath, keysOnly: boolean): AsyncGenerator<KeyValue> {
    const { prefix } = this.#deps;
    const directory = kind.name === "credentials" ? `consumers/${consumer}/credentials` : kind.name;
    const range = keysUnder(`${prefix}/${directory}/`);
    const signal = new AbortController().signal;
    for await (const { kvs } of readPages(range, { keysOnly, signal }, this.#deps)) {
      for (const found of kvs) {
        const parsed = parseResourceKey(found.key.slice(prefix.length + 1));
        // Placeholders, and what lies below a resource, are no members of the list.
        if (parsed.is === "resource" && parsed.kind === kind.name) yield found;
      }
    }
  }

  async #readAll(kind: KindName, wanted: readonly Listed[]): Promise<(Shown | undefined)[]> {
    const shown: (Shown | undefined)[] = [];
    for (let at = 0; at < wanted.length; at += READS_AT_ONCE) {
      const success = wanted
        .slice(at, at + READS_AT_ONCE)
        .map(({ key }) => ({ do: "get", key }) as const);
      const { answers } = await this.#deps.transport.txn({ compare: [], success });
      for (const answer of answers) {
        // Deleted meanwhile: then there is nothing to show.
        const found = answer.did === "get" ? answer.kvs[0] : undefined;
        const id = found && parseId(found.key.slice(this.#deps.prefix.length + 1)).id;
        shown.push(
          found && id !== undefined ? this.#show(kind, id, storedValue(found)) : undefined,
        );
      }
    }
    return shown;
  }

  #show(kind: KindName, id: string, stored: StoredValue): Shown {
    const value = inTheClear(stored, kind, id, this.#deps.cipher);
    if (value && kind === "ssls") {
      delete value.key;
      delete value.keys;
    }
    const { key, text, createRevision, modRevision } = stored;
    return {
      key,
      value: value ?? text,
      createdIndex: createRevision,
      modifiedIndex: modRevision,
    };
  }
}

function parseId(below: string): { readonly id: string } {
  const parsed = parseResourceKey(below);
  return { id: parsed.is === "resource" ? parsed.id : below };
}

function asObject(value: unknown): JsonObject {
  return typeof value === "object" && value !== null ? (value as JsonObject) : {};
}

/** Only where both parameters are numbers. Throws a `Refusal`. */
function readPage(query: URLSearchParams): Page | undefined {
  const [number, size] = [readNumber(query.get("page")), readNumber(query.get("page_size"))];
  if (number === undefined || size === undefined) return undefined;
  // A text, and no JSON: as APISIX has it.
  if (size < 10 || size > 500) throw new Refusal(400, "page_size must be between 10 and 500");
  const page = Math.max(1, Math.floor(number));
  return { first: (page - 1) * Math.floor(size), size: Math.floor(size) };
}

function readNumber(text: string | null): number | undefined {
  if (text === null || text.trim() === "") return undefined;
  const number = Number(text);
  return Number.isFinite(number) ? number : undefined;
}
