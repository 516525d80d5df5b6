import type { OpenSnapshot } from "../../edge/snapshot/open-snapshot.ts";
import { createElection } from "../../exporter/etcd/election.ts";
import { createMirror } from "../../exporter/etcd/mirror.ts";
import { Exporter } from "../../exporter/exporter.ts";
import { silentLog } from "../../exporter/log.ts";
import { LOSS_GUARD_DEFAULT } from "../../exporter/publish/loss-guard.ts";
import { OperationError, resume, rollback } from "../../exporter/publish/operations.ts";
import { RetryingStore } from "../../exporter/store/retrying-store.ts";
import type { TreeSizes } from "../../shared/snapshot/tree-chunks.ts";
import { type Random, seededRandom } from "../support/random.ts";
import { virtualClock } from "../support/virtual-clock.ts";
import { type ReadFaults, startEdge } from "./edge.ts";
import { FaultyStore, type StoreFaults } from "./faulty-store.ts";
import { Model, PREFIX, routeText } from "./model.ts";
import { ROUTES, routeKey, servedMarkers } from "./routes.ts";
import { SimulatedEtcd } from "./simulated-etcd.ts";
import { OPERATOR, WatchedStore } from "./watched-store.ts";

const EXPORTERS = 2;
const LEADER_TTL_SECONDS = 5;
const EDGES = 3;

const CONFIG = {
  prefix: "/apisix",
  namespace: "default",
  router: "radixtree_host_uri",
  publishIntervalMs: 500,
  pointerCheckIntervalMs: 1000,
  retention: { keepGenerations: 2, graceMs: 12_000, intervalMs: 3000 },
} as const;

const STORE_RETRIES = { attempts: 3, firstDelayMs: 100, maxDelayMs: 1000 };
const MIRROR_TIMING = { auditEveryMs: 60_000 };

/** Two routes are a chunk, and three chunks a branch: so few routes have three levels of branches. */
const SMALL_TREES = { bodies: 300, pages: 60, branchFactor: 3 };

/** A running exporter process, as far as the simulation can kill or freeze it. */
interface Process {
  readonly stop: AbortController;
  readonly done: Promise<void>;
  isDead: boolean;
}

/** A running isolate and what it served last. */
interface Isolate {
  edge: ReturnType<typeof startEdge>;
  generation: number;
}

/** The whole path on one seed: etcd, exporters, bucket, edges, an operator, and everybody's bad luck. */
export class World {
  readonly clock = virtualClock();
  readonly random: Random;
  readonly etcd = new SimulatedEtcd(this.clock);
  readonly store = new WatchedStore(() => this.clock.now());
  readonly model = new Model(this.etcd);
  readonly violations: string[] = [];
  readonly happened: string[] = [];
  readonly #storeFaults: StoreFaults = { failures: 0, delayMs: 20 };
  readonly #readFaults: ReadFaults = { failures: 0, corruptions: 0, truncations: 0 };
  readonly #processes: Process[] = [];
  readonly #isolates: Isolate[] = [];
  /** In some worlds a snapshot is many chunks, in the others a few: those take much less time. */
  readonly #treeSizes: TreeSizes | undefined;
  #writes = 0;
  #backup: ReturnType<SimulatedEtcd["backup"]> | undefined;

  constructor(seed: number) {
    this.random = seededRandom(seed);
    this.#treeSizes = this.random.chance(0.4) ? SMALL_TREES : undefined;
    this.model.beginHistory();
    for (let i = 0; i < ROUTES; i++) this.#writeRoute(i);
    for (let i = 0; i < EXPORTERS; i++) this.#processes.push(this.#startExporter());
    for (let i = 0; i < EDGES; i++) this.#isolates.push(this.#startIsolate());
  }

  /** One event of the world, then a little time. */
  async step(): Promise<void> {
    const [event] = this.#pickEvent();
    this.happened.push(event.name);
    await event.run();
    await this.#requests();
    await this.clock.advance(50 + this.random.below(1500));
  }

  /** Everything is well again; returns what an edge says once all have had time. */
  async calm(): Promise<void> {
    Object.assign(this.#storeFaults, { failures: 0, delayMs: 5 });
    Object.assign(this.#readFaults, { failures: 0, corruptions: 0, truncations: 0 });
    this.etcd.isDown = false;
    this.etcd.isSilent = false;
    this.#processes.push(this.#startExporter());
    await this.clock.advance(30_000);
    await this.#operate(() => resume(this.#operator()));
    await this.clock.advance(30_000);
    // A loss that is still held is meant.
    await this.#force();
    await this.clock.advance(60_000);
    for (const isolate of this.#isolates) await this.#ask(isolate);
    await this.clock.advance(5000);
    await this.#requests();
    for (const isolate of this.#isolates) await this.#checkConverged(isolate);
  }

  async end(): Promise<void> {
    for (const process of this.#processes) process.stop.abort();
    await this.clock.advance(20_000);
  }

  get allViolations(): string[] {
    return [...this.violations, ...this.store.violations];
  }

  #pickEvent() {
    const events = this.#events();
    const total = events.reduce((sum, { weight }) => sum + weight, 0);
    let at = this.random.next() * total;
    for (const event of events) {
      at -= event.weight;
      if (at < 0) return [event] as const;
    }
    return [events[0] as (typeof events)[number]] as const;
  }

  #events(): { name: string; weight: number; run: () => void | Promise<void> }[] {
    const { random, etcd } = this;
    const share = () => (random.chance(0.5) ? 0 : random.next() * 0.6);
    return [
      { name: "write", weight: 30, run: () => this.#writeRoute(random.below(ROUTES)) },
      { name: "pair", weight: 12, run: () => this.#writePair() },
      {
        name: "bad value",
        weight: 6,
        run: () => this.#write({ [routeKey(random.below(ROUTES))]: "{bad" }),
      },
      { name: "delete", weight: 6, run: () => this.#deleteRoute(random.below(ROUTES)) },
      { name: "mass delete", weight: 0.7, run: () => this.#deleteMost() },
      { name: "compact", weight: 3, run: () => etcd.compact() },
      { name: "cut", weight: 4, run: () => etcd.cutStreams() },
      { name: "etcd down or up", weight: 3, run: () => etcd.toggleOutage() },
      { name: "etcd silent or not", weight: 2, run: () => this.#toggleSilence() },
      { name: "backup", weight: 1, run: () => this.#takeBackup() },
      { name: "restore", weight: 0.7, run: () => this.#restore() },
      { name: "kill exporter", weight: 2, run: () => this.#replaceExporter(true) },
      { name: "freeze exporter", weight: 2, run: () => this.#freezeExporter() },
      { name: "restart exporter", weight: 1, run: () => this.#replaceExporter(false) },
      { name: "store weather", weight: 5, run: () => this.#setStoreWeather(share()) },
      { name: "read weather", weight: 5, run: () => this.#setReadWeather(share()) },
      { name: "new isolate", weight: 3, run: () => this.#replaceIsolate() },
      { name: "rollback", weight: 0.8, run: () => this.#rollback() },
      { name: "resume", weight: 1.6, run: () => this.#operate(() => resume(this.#operator())) },
      { name: "force", weight: 0.5, run: () => this.#force() },
    ];
  }

  #startExporter(): Process {
    const { clock, random } = this;
    const stop = new AbortController();
    const process = { stop, isDead: false };
    const isDead = () => process.isDead;
    const deps = this.#exporterDeps();
    const transport = this.etcd.transport(isDead);
    const faulty = new FaultyStore(this.store, this.#storeFaults, { random, clock, isDead });
    const store = new RetryingStore(faulty, { ...deps, ...STORE_RETRIES });
    const exporter = new Exporter({
      ...deps,
      store,
      mirror: createMirror({ transport, ...deps, prefix: PREFIX, timing: MIRROR_TIMING }),
      campaign: createElection({
        transport,
        ...deps,
        monotonicNow: () => clock.now(),
        namespace: "default",
        by: "simulation",
        ttlSeconds: LEADER_TTL_SECONDS,
      }),
      by: "simulation",
    });
    const done = exporter.run(stop.signal).catch((error: unknown) => {
      this.violations.push(`the exporter ended: ${error instanceof Error ? error.stack : error}`);
    });
    return Object.assign(process, { done });
  }

  #exporterDeps() {
    const { clock, random } = this;
    const config = { ...CONFIG, lossGuard: LOSS_GUARD_DEFAULT };
    const treeSizes = this.#treeSizes;
    return { config, treeSizes, clock, random: () => random.next(), log: silentLog };
  }

  #startIsolate(): Isolate {
    const { clock, random, store } = this;
    return { edge: startEdge(store, clock, random, this.#readFaults), generation: 0 };
  }

  #writeRoute(i: number): void {
    this.#write({ [routeKey(i)]: routeText(`r${i}`, this.#marker()) });
  }

  /** Two routes in one transaction, of one marker: never seen apart. */
  #writePair(): void {
    const marker = this.#marker();
    this.#write({
      [`${PREFIX}routes/pair-a`]: routeText("pair-a", marker),
      [`${PREFIX}routes/pair-b`]: routeText("pair-b", marker),
    });
  }

  #write(values: Readonly<Record<string, string | undefined>>): void {
    this.etcd.write(values);
    this.model.note();
  }

  #marker(): string {
    this.#writes += 1;
    return `w${this.#writes}`;
  }

  /** Some come back when retention may have forgotten the snapshot that had them. */
  #deleteRoute(i: number): void {
    this.#write({ [routeKey(i)]: undefined });
    if (this.random.chance(0.5)) this.clock.after(20_000, () => this.#writeRoute(i));
  }

  #deleteMost(): void {
    const keys = Array.from({ length: ROUTES }, (_, i) => routeKey(i)).filter(() =>
      this.random.chance(0.9),
    );
    this.#write(Object.fromEntries(keys.map((key) => [key, undefined])));
  }

  #takeBackup(): void {
    this.#backup = this.etcd.backup();
  }

  #toggleSilence(): void {
    this.etcd.isSilent = !this.etcd.isSilent;
    if (!this.etcd.isSilent) this.etcd.cutStreams();
  }

  #restore(): void {
    if (!this.#backup) return;
    const clusterId = this.random.chance(0.3) ? String(2000 + this.random.below(1000)) : undefined;
    this.etcd.restore(this.#backup, clusterId);
    this.model.beginHistory();
    this.store.beginHistory(this.clock.now() + LEADER_TTL_SECONDS * 1000);
    // A restored etcd goes on being written to; without that nobody could tell that it was.
    this.#writeRoute(0);
  }

  #replaceExporter(isKill: boolean): void {
    const at = this.random.below(EXPORTERS);
    const process = this.#processes[at] as Process;
    process.isDead = isKill;
    process.stop.abort();
    this.#processes[at] = this.#startExporter();
  }

  /** Its calls hang for a while, then go on as if nothing had been: a paused virtual machine. */
  #freezeExporter(): void {
    const process = this.random.pick(this.#processes);
    process.isDead = true;
    this.clock.after(3000 + this.random.below(15_000), () => {
      process.isDead = false;
    });
  }

  #setStoreWeather(failures: number): void {
    Object.assign(this.#storeFaults, { failures, delayMs: this.random.pick([5, 50, 500]) });
  }

  #setReadWeather(share: number): void {
    Object.assign(this.#readFaults, {
      failures: share,
      corruptions: share / 2,
      truncations: share / 2,
    });
  }

  #replaceIsolate(): void {
    this.#isolates[this.random.below(EDGES)] = this.#startIsolate();
  }

  async #rollback(): Promise<void> {
    const generation = this.random.pick([...this.store.published.keys(), 1]);
    await this.#operate(() => rollback(this.#operator(), generation));
  }

  /** `snapgate publish --force`: says that a loss is meant, from beside the running exporters. */
  async #force(): Promise<void> {
    if (this.etcd.isDown || this.etcd.isSilent) return;
    const deps = this.#exporterDeps();
    const transport = this.etcd.transport(() => false);
    this.store.forced += 1;
    const exporter = new Exporter({
      ...deps,
      store: this.store,
      mirror: createMirror({ transport, ...deps, prefix: PREFIX }),
      by: OPERATOR,
    });
    const stop = new AbortController();
    const cancel = this.clock.after(5000, () => stop.abort());
    await this.#whileTimePasses(exporter.publishOnce(stop.signal, { force: true }));
    cancel();
    this.store.forced = 0;
  }

  #operator() {
    return { store: this.store, namespace: "default", clock: this.clock, by: OPERATOR };
  }

  async #operate(run: () => Promise<unknown>): Promise<void> {
    await this.#whileTimePasses(
      run().catch((error: unknown) => {
        if (!(error instanceof OperationError)) throw error;
      }),
    );
  }

  async #whileTimePasses(work: Promise<unknown>): Promise<void> {
    let isDone = false;
    const ended = work.finally(() => {
      isDone = true;
    });
    for (let i = 0; i < 10_000 && !isDone; i++) await this.clock.step(10);
    await ended;
  }

  /** Each edge serves a request, and what it serves is checked. */
  async #requests(): Promise<void> {
    for (const isolate of this.#isolates) {
      const snapshot = await this.#ask(isolate);
      if (!snapshot) continue;
      if (snapshot.generation < isolate.generation) {
        this.violations.push(
          `2: an edge went from ${isolate.generation} back to ${snapshot.generation}`,
        );
      }
      isolate.generation = snapshot.generation;
      await this.#checkServed(snapshot);
    }
  }

  async #ask(isolate: Isolate): Promise<OpenSnapshot | undefined> {
    let snapshot: OpenSnapshot | undefined;
    await this.#whileTimePasses(
      isolate.edge.current().then((found) => {
        snapshot = found;
      }),
    );
    return snapshot;
  }

  /** A body that is no longer resident is read from the bucket, which takes time. */
  async #served(snapshot: OpenSnapshot): Promise<ReadonlyMap<string, string> | undefined> {
    let served: ReadonlyMap<string, string> | undefined;
    await this.#whileTimePasses(
      servedMarkers(snapshot).then((found) => {
        served = found;
      }),
    );
    return served;
  }

  async #checkServed(snapshot: OpenSnapshot): Promise<void> {
    const { generation, manifest } = snapshot;
    const published = this.store.published.get(generation);
    if (published?.content !== manifest.content) {
      this.violations.push(
        `3: an edge serves generation ${generation}, which was never published so`,
      );
      return;
    }
    const served = await this.#served(snapshot);
    if (!served) return; // A body could not be read just now; the request would get 503.
    if (served.get("routes/pair-a") !== served.get("routes/pair-b")) {
      this.violations.push(`4: generation ${generation} has one half of a transaction`);
    }
    const original =
      manifest.repeats === undefined ? manifest : this.store.published.get(manifest.repeats);
    const wrong = this.model.wrong((original ?? manifest).source, served);
    if (wrong)
      this.violations.push(`4: generation ${generation} (${manifest.source.revision}): ${wrong}`);
  }

  /** Invariant 4 at the end: faults are over, so an edge equals etcd. */
  async #checkConverged(isolate: Isolate): Promise<void> {
    const snapshot = await this.#ask(isolate);
    const served = snapshot && (await this.#served(snapshot));
    const position = { clusterId: this.etcd.clusterId, revision: this.etcd.revision };
    const wrong = served ? this.model.wrong(position, served) : "nothing is served";
    if (wrong) this.violations.push(`4: an edge did not converge: ${wrong}`);
  }
}
