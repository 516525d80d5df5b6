import { createHash, randomUUID } from "node:crypto";
import { link, mkdir, open, readdir, readFile, rename, rm, stat } from "node:fs/promises";
import { dirname, join, relative, sep } from "node:path";
import { type Clock, systemClock } from "../clock.ts";
import {
  type ListedObject,
  type ObjectStore,
  type SetOutcome,
  type StoredObject,
  StoreError,
} from "./object-store.ts";

const LOCKS = ".locks";
/** A lock that its owner did not release in this time belongs to a process that died. */
const LOCK_STALE_MS = 10_000;
const LOCK_WAIT_MS = 15_000;
const LOCK_POLL_MS = 2;

/**
 * A local directory: each object a file, written beside and renamed into place, so that a reader sees all
 * of it or none. Compare-and-set holds a lock file, which works between processes of one machine.
 */
export class DirectoryStore implements ObjectStore {
  readonly #root: string;
  readonly #clock: Clock;

  constructor(root: string, clock: Clock = systemClock) {
    this.#root = root;
    this.#clock = clock;
  }

  async get(name: string): Promise<StoredObject | undefined> {
    try {
      const bytes = new Uint8Array(await readFile(this.#path(name)));
      return { bytes, etag: etagOf(bytes) };
    } catch (cause) {
      if (isMissing(cause)) return undefined;
      throw failed(`read ${name}`, cause);
    }
  }

  async put(name: string, bytes: Uint8Array): Promise<void> {
    const path = this.#path(name);
    const beside = `${path}.${randomUUID()}.tmp`;
    try {
      await mkdir(dirname(path), { recursive: true });
      const file = await open(beside, "wx");
      try {
        await file.writeFile(bytes);
        await file.sync();
      } finally {
        await file.close();
      }
      await rename(beside, path);
    } catch (cause) {
      await rm(beside, { force: true });
      throw failed(`write ${name}`, cause);
    }
  }

  async compareAndSet(
    name: string,
    bytes: Uint8Array,
    expected: string | undefined,
  ): Promise<SetOutcome> {
    const release = await this.#lock(name);
    try {
      const held = await this.get(name);
      if (held?.etag !== expected) return { outcome: "conflict" };
      await this.put(name, bytes);
      return { outcome: "set", etag: etagOf(bytes) };
    } finally {
      await release();
    }
  }

  async *list(prefix: string): AsyncIterable<ListedObject> {
    const below = prefix.slice(0, prefix.lastIndexOf("/") + 1);
    let entries: { name: string; parentPath: string; isFile(): boolean }[];
    try {
      entries = await readdir(join(this.#root, below), { recursive: true, withFileTypes: true });
    } catch (cause) {
      if (isMissing(cause)) return;
      throw failed(`list ${prefix}`, cause);
    }
    const names = entries
      .filter((entry) => entry.isFile() && !entry.name.endsWith(".tmp"))
      .map((entry) => relative(this.#root, join(entry.parentPath, entry.name)).split(sep).join("/"))
      .filter((name) => name.startsWith(prefix) && !name.startsWith(`${LOCKS}/`))
      .sort();
    for (const name of names) {
      const found = await stat(this.#path(name)).catch(() => undefined);
      if (found) yield { name, size: found.size, modifiedAt: found.mtimeMs };
    }
  }

  async delete(names: readonly string[]): Promise<void> {
    for (const name of names) {
      await rm(this.#path(name), { force: true }).catch((cause: unknown) => {
        throw failed(`delete ${name}`, cause);
      });
    }
  }

  #path(name: string): string {
    if (name.split("/").some((part) => part === ".." || part === "")) {
      throw new StoreError(`${JSON.stringify(name)} is no name of an object`, false);
    }
    return join(this.#root, name);
  }

  /** Takes the name's lock by linking a file of our own to it, which only one can. */
  async #lock(name: string): Promise<() => Promise<void>> {
    const folder = join(this.#root, LOCKS);
    const lock = join(folder, encodeURIComponent(name));
    const own = `${lock}.${randomUUID()}`;
    await mkdir(folder, { recursive: true });
    await (await open(own, "wx")).close();
    const deadline = this.#clock.now() + LOCK_WAIT_MS;
    try {
      for (;;) {
        try {
          await link(own, lock);
          return () => rm(lock, { force: true });
        } catch (cause) {
          if (!isExisting(cause)) throw failed(`lock ${name}`, cause);
        }
        await breakStale(lock, this.#clock.now());
        if (this.#clock.now() > deadline) {
          throw new StoreError(`lock ${name}: held by another for ${LOCK_WAIT_MS} ms`, true);
        }
        await this.#clock.sleep(LOCK_POLL_MS);
      }
    } finally {
      await rm(own, { force: true });
    }
  }
}

/** Renames first: of several that find the same stale lock only one removes it, and no fresh one. */
async function breakStale(lock: string, now: number): Promise<void> {
  const found = await stat(lock).catch(() => undefined);
  if (!found) return;
  if (now - Math.max(found.ctimeMs, found.mtimeMs) < LOCK_STALE_MS) return;
  const taken = `${lock}.${randomUUID()}.stale`;
  await rename(lock, taken).catch(() => undefined);
  await rm(taken, { force: true });
}

function etagOf(bytes: Uint8Array): string {
  return `"${createHash("sha256").update(bytes).digest("hex")}"`;
}

function isMissing(error: unknown): boolean {
  return error instanceof Error && "code" in error && error.code === "ENOENT";
}

function isExisting(error: unknown): boolean {
  return error instanceof Error && "code" in error && error.code === "EEXIST";
}

function failed(what: string, cause: unknown): StoreError {
  if (cause instanceof StoreError) return cause;
  const code = cause instanceof Error && "code" in cause ? cause.code : undefined;
  const retryable = code !== "EACCES" && code !== "EROFS" && code !== "ENOTDIR";
  const remedy = retryable ? "" : "; check STORE_DIR and its permissions";
  const message = cause instanceof Error ? cause.message : String(cause);
  return new StoreError(`${what}: ${message}${remedy}`, retryable, { cause });
}
