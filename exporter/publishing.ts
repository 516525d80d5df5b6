import type { Fence, Manifest, RouterName, SourcePosition } from "../shared/snapshot/format.ts";
import type { TreeSizes } from "../shared/snapshot/tree-chunks.ts";
import type { Clock } from "./clock.ts";
import type { CompiledSnapshot } from "./compile/compiled-snapshot.ts";
import { Compiler } from "./compile/compiler.ts";
import { PublishedGeneration } from "./compile/memory.ts";
import type { Log } from "./log.ts";
import { heldLoss, LiveRoutes, type LossGuard } from "./publish/loss-guard.ts";
import type { Publisher, PublishOutcome } from "./publish/publisher.ts";
import { readChunk } from "./publish/read-generation.ts";
import type { ResourceTable } from "./resource-table.ts";
import type { ExporterState } from "./status.ts";
import type { ObjectStore } from "./store/object-store.ts";

export interface PublishingDeps {
  readonly table: ResourceTable;
  readonly publisher: Publisher;
  readonly store: ObjectStore;
  /** A generation that was opened already; it need not be read again where it is live. */
  readonly opened: PublishedGeneration | undefined;
  readonly router: RouterName;
  /** The format's where it is absent. */
  readonly treeSizes?: TreeSizes | undefined;
  /** Undefined: off. */
  readonly lossGuard: LossGuard | undefined;
  readonly clock: Clock;
  readonly log: Log;
  readonly state: ExporterState;
  /** Whether etcd has proved, after this moment, that the table is what it holds. */
  readonly isProvenAfter: (moment: number) => boolean;
}

/** Publishing as it is asked for, or a reason why it waits for a person. */
export type PublishAnswer =
  | PublishOutcome
  | { readonly outcome: "held-loss"; readonly message: string }
  /** What is live came from a later revision than the one we have seen; ours must catch up first. */
  | { readonly outcome: "behind"; readonly live: SourcePosition };

const ROUTES = "routes/";
/** A fraction of a second's work. */
const CHANGES_AT_ONCE = 5_000;

/** Brings what the table holds into the store: compile, loss guard, publish. One call at a time. */
export class Publishing {
  readonly #deps: PublishingDeps;
  readonly #compiler: Compiler;
  /** Keys that changed since the last compile. */
  #changed = new Set<string>();
  #position: SourcePosition | undefined;
  /** Undefined while those of `#liveContent` have not been looked for. */
  #liveRoutes: LiveRoutes | undefined;
  /** The content that was live when we last looked; undefined: nothing was. */
  #liveContent: string | undefined;
  #opened: PublishedGeneration | undefined;
  /** Since when the live generation is one that somebody else published. */
  #foreignSince: number | undefined;
  #reading: Promise<void> | undefined;

  constructor(deps: PublishingDeps) {
    this.#deps = deps;
    this.#opened = deps.opened;
    this.#liveContent = deps.publisher.live?.manifest?.content;
    this.#foreignSince = deps.clock.now();
    this.#compiler = new Compiler(deps.router, {
      sizes: deps.treeSizes,
      pauses: { changesAtOnce: CHANGES_AT_ONCE, pause: () => deps.clock.sleep(0) },
    });
  }

  /** The table is being read, and must stay as it is. */
  get isReading(): boolean {
    return this.#reading !== undefined;
  }

  async whenRead(): Promise<void> {
    await this.#reading;
  }

  /**
   * Takes in that the table has changed and now stands at `position`. The set becomes this object's own.
   */
  note(changed: Set<string>, position: SourcePosition): void {
    const { clock, state } = this.#deps;
    this.#add(changed);
    this.#position = position;
    state.tableRevision = position.revision;
    // Without a change of ours the live content stays right, whatever else etcd counts.
    if (changed.size > 0) state.waitingSince ??= clock.now();
    else if (state.waitingSince === undefined && state.publishedRevision !== undefined) {
      state.publishedRevision = position.revision;
    }
  }

  /** Takes in that resources have other nodes now, wherever etcd stands. The set becomes ours. */
  noteNodes(changed: Set<string>): void {
    const { clock, state } = this.#deps;
    this.#add(changed);
    state.waitingSince ??= clock.now();
  }

  #add(changed: Set<string>): void {
    const { table } = this.#deps;
    // At the start these are all keys there are: not to be held twice.
    if (this.#changed.size === 0) this.#changed = changed;
    for (const key of changed) {
      this.#changed.add(key);
      if (key.startsWith(ROUTES)) this.#liveRoutes?.note(key, table.has(key));
    }
  }

  /** Undefined while nothing has been read yet. */
  async publish(
    fence: Fence | undefined,
    options: { readonly force?: boolean; readonly isBeside?: boolean } = {},
  ): Promise<PublishAnswer | undefined> {
    const { lossGuard, publisher } = this.#deps;
    if (!this.#position) return undefined;
    const liveRoutes = await this.#readLiveRoutes();
    const known = await publisher.known();
    // From here until the table has been read it stays as it is: position, changes and content are of one
    // moment.
    const source = this.#position;
    const behind = this.#behind(source);
    if (behind) return { outcome: "behind", live: behind };
    const changed = this.#changed;
    this.#changed = new Set();
    const removed = liveRoutes.take();
    const liveCount = liveRoutes.size;
    const snapshot = await this.#compile(changed, known);
    const loss = heldLoss(removed, liveCount, options.force ? undefined : lossGuard);
    if (loss && publisher.live?.pointer.hold === undefined) {
      this.#deps.state.heldLoss = loss;
      return { outcome: "held-loss", message: loss.message };
    }
    this.#deps.state.heldLoss = undefined;
    const answer = await publisher.publish({ snapshot, source, fence });
    // FORMAT.md 9.4: beside a leader, whose collection may run meanwhile.
    if (options.isBeside && answer.outcome === "published") await publisher.writeMissing(snapshot);
    if (answer.outcome === "published" || answer.outcome === "unchanged") {
      liveRoutes.settle();
      this.#liveContent = publisher.live?.manifest?.content;
      this.#foreignSince = undefined;
      this.#settle(source);
    }
    return answer;
  }

  async #compile(changed: Set<string>, known: ReadonlySet<string>): Promise<CompiledSnapshot> {
    const { table } = this.#deps;
    const reading = Promise.withResolvers<void>();
    const tableIsRead = () => {
      // At the start these are all keys there are: not to be held while chunks are written.
      changed.clear();
      this.#reading = undefined;
      reading.resolve();
    };
    this.#reading = reading.promise;
    try {
      return await this.#compiler.compile(table, changed, known, tableIsRead);
    } finally {
      tableIsRead();
    }
  }

  #settle(source: SourcePosition): void {
    const { state } = this.#deps;
    state.publishedRevision = source.revision;
    if (this.#changed.size === 0) state.waitingSince = undefined;
  }

  /** At the start, and when somebody else published: the routes are read from the store. */
  async #readLiveRoutes(): Promise<LiveRoutes> {
    const { clock, publisher, table } = this.#deps;
    const manifest = publisher.live?.manifest;
    if (manifest?.content !== this.#liveContent) {
      this.#foreignSince = clock.now();
      this.#liveContent = manifest?.content;
      this.#liveRoutes = undefined;
    }
    if (this.#liveRoutes) return this.#liveRoutes;
    const routes = manifest ? await this.#routesOf(manifest) : new Set<string>();
    this.#opened = undefined;
    const has = (key: string) => table.has(key);
    const wanted = { has, keys: table.keysOf("routes") };
    this.#liveRoutes = new LiveRoutes(routes, wanted);
    return this.#liveRoutes;
  }

  async #routesOf(manifest: Manifest): Promise<Set<string>> {
    if (this.#opened?.content === manifest.content) return this.#opened.routes;
    const { store } = this.#deps;
    return (await PublishedGeneration.open(manifest, (ref) => readChunk(store, ref))).routes;
  }

  /**
   * A leader whose mirror lags must not put an older state over a newer one (invariant 4). Only etcd can
   * say that its revision really went back: a proof that came after we saw what is live.
   */
  #behind(source: SourcePosition): SourcePosition | undefined {
    const { isProvenAfter, publisher } = this.#deps;
    const live = publisher.live?.manifest;
    if (!live || this.#foreignSince === undefined || live.repeats !== undefined) return undefined;
    const isLater =
      live.source.clusterId === source.clusterId && live.source.revision > source.revision;
    return isLater && !isProvenAfter(this.#foreignSince) ? live.source : undefined;
  }
}
