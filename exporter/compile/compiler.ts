import { buildRouteIndex } from "../../shared/routing/build-index.ts";
import { contentDigest } from "../../shared/snapshot/codec.ts";
import { sha256Hex } from "../../shared/snapshot/digest.ts";
import type { RouterName, SnapshotContent } from "../../shared/snapshot/format.ts";
import type { ResourceTable } from "../resource-table.ts";
import { BodyPartitions } from "./body-partitions.ts";
import type { CompiledSnapshot } from "./compiled-snapshot.ts";
import { indexedRoutes } from "./indexed-routes.ts";

const encoder = new TextEncoder();

/**
 * Resources to a snapshot, deterministically: the same resources give the same bytes. Between two calls
 * it remembers what it encoded, so that a call's work on bodies follows the change.
 */
export class Compiler {
  readonly #router: RouterName;
  readonly #bodies: BodyPartitions;
  #index: Uint8Array | undefined;

  constructor(router: RouterName, partitions = 1) {
    this.#router = router;
    this.#bodies = new BodyPartitions(partitions);
  }

  /**
   * `changed` are the keys below the prefix that changed in `table` since the last call, `known` the
   * chunks that the store is known to hold. Throws a RangeError where the routes do not fit into an
   * index; the next call then takes these changes in too.
   */
  async compile(
    table: ResourceTable,
    changed: ReadonlySet<string>,
    known: ReadonlySet<string>,
  ): Promise<CompiledSnapshot> {
    // What changed is noted before anything can fail: a caller need not tell it again.
    this.#bodies.note(changed, (key) => table.get(key) !== undefined);
    if ([...changed].some((key) => /^(routes|services)\//.test(key))) this.#index = undefined;
    // Everything that reads the table comes next and is synchronous: a snapshot is of one moment.
    const counts = table.counts();
    const globalRules = [...table.ofKind("global_rules")].map(({ id }) => id).sort();
    this.#index ??= buildRouteIndex(this.#router, indexedRoutes(table));
    const indexBytes = this.#index;
    const encoded = this.#bodies.encode((key) => encodeBody(table, key), known);

    const fresh = new Map<string, Uint8Array>();
    const bodies = await this.#bodies.settle(encoded, known, fresh);
    const index = { sha256: await sha256Hex(indexBytes), length: indexBytes.length };
    if (!known.has(index.sha256)) fresh.set(index.sha256, indexBytes);
    const router = this.#router;
    const content: SnapshotContent = { router, index: [index], bodies, globalRules, counts };
    return { content, digest: await contentDigest(content), fresh };
  }
}

/** FORMAT.md 5.2. */
function encodeBody(table: ResourceTable, key: string): Uint8Array | undefined {
  const resource = table.get(key);
  if (!resource) return undefined;
  const { value, modRevision } = resource;
  return encoder.encode(JSON.stringify({ value, modRevision }));
}
