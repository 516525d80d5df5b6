import { type Command, InvalidArgumentError, Option } from "commander";
import type { Surroundings } from "../../shared/request/variables.ts";
import type { Reach } from "../../shared/resources/reach.ts";
import { isIpAddress } from "../../shared/routing/ip-ranges.ts";
import type { RouterName } from "../../shared/snapshot/format.ts";
import { IndexedTable } from "../explain/indexed-table.ts";
import { type MatchReport, reportMatch } from "../explain/match-report.ts";
import { PublishedTable } from "../explain/published-table.ts";
import type { RoutingTable } from "../explain/routing-table.ts";
import { readWritten } from "../explain/sent-request.ts";
import { liveManifest, manifestOf } from "../publish/operations.ts";
import { readChunk, readPointer } from "../publish/read-generation.ts";
import type { ObjectStore } from "../store/object-store.ts";
import type { EtcdTable } from "../table/read-etcd.ts";
import { fileContent, wholeNumber } from "./arguments.ts";

/** `snapgate match`: what it takes. */
export interface MatchOptions {
  readonly header: readonly (readonly [name: string, value: string])[];
  readonly generation?: number;
  readonly from: "store" | "etcd";
  readonly client?: string;
  readonly body?: string;
  readonly bodyFile?: Uint8Array;
  readonly most: number;
  readonly all?: boolean;
  readonly deleteUriTailSlash?: boolean;
  readonly normalizeUriLikeServlet?: boolean;
  readonly matchUriEncodedSlash?: boolean;
  readonly listenPort?: number;
}

const EXIT_CODES = `
Exit codes: 0 a route matches, 1 none does or reading failed, 2 wrong usage or configuration.`;

export function addMatchOptions(command: Command): Command {
  return command
    .argument("<method>", "e.g. GET")
    .argument("<url>", "a whole URL; or a path, with -H 'Host: …'")
    .option("-H, --header <line>", "a header of the request; may come again", addHeader, [])
    .option("--client <address>", "the client's address", clientAddress)
    .addOption(new Option("--body <text>", "the request's body").conflicts("bodyFile"))
    .option("--body-file <file>", "the same, from a file", fileContent)
    .addOption(
      new Option("--from <where>", "the store, or what etcd holds now")
        .choices(["store", "etcd"])
        .default("store"),
    )
    .option("--generation <number>", "a generation in the store; else the live one", wholeNumber)
    .option("--most <number>", "of how many other routes to tell", wholeNumber, 10)
    .option("--all", "tell of all of them")
    .option("--delete-uri-tail-slash", "the edge's DELETE_URI_TAIL_SLASH is on")
    .option("--normalize-uri-like-servlet", "the edge's NORMALIZE_URI_LIKE_SERVLET is on")
    .option("--match-uri-encoded-slash", "the edge's MATCH_URI_ENCODED_SLASH is on")
    .option("--listen-port <number>", "the edge's LISTEN_PORT", wholeNumber)
    .option("--json", "as JSON")
    .addHelpText("after", EXIT_CODES);
}

/** Where a match reads from; each is asked only if it is wanted. */
export interface MatchSources {
  readonly store: () => ObjectStore;
  readonly etcd: () => Promise<EtcdTable & { readonly router: RouterName }>;
  /** The edge's. */
  readonly reach: Reach;
}

/** Throws `RequestError`, and what reading throws. */
export async function match(
  method: string,
  url: string,
  options: MatchOptions,
  sources: MatchSources,
  surroundings: Omit<Surroundings, "maxBodyBytes">,
): Promise<MatchReport> {
  const { header: headers, client: clientAddress, listenPort } = options;
  const uri = {
    deleteUriTailSlash: options.deleteUriTailSlash ?? false,
    normalizeUriLikeServlet: options.normalizeUriLikeServlet ?? false,
    matchUriEncodedSlash: options.matchUriEncodedSlash ?? false,
  };
  const written = { method, url, headers, clientAddress, body: bodyOf(options) };
  // Before anything is read: what was written may be no request.
  const request = readWritten(written, { uri, listenPort }, surroundings);
  const table = await openTable(options, sources);
  const most = options.all ? Number.POSITIVE_INFINITY : options.most;
  return reportMatch(table, request, most, sources.reach);
}

async function openTable(options: MatchOptions, sources: MatchSources): Promise<RoutingTable> {
  if (options.from === "etcd") {
    const { router, ...read } = await sources.etcd();
    return IndexedTable.build(read, router);
  }
  const store = sources.store();
  const { generation } = options;
  const manifest = await (generation === undefined
    ? liveManifest(store)
    : manifestOf(store, generation));
  const live = (await readPointer(store))?.pointer.manifest.generation;
  const isLive = live === manifest.generation;
  return new PublishedTable(manifest, isLive, (ref) => readChunk(store, ref));
}

function bodyOf({ body, bodyFile }: MatchOptions): Uint8Array | undefined {
  return body === undefined ? bodyFile : new TextEncoder().encode(body);
}

function addHeader(line: string, before: MatchOptions["header"]): MatchOptions["header"] {
  const [, name, value] = /^([^:\s]+):\s*(.*)$/.exec(line) ?? [];
  if (name === undefined || value === undefined) {
    throw new InvalidArgumentError("want Name: value.");
  }
  return [...before, [name, value]];
}

function clientAddress(text: string): string {
  if (isIpAddress(text)) return text;
  throw new InvalidArgumentError("want an IPv4 or IPv6 address.");
}
