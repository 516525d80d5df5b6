import type { UpstreamNode } from "../../shared/resources/upstream.ts";
import type { Clock } from "../clock.ts";
import { type Backoff, createBackoff } from "../etcd/backoff.ts";
import { errorText, type Log } from "../log.ts";
import { Slots } from "../slots.ts";
import type { FindNodes, Found } from "./find-nodes.ts";
import type { RecordType } from "./record-order.ts";

export interface DiscoveryTiming {
  /** No service is asked for again sooner than `minTtlMs` after an answer, nor later than `maxTtlMs`. */
  readonly minTtlMs: number;
  readonly maxTtlMs: number;
  /** How long `firstAnswers` waits at most. */
  readonly firstAnswerMs: number;
}

export interface DiscoveryDeps {
  readonly find: FindNodes;
  readonly timing: DiscoveryTiming;
  readonly clock: Clock;
  /** From 0 up to, not including, 1. */
  readonly random: () => number;
  readonly log: Log;
  /** `nodesOf` says something else of this service now. */
  readonly changed: (service: string) => void;
}

/** Of every service, for people. */
export interface DiscoveryReport {
  readonly services: readonly ServiceReport[];
  /** Questions without an answer since the start. */
  readonly failures: number;
}

export interface ServiceReport {
  readonly service: string;
  /** Undefined: nobody knows them. */
  readonly nodes: readonly UpstreamNode[] | undefined;
  readonly answeredAt: number | undefined;
  /** Why it cannot be asked for at present. */
  readonly error: string | undefined;
}

interface Service {
  nodes: readonly UpstreamNode[] | undefined;
  type: RecordType | undefined;
  answeredAt: number | undefined;
  error: string | undefined;
  /** Resolves once it has been asked for the first time, well or ill. */
  readonly asked: PromiseWithResolvers<void>;
  isAsked: boolean;
  readonly left: AbortController;
  readonly backoff: Backoff;
  /** What was said in the log of targets without address. */
  saidWithout: string;
}

/** For a name that is not there, where the server does not say for how long. */
const NEGATIVE_TTL_MS = 30_000;
const MOST_BACKOFF_MS = 10_000;
const SERVICES_AT_ONCE = 16;
/** Answers are asked for anew when this share of their time is over, at the earliest. */
const EARLIEST_SHARE = 0.9;

/**
 * Keeps what DNS says of services at hand, each asked once for all who use it, and again when its time to
 * live is over. While there is no answer the last one stays: a resolver that is away takes nothing down.
 */
export class Discovery {
  readonly #deps: DiscoveryDeps;
  readonly #services = new Map<string, Service>();
  readonly #slots = new Slots(SERVICES_AT_ONCE);
  #failures = 0;
  /** The last question had no answer; the next one need not be waited for. */
  #isAway = false;

  constructor(deps: DiscoveryDeps) {
    this.#deps = deps;
  }

  /** Undefined until there was an answer, or `recall`. */
  nodesOf(name: string): readonly UpstreamNode[] | undefined {
    return this.#services.get(name)?.nodes;
  }

  /** Begins with those that it does not follow yet, and goes on until `signal` aborts. */
  follow(names: Iterable<string>, signal: AbortSignal): void {
    for (const name of names) {
      if (this.#services.has(name)) continue;
      const { minTtlMs } = this.#deps.timing;
      const service: Service = {
        nodes: undefined,
        type: undefined,
        answeredAt: undefined,
        error: undefined,
        asked: Promise.withResolvers(),
        isAsked: false,
        left: new AbortController(),
        backoff: createBackoff(this.#deps.random, { minMs: minTtlMs, maxMs: MOST_BACKOFF_MS }),
        saidWithout: "",
      };
      this.#services.set(name, service);
      void this.#keep(name, service, AbortSignal.any([signal, service.left.signal]));
    }
  }

  /** Lets go of all that nobody needs any more. */
  retain(isNeeded: (name: string) => boolean): void {
    for (const [name, service] of this.#services) {
      if (isNeeded(name)) continue;
      service.left.abort();
      this.#services.delete(name);
    }
  }

  /** Waits, within bounds, until each of these has been asked for once; not while DNS is away. */
  async firstAnswers(names: Iterable<string>, signal: AbortSignal): Promise<void> {
    const waited = [...names].flatMap((name) => {
      const service = this.#services.get(name);
      return service && !service.isAsked ? [service.asked.promise] : [];
    });
    if (waited.length === 0 || this.#isAway) return;
    const done = new AbortController();
    const { clock, timing } = this.#deps;
    const over = clock.sleep(timing.firstAnswerMs, AbortSignal.any([signal, done.signal]));
    await Promise.race([Promise.all(waited), over]);
    done.abort();
  }

  /** Those of whose nodes nothing is known. */
  unknown(): readonly string[] {
    return [...this.#services].filter(([, { nodes }]) => !nodes).map(([name]) => name);
  }

  /** What was known before this process was there; an answer puts it aside. */
  recall(name: string, nodes: readonly UpstreamNode[]): void {
    const service = this.#services.get(name);
    if (!service || service.nodes) return;
    service.nodes = nodes;
    this.#deps.log.warn("a service keeps the nodes that were published last", {
      service: name,
      nodes: nodes.length,
    });
  }

  report(): DiscoveryReport {
    const services = [...this.#services].map(([service, { nodes, answeredAt, error }]) => {
      return { service, nodes, answeredAt, error };
    });
    services.sort((a, b) => (a.service < b.service ? -1 : 1));
    return { services, failures: this.#failures };
  }

  async #keep(name: string, service: Service, signal: AbortSignal): Promise<void> {
    const { clock } = this.#deps;
    while (!signal.aborted) {
      const waitMs = await this.#slots.run(() => this.#ask(name, service, signal));
      service.isAsked = true;
      service.asked.resolve();
      await clock.sleep(waitMs, signal);
    }
    service.asked.resolve();
  }

  /** Returns after how many ms to ask again. */
  async #ask(name: string, service: Service, signal: AbortSignal): Promise<number> {
    const { clock, find } = this.#deps;
    if (signal.aborted) return 0;
    try {
      const found = await find(name, service.type, signal);
      if (signal.aborted) return 0;
      this.#isAway = false;
      service.answeredAt = clock.now();
      service.backoff.reset();
      this.#take(name, service, found);
      return this.#freshFor(found);
    } catch (error) {
      if (signal.aborted) return 0;
      this.#fail(name, service, errorText(error));
      return service.backoff.next();
    }
  }

  #take(name: string, service: Service, found: Found): void {
    const { changed, log } = this.#deps;
    if (service.error !== undefined) log.info("a service is resolved again", { service: name });
    service.error = undefined;
    const nodes = found.is === "nodes" ? found.nodes : [];
    if (found.is === "nodes") {
      service.type = found.type;
      this.#tellWithout(name, service, found.withoutAddress);
    }
    const before = service.nodes;
    if (before && JSON.stringify(before) === JSON.stringify(nodes)) return;
    service.nodes = nodes;
    if (nodes.length === 0) {
      log.warn("a service has no nodes in DNS; its requests are answered with 503", {
        service: name,
      });
    } else {
      log.info("a service has new nodes", { service: name, nodes: nodes.length });
    }
    changed(name);
  }

  #tellWithout(name: string, service: Service, targets: readonly string[]): void {
    const told = targets.join(", ");
    if (told !== "" && told !== service.saidWithout) {
      const fields = { service: name, targets };
      this.#deps.log.warn("SRV records lead to names without an address; left out", fields);
    }
    service.saidWithout = told;
  }

  #fail(name: string, service: Service, error: string): void {
    this.#failures += 1;
    this.#isAway = true;
    const isFirst = service.error === undefined;
    service.error = error;
    if (!isFirst) return;
    const keeps = service.nodes ? `its last nodes, ${service.nodes.length}` : "nothing";
    this.#deps.log.warn("a service cannot be resolved", { service: name, error, keeps });
  }

  /** A little early by chance, so that replicas and services do not ask all at once. */
  #freshFor(found: Found): number {
    const { random, timing } = this.#deps;
    const toldMs = found.ttlSeconds === undefined ? undefined : found.ttlSeconds * 1000;
    const most =
      found.is === "nodes" ? timing.maxTtlMs : Math.min(NEGATIVE_TTL_MS, timing.maxTtlMs);
    const ttlMs = Math.max(timing.minTtlMs, Math.min(toldMs ?? most, most));
    return ttlMs * (EARLIEST_SHARE + (1 - EARLIEST_SHARE) * random());
  }
}
