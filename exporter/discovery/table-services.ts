import type { ResourceTable } from "../resource-table.ts";
import { type NodesOf, nodesInBody } from "../table/discovered-nodes.ts";
import { parseBody } from "../table/held-resource.ts";
import { Discovery, type DiscoveryDeps, type DiscoveryReport } from "./discovery.ts";

/** The services that a table's resources have their nodes from: what is known of them, and what changed. */
export class TableServices {
  readonly #discovery: Discovery;
  readonly #changed = new Set<string>();
  #wake = () => {};

  constructor(deps: Omit<DiscoveryDeps, "changed">) {
    this.#discovery = new Discovery({
      ...deps,
      changed: (service) => {
        this.#changed.add(service);
        this.#wake();
      },
    });
  }

  readonly nodesOf: NodesOf = (service) => this.#discovery.nodesOf(service);

  /** Before resources that need them are taken in: waits a little for what is not known yet. */
  async need(services: ReadonlySet<string>, signal: AbortSignal): Promise<void> {
    this.#discovery.follow(services, signal);
    await this.#discovery.firstAnswers(services, signal);
  }

  /** After a change of the table: lets go of the services that nobody has any more. */
  retain(table: ResourceTable): void {
    this.#discovery.retain((service) => table.uses(service));
  }

  /**
   * Follows those of values that were recalled themselves, and gives services of which nothing is known the
   * nodes that were published last; returns the keys that have a resource with other nodes now. Throws what
   * `published` throws.
   */
  async recall(
    table: ResourceTable,
    published: (key: string) => Promise<string | undefined>,
    signal: AbortSignal,
  ): Promise<readonly string[]> {
    this.#discovery.follow(table.services(), signal);
    const changed: string[] = [];
    for (const service of this.#discovery.unknown()) {
      for (const key of table.usersOf(service)) {
        const body = await published(key);
        const nodes = body === undefined ? undefined : nodesInBody(parseBody(key, body), service);
        if (!nodes) continue;
        this.#discovery.recall(service, nodes);
        changed.push(...table.refresh(service));
        break;
      }
    }
    return changed;
  }

  /** Hands on, one after the other, each service that has other nodes; until `signal` aborts. */
  async takeChanges(signal: AbortSignal, take: (service: string) => Promise<void>): Promise<void> {
    signal.addEventListener("abort", () => this.#wake());
    while (!signal.aborted) {
      for (const service of this.#changed) {
        this.#changed.delete(service);
        await take(service);
      }
      if (signal.aborted) return;
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }

  report(): DiscoveryReport {
    return this.#discovery.report();
  }
}
