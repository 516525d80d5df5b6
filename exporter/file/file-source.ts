import { createHash } from "node:crypto";
import { readFile, stat } from "node:fs/promises";
import { basename, resolve } from "node:path";
import type { Clock } from "../clock.ts";
import { createBackoff } from "../etcd/backoff.ts";
import type { KeyspaceChange, KeyspaceEntry, Mirror, MirrorHealth } from "../etcd/keyspace.ts";
import { errorText, type Log } from "../log.ts";
import type { Environment } from "../table/fill-in.ts";
import {
  readEntries,
  type StandaloneEntries,
  type StandaloneFormat,
  type StandaloneProblem,
} from "../table/read-standalone.ts";

/** Where the configuration lies, for those without etcd. */
export interface StandaloneFile {
  readonly path: string;
  readonly format: StandaloneFormat;
}

export interface FileSourceDeps {
  readonly file: StandaloneFile;
  /** For `${{NAME}}`. */
  readonly environment: Environment;
  /**
   * The revision that was published last from this source, 0 where none was: ours must not be lower.
   * Asked once, again where it throws.
   */
  readonly publishedRevision: (clusterId: string) => Promise<number>;
  readonly clock: Clock;
  readonly random: () => number;
  readonly log: Log;
  /** `never`: a file that cannot be used is an error, `FileRefused`, that ends the changes. */
  readonly patience: "forever" | "never";
  /** Default 1 s, as APISIX's. */
  readonly pollMs?: number;
}

/** What `/status` shows of the file. */
export interface FileReport {
  readonly path: string;
  /** `refused`: the file as it is now cannot be used; what was loaded before stays. */
  readonly state: "unread" | "loaded" | "refused";
  readonly loadedAt: number | undefined;
  /** Of the file as it is now: errors where it is refused, else warnings. */
  readonly problems: readonly StandaloneProblem[];
}

export class FileRefused extends Error {
  override readonly name = "FileRefused";

  constructor(path: string, problems: readonly StandaloneProblem[]) {
    const [first, ...more] = problems.map(problemText);
    const all = more.length === 0 ? first : ["", first, ...more].join("\n  ");
    super(`${path} cannot be used: ${all}`);
  }
}

/** A moment of the file; two that are equal have the same content. */
interface Reading {
  readonly identity: string;
  readonly mtimeMs: number;
  readonly read: Pick<StandaloneEntries, "entries" | "lines" | "problems">;
}

const POLL_MS = 1000;
const MOST_PROBLEMS_LOGGED = 3;

/**
 * APISIX's standalone file in etcd's place: the same stream of changes, with the time of the file's last
 * change, in milliseconds, as its revision. A file that is broken changes nothing.
 */
export class FileSource implements Mirror {
  readonly clusterId: string;
  readonly #deps: FileSourceDeps;
  #revision = 0;
  #state: MirrorHealth["state"] = "connecting";
  #entries: ReadonlyMap<string, KeyspaceEntry> = new Map();
  #lines: ReadonlyMap<string, number> = new Map();
  /** The file as it was loaded, or refused, last. */
  #identity: string | undefined;
  /** Broken when it was seen first: perhaps somebody is writing it. */
  #suspect: string | undefined;
  #report: Omit<FileReport, "path"> = { state: "unread", loadedAt: undefined, problems: [] };
  #lastProofAt: number | undefined;
  #lastError: MirrorHealth["lastError"];

  constructor(deps: FileSourceDeps) {
    this.#deps = deps;
    this.clusterId = clusterIdOf(deps.file.path);
  }

  /** Ends when `signal` aborts; throws `FileRefused` where there is no patience for a broken file. */
  async *changes(signal: AbortSignal): AsyncGenerator<KeyspaceChange> {
    const { clock, pollMs = POLL_MS } = this.#deps;
    this.#revision = await this.#floor(signal);
    this.#state = "reading";
    try {
      while (!signal.aborted) {
        const change = await this.#look();
        if (change) yield change;
        await clock.sleep(pollMs, signal);
      }
    } finally {
      this.#state = "stopped";
    }
  }

  health(): MirrorHealth {
    return {
      state: this.#state,
      clusterId: this.clusterId,
      revision: this.#revision,
      keys: this.#entries.size,
      lastProofAt: this.#lastProofAt,
      lastError: this.#lastError,
      reconnects: 0,
      resyncs: 0,
      stalls: 0,
      auditMismatches: 0,
    };
  }

  report(): FileReport {
    return { path: this.#deps.file.path, ...this.#report };
  }

  /** Where the value of a key is to be mended. */
  placeOf(key: string): string {
    const line = this.#lines.get(key);
    const name = basename(this.#deps.file.path);
    return line === undefined ? `in ${name}` : `at line ${line} of ${name}`;
  }

  async #floor(signal: AbortSignal): Promise<number> {
    const { clock, log, publishedRevision, random } = this.#deps;
    const backoff = createBackoff(random, { minMs: 500, maxMs: 15_000 });
    while (!signal.aborted) {
      try {
        return await publishedRevision(this.clusterId);
      } catch (error) {
        const waitMs = backoff.next();
        log.error("cannot read what was published last; trying again", {
          error: errorText(error),
          waitMs,
        });
        await clock.sleep(waitMs, signal);
      }
    }
    return 0;
  }

  /** Undefined where there is nothing new. */
  async #look(): Promise<KeyspaceChange | undefined> {
    const { file, clock } = this.#deps;
    const began = clock.now();
    const identity = await identityOf(file.path);
    if (identity !== undefined && identity === this.#identity) {
      if (this.#report.state === "loaded") this.#lastProofAt = began;
      return undefined;
    }
    const reading = await this.#read(identity);
    // It changed while it was read: the next look reads it again.
    if (!reading) return undefined;
    if (!reading.read.problems.some(({ severity }) => severity === "error")) {
      this.#lastProofAt = began;
      return this.#load(reading);
    }
    // Who writes in place is given until the next look to finish.
    if (this.#suspect === reading.identity) this.#refuse(reading);
    this.#suspect = reading.identity;
    return undefined;
  }

  async #read(before: string | undefined): Promise<Reading | undefined> {
    const { environment, file } = this.#deps;
    try {
      const bytes = await readFile(file.path);
      const { mtimeMs } = await stat(file.path);
      const identity = await identityOf(file.path);
      if (identity === undefined || identity !== before) return undefined;
      const text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: false }).decode(bytes);
      return { identity, mtimeMs, read: readEntries(text, file.format, environment) };
    } catch (error) {
      const code = error instanceof Error && "code" in error ? error.code : undefined;
      const isEncoding = code === "ERR_ENCODING_INVALID_ENCODED_DATA";
      if (code === undefined) throw error;
      const problem = isEncoding ? "it is no UTF-8" : `it cannot be read: ${errorText(error)}`;
      const remedy = isEncoding ? "save it as UTF-8" : "put it back, or mend its permissions";
      const problems = [{ severity: "error", key: "", problem, remedy }] as const;
      const identity = `${before ?? ""} ${code}`;
      return { identity, mtimeMs: 0, read: { entries: new Map(), lines: new Map(), problems } };
    }
  }

  #load({ identity, mtimeMs, read }: Reading): KeyspaceChange | undefined {
    const { clock, file, log } = this.#deps;
    const isFirst = this.#report.loadedAt === undefined;
    const entries = new Map([...read.entries].map(([key, entry]) => [key, stamped(entry)]));
    const puts = [...entries.values()].filter(
      ({ key, modRevision }) => this.#entries.get(key)?.modRevision !== modRevision,
    );
    const deletes = [...this.#entries.keys()].filter((key) => !entries.has(key));
    this.#revision = nextRevision(this.#revision, Math.floor(mtimeMs), isFirst);
    this.#entries = entries;
    this.#lines = read.lines;
    this.#identity = identity;
    this.#suspect = undefined;
    this.#state = "live";
    this.#report = { state: "loaded", loadedAt: clock.now(), problems: read.problems };
    log.info("file loaded", {
      file: file.path,
      revision: this.#revision,
      resources: entries.size,
      changed: puts.length + deletes.length,
    });
    for (const { key, problem, remedy } of read.problems.slice(0, MOST_PROBLEMS_LOGGED)) {
      log.warn("in the file", { file: file.path, key, problem, remedy });
    }
    const cause = isFirst ? "base" : "watch";
    return { cause, clusterId: this.clusterId, revision: this.#revision, puts, deletes };
  }

  /** Once for each state of the file. */
  #refuse({ identity, read }: Reading): void {
    const { clock, file, log, patience } = this.#deps;
    if (this.#identity === identity) return;
    this.#identity = identity;
    const problems = read.problems.filter(({ severity }) => severity === "error");
    const refused = new FileRefused(file.path, problems.slice(0, MOST_PROBLEMS_LOGGED));
    this.#lastError = { at: clock.now(), message: refused.message };
    this.#report = { ...this.#report, state: "refused", problems };
    this.#state = "stalled";
    if (patience === "never") throw refused;
    log.error("the file is refused; what was loaded before stays", { error: refused.message });
  }
}

/** A name for the history of one file: other than etcd's, and the same after every start. */
function clusterIdOf(path: string): string {
  const digest = createHash("sha256").update(resolve(path)).digest("hex").slice(0, 16);
  return `file:${digest}`;
}

/** The same file with the same content, as far as the file system tells; undefined: there is none. */
async function identityOf(path: string): Promise<string | undefined> {
  try {
    const { ino, size, mtimeNs, ctimeNs } = await stat(path, { bigint: true });
    return [ino, size, mtimeNs, ctimeNs].join(" ");
  } catch {
    return undefined; // Reading it says why.
  }
}

/**
 * The modRevision becomes a digest of the value. Only whether it is the same one matters, and after a
 * restart an item that nobody changed must have it again, whatever was changed beside it.
 */
function stamped({ key, value }: KeyspaceEntry): KeyspaceEntry {
  const modRevision = createHash("sha256").update(value).digest().readUIntBE(0, 6);
  return { key, value, modRevision };
}

/**
 * Milliseconds, unless the clock or an older file put in place would take them back. A first read at the
 * very time that was published is that content again.
 */
function nextRevision(last: number, mtimeMs: number, isFirst: boolean): number {
  return isFirst && mtimeMs === last ? last : Math.max(mtimeMs, last + 1);
}

function problemText({ key, problem, remedy }: StandaloneProblem): string {
  return `${key === "" ? "" : `${key}: `}${problem} (${remedy})`;
}
