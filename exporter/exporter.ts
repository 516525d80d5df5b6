import type { Reach } from "../shared/resources/reach.ts";
import type { Manifest } from "../shared/snapshot/format.ts";
import type { TreeSizes } from "../shared/snapshot/tree-chunks.ts";
import type { Clock } from "./clock.ts";
import { PublishedGeneration } from "./compile/memory.ts";
import type { Config } from "./config.ts";
import type { DiscoveryDeps } from "./discovery/discovery.ts";
import { TableServices } from "./discovery/table-services.ts";
import type { FieldCipher } from "./encryption/field-cipher.ts";
import type { Campaign, Leadership } from "./etcd/election.ts";
import { isComplete, type Mirror, type MirrorHealth } from "./etcd/keyspace.ts";
import { HealthChecks } from "./health/health-checks.ts";
import type { ProbeNode } from "./health/probe-node.ts";
import { errorText, type Log } from "./log.ts";
import { Pacer } from "./publish/pacer.ts";
import { Publisher } from "./publish/publisher.ts";
import { readChunk, readManifest, readPointer } from "./publish/read-generation.ts";
import { Collection } from "./publish/retention.ts";
import { type PublishAnswer, Publishing } from "./publishing.ts";
import { RejectionLog } from "./rejection-log.ts";
import { ResourceTable } from "./resource-table.ts";
import { type ExporterState, initialState, type StatusSources } from "./status.ts";
import type { ObjectStore } from "./store/object-store.ts";

export interface ExporterDeps {
  readonly config: Pick<
    Config,
    | "prefix"
    | "namespace"
    | "router"
    | "publishIntervalMs"
    | "pointerCheckIntervalMs"
    | "lossGuard"
    | "retention"
  >;
  readonly store: ObjectStore;
  readonly mirror: Mirror;
  /** Waits to be elected; undefined when `signal` aborts first. Absent: the only exporter there is. */
  readonly campaign?: Campaign | undefined;
  readonly clock: Clock;
  /** From 0 up to, not including, 1. */
  readonly random: () => number;
  readonly log: Log;
  /** Written into the pointer, for a person. */
  readonly by: string;
  /** Of fields that are encrypted in etcd; absent: none is. */
  readonly cipher?: FieldCipher;
  /** The format's where it is absent. */
  readonly treeSizes?: TreeSizes | undefined;
  /** How services are asked for; absent: they are not, and have no nodes. */
  readonly dns?: Pick<DiscoveryDeps, "find" | "timing"> | undefined;
  /** What the edge reaches by bindings, as far as we are told. */
  readonly reach?: Reach | undefined;
  /** Shared with whoever shows it; made here where it is absent. */
  readonly state?: ExporterState;
  /** Absent: nothing is probed, and no overlay written. */
  readonly health?: { readonly checks: "on" | "off"; readonly probe: ProbeNode } | undefined;
}

/** The pipeline from etcd to the pointer. */
export class Exporter {
  readonly state: ExporterState;
  /** For others to read. */
  readonly table: ResourceTable;
  readonly #deps: ExporterDeps;
  readonly #publisher: Publisher;
  readonly #collection: Collection;
  readonly #health: HealthChecks | undefined;
  readonly #rejectionLog: RejectionLog;
  readonly #services: TableServices | undefined;
  #publishing: Publishing | undefined;
  /** The memory of last valid values; asked once the base has been read, then let go. */
  #memory: PublishedGeneration | undefined;
  #leadership: Leadership | undefined;
  #saidHold: string | undefined;

  constructor(deps: ExporterDeps) {
    const { cipher, clock, config, store, by, dns, log, reach } = deps;
    this.#deps = deps;
    this.state = deps.state ?? initialState();
    this.#publisher = new Publisher({ store, clock, by, namespace: config.namespace });
    this.#collection = new Collection(store, clock, config.retention);
    this.#rejectionLog = new RejectionLog(log);
    this.#services = dns && new TableServices({ ...deps, ...dns });
    const nodesOf = this.#services?.nodesOf;
    this.table = new ResourceTable(config.prefix, { reach, nodesOf, cipher });
    const { health, random } = deps;
    const common = { store, clock, random, log, namespace: config.namespace, by };
    const own = { ...common, table: this.table, state: this.state };
    this.#health = health && new HealthChecks({ ...own, ...health });
  }

  /** Runs until `signal` aborts; a publish that is under way then is finished. */
  async run(signal: AbortSignal): Promise<void> {
    if (!(await this.#prepare(signal))) return;
    const pacer = this.#pacer();
    await Promise.all([
      this.#services?.takeChanges(signal, async (service) => {
        while (this.#publishing?.isReading) await this.#publishing.whenRead();
        const keys = this.table.refresh(service);
        if (keys.size === 0) return;
        this.#health?.note(keys);
        this.#publishing?.noteNodes(keys);
        pacer.nudge();
      }),
      this.#mirror(signal, () => pacer.nudge()),
      this.#lead(signal, () => pacer.nudge()),
      this.#every(this.#deps.config.pointerCheckIntervalMs, signal, async () => {
        this.#checkDue = true;
        pacer.nudge();
      }),
      this.#every(this.#deps.config.retention.intervalMs, signal, async () => {
        await this.#survey(signal);
        pacer.nudge();
      }),
      pacer.run(signal),
    ]);
    await this.#leadership?.resign();
  }

  /** Reads etcd once and publishes once. */
  async publishOnce(
    signal: AbortSignal,
    options: { readonly force?: boolean } = {},
  ): Promise<PublishAnswer | undefined> {
    if (!(await this.#prepare(signal))) return undefined;
    const publishing = this.#publishing as Publishing;
    const ended = new AbortController();
    const both = AbortSignal.any([signal, ended.signal]);
    await this.#mirror(both, () => ended.abort());
    for (;;) {
      const answer = await publishing.publish(undefined, { ...options, isBeside: true });
      this.#note(answer, this.#deps.clock.now());
      if (answer?.outcome !== "moved") return answer;
    }
  }

  health(): MirrorHealth {
    return this.#deps.mirror.health();
  }

  sources(): StatusSources {
    return {
      state: this.state,
      health: this.#deps.mirror.health(),
      rejections: this.table.rejections(),
      notices: (most) => this.table.notices(most),
      counts: this.table.counts(),
      discovery: this.#services?.report() ?? { services: [], failures: 0 },
      now: this.#deps.clock.now(),
    };
  }

  #checkDue = false;

  /** What was published last is the memory of last valid values: nothing goes on without it. */
  async #prepare(signal: AbortSignal): Promise<boolean> {
    const { clock, config, log, store } = this.#deps;
    const isOpen = await this.#insist(signal, "cannot read what was published last", async () => {
      const live = await this.#publisher.refresh();
      this.#notePointer();
      const superseded = live?.pointer.hold?.superseded;
      const manifest = superseded ? await readManifest(store, superseded) : live?.manifest;
      this.#memory = manifest && (await this.#openGeneration(manifest));
      return true;
    });
    if (!isOpen) return false;
    this.#publishing = new Publishing({
      table: this.table,
      publisher: this.#publisher,
      opened: this.#memory,
      router: config.router,
      treeSizes: this.#deps.treeSizes,
      lossGuard: config.lossGuard,
      state: this.state,
      isProvenAfter: (moment) => this.#isProvenAfter(moment),
      store,
      clock,
      log,
    });
    return true;
  }

  #openGeneration(manifest: Manifest): Promise<PublishedGeneration> {
    return PublishedGeneration.open(manifest, (ref) => readChunk(this.#deps.store, ref));
  }

  /** Tries `job` until it succeeds; undefined when `signal` aborts before. */
  async #insist<T>(
    signal: AbortSignal,
    failure: string,
    job: () => Promise<T>,
  ): Promise<T | undefined> {
    const { clock, log } = this.#deps;
    for (let wait = 500; !signal.aborted; wait = Math.min(2 * wait, 15_000)) {
      try {
        return await job();
      } catch (error) {
        this.state.publishError = { at: clock.now(), message: errorText(error) };
        log.error(`${failure}; trying again`, { error: errorText(error), waitMs: wait });
        await clock.sleep(wait, signal);
      }
    }
    return undefined;
  }

  async #mirror(signal: AbortSignal, changed: () => void): Promise<void> {
    const { log, mirror } = this.#deps;
    for await (const change of mirror.changes(signal)) {
      const needed = this.table.stage(change);
      if (!isComplete(change)) continue;
      await this.#services?.need(needed, signal);
      while (this.#publishing?.isReading) await this.#publishing.whenRead();
      const keys = this.table.commit(change);
      this.#services?.retain(this.table);
      if (change.cause === "base" && !(await this.#recall(keys, signal))) return;
      const { cause, clusterId, revision } = change;
      // From here on the set is publishing's.
      const count = keys.size;
      this.#publishing?.note(keys, { clusterId, revision });
      this.state.hasBase = true;
      this.#health?.note(keys);
      this.#rejectionLog.note(this.table.rejections());
      log.debug("change taken in", { cause, revision, keys: count });
      if (count > 0 || cause !== "watch") changed();
    }
  }

  /** Adds to `changed` the keys that have their last valid value from the memory. */
  async #recall(changed: Set<string>, signal: AbortSignal): Promise<boolean> {
    const { store } = this.#deps;
    let isFirst = true;
    const recalled = await this.#insist(signal, "cannot read a last valid value", async () => {
      // While etcd was away its chunks may have been collected: what is live now knows as well.
      const pointer = isFirst ? undefined : (await readPointer(store))?.pointer;
      isFirst = false;
      const ref = pointer?.hold?.superseded ?? pointer?.manifest;
      if (ref) this.#memory = await this.#openGeneration(await readManifest(store, ref));
      const published = async (key: string) => this.#memory?.body(key);
      const ofValues = await this.table.recall(published);
      const ofNodes = await this.#services?.recall(this.table, published, signal);
      return [...ofValues, ...(ofNodes ?? [])];
    });
    if (!recalled) return false;
    for (const key of recalled) changed.add(key);
    this.#memory = undefined;
    return true;
  }

  async #lead(signal: AbortSignal, elected: () => void): Promise<void> {
    const { campaign, clock, log } = this.#deps;
    if (!campaign) {
      // The base will say that there is something to publish: before it there is not.
      this.state.role = "leader";
      await this.#health?.run(signal);
      return;
    }
    while (!signal.aborted) {
      this.state.role = "follower";
      const leadership = await campaign(signal);
      if (!leadership) return;
      this.#leadership = leadership;
      this.#claimDue = true;
      this.state.role = "leader";
      log.info("elected as the publisher", { fence: leadership.fence.token });
      elected();
      const ended = AbortSignal.any([signal, leadership.signal]);
      const probing = this.#health?.run(ended);
      await aborted(ended);
      if (!signal.aborted) {
        this.#leadership = undefined;
        this.state.role = "follower";
        log.warn("no longer the publisher", {});
      }
      // It may wait for the store, and a deposed leader must not look like one meanwhile.
      await probing;
      await clock.sleep(100, signal);
    }
  }

  #claimDue = false;

  #pacer(): Pacer {
    const { clock, config, log, random } = this.#deps;
    return new Pacer({
      clock,
      random,
      intervalMs: config.publishIntervalMs,
      job: () => this.#step(),
      onFailure: (error, retryInMs) => {
        this.state.publishFailures += 1;
        this.state.publishError = { at: clock.now(), message: errorText(error) };
        log.error("publish failed; the old generation stays live", {
          error: errorText(error),
          retryInMs,
        });
      },
    });
  }

  /** Everything that touches the store, one thing after the other. */
  async #step(): Promise<void> {
    const { campaign, clock, log } = this.#deps;
    if (this.#checkDue) {
      this.#checkDue = false;
      await this.#publisher.refresh();
      this.#notePointer();
    }
    if (campaign && !this.#leadership) return;
    const leadership = this.#leadership;
    if (this.#claimDue && leadership) {
      const claimed = await this.#publisher.claim(leadership.fence, () => leadership.confirm());
      if (claimed === "deposed") {
        await leadership.resign();
        return;
      }
      this.#claimDue = false;
    }
    const began = clock.now();
    const answer = await this.#publishing?.publish(this.#leadership?.fence);
    this.#note(answer, began);
    if (answer?.outcome === "deposed") await this.#leadership?.resign();
    if (answer?.outcome === "moved") throw new Error("somebody else moved the pointer meanwhile");
    if (this.#collection.isDue) {
      const collected = await this.#collection.sweep();
      this.state.collected.manifests += collected.manifests;
      this.state.collected.chunks += collected.chunks;
      if (collected.chunks + collected.manifests > 0)
        log.info("old generations deleted", collected);
    }
  }

  /** What may be deleted is looked for beside publishing: with many manifests that takes long. */
  async #survey(signal: AbortSignal): Promise<void> {
    const { campaign, clock, log } = this.#deps;
    if (campaign && !this.#leadership) return;
    try {
      await this.#collection.survey(signal);
    } catch (error) {
      this.state.storeError = { at: clock.now(), message: errorText(error) };
      log.warn("cannot look for what may be deleted", { error: errorText(error) });
    }
  }

  #note(answer: PublishAnswer | undefined, began: number): void {
    const { clock, log } = this.#deps;
    this.#notePointer();
    if (!answer) return;
    this.state.publishError = undefined;
    if (answer.outcome === "published") {
      const { generation, objects, bytes } = answer;
      const ms = clock.now() - began;
      this.state.publishes += 1;
      this.state.lastPublish = { at: clock.now(), generation, ms, objects, bytes };
      log.info("published", { generation, objects, bytes, ms });
    }
    const hold = holdText(answer);
    if (hold !== undefined && hold !== this.#saidHold)
      log.warn("publishing is held", { why: hold });
    if (hold === undefined && this.#saidHold !== undefined) log.info("publishing goes on", {});
    this.#saidHold = hold;
  }

  /** A single read is its own proof; a mirror must be live and have heard from etcd since. */
  #isProvenAfter(moment: number): boolean {
    const { state, lastProofAt = 0 } = this.#deps.mirror.health();
    return state === "stopped" || (state === "live" && lastProofAt > moment);
  }

  #notePointer(): void {
    const { live } = this.#publisher;
    this.state.pointer = live?.pointer;
    this.state.liveSource = live?.manifest?.source;
    this.state.hold = this.state.pointer?.hold;
  }

  async #every(ms: number, signal: AbortSignal, due: () => Promise<void>): Promise<void> {
    // An interval of 0 means: with every publish. A loop without pause would starve everything else.
    while (!signal.aborted) {
      await this.#deps.clock.sleep(Math.max(ms, 50), signal);
      if (!signal.aborted) await due();
    }
  }
}

function holdText(answer: PublishAnswer): string | undefined {
  if (answer.outcome === "held")
    return `${answer.hold.reason}, since ${answer.hold.since}; \`snapgate resume\` ends it`;
  return answer.outcome === "held-loss" ? answer.message : undefined;
}

function aborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve) =>
    signal.addEventListener("abort", () => resolve(), { once: true }),
  );
}
