import type { Expression } from "../../shared/expression/parse.ts";
import type { PluginHandlers } from "./plugin.ts";

/** One plugin of a chain, ready to run. */
export interface Link {
  readonly name: string;
  /** Its own, or `_meta.priority`. */
  readonly priority: number;
  readonly handlers: PluginHandlers;
  /** As configured: another object is another configuration. */
  readonly configuration: object;
  /** `_meta.filter`: whether it runs for a request. */
  readonly filter: Expression | undefined;
  /** `_meta.error_response`: in place of the body of its exits from 400 on. */
  readonly errorResponse: string | object | undefined;
  readonly preferRoute: boolean;
}

type Phase = keyof PluginHandlers;

/** Plugins in the order in which they run, in every phase: that of their priorities, descending. */
export class Chain {
  readonly links: readonly Link[];
  readonly #byPhase = new Map<Phase, readonly Link[]>();

  constructor(links: readonly Link[]) {
    this.links = [...links].sort((a, b) => b.priority - a.priority);
  }

  get isEmpty(): boolean {
    return this.links.length === 0;
  }

  /** Those that have something to do in a phase. */
  in(phase: Phase): readonly Link[] {
    let links = this.#byPhase.get(phase);
    if (!links) {
      links = this.links.filter(({ handlers }) => handlers[phase] !== undefined);
      this.#byPhase.set(phase, links);
    }
    return links;
  }

  has(name: string): boolean {
    return this.links.some((link) => link.name === name);
  }

  /** The one that was made of this very configuration. */
  madeOf(name: string, configuration: object): Link | undefined {
    return this.links.find((link) => link.name === name && link.configuration === configuration);
  }
}

export const EMPTY_CHAIN = new Chain([]);
