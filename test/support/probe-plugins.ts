import type { Exchange } from "../../edge/plugins/exchange.ts";
import type { OwnPlugin } from "../../edge/plugins/own-plugin.ts";
import { definePlugin, type Handler, type PluginHandlers } from "../../edge/plugins/plugin.ts";

interface ProbeConfiguration {
  /** What it calls itself in the record. */
  readonly as: string;
  /** Phase in which it answers. */
  readonly exit?: "rewrite" | "access" | "beforeProxy";
  readonly status: number;
  /** Phase in which it throws. */
  readonly fail?: keyof PluginHandlers;
  /** A variable that it asks for in the access phase. */
  readonly reads?: string;
}

/** Plugins that do nothing but note each phase in `record`, in the order of their priorities. */
export function probePlugins(
  priorities: Readonly<Record<string, number>>,
  record: string[],
): OwnPlugin[] {
  return Object.entries(priorities).map(([name, priority]) => ({
    name,
    priority,
    schema: { type: "object", properties: { status: { type: "integer", default: 418 } } },
    plugin: definePlugin<ProbeConfiguration>(() => ({ build: (told) => handlersOf(told, record) })),
  }));
}

function handlersOf(told: ProbeConfiguration, record: string[]): PluginHandlers {
  const note = (phase: keyof PluginHandlers) => {
    record.push(`${phase} ${told.as}`);
    if (told.fail === phase) throw new Error(`${told.as} fails`);
  };
  const exiting =
    (phase: "rewrite" | "access" | "beforeProxy"): Handler =>
    ({ variables }) => {
      if (phase === "access" && told.reads) variables.get(told.reads);
      note(phase);
      return told.exit === phase ? { status: told.status, body: { by: told.as } } : undefined;
    };
  return {
    rewrite: exiting("rewrite"),
    access: exiting("access"),
    beforeProxy: exiting("beforeProxy"),
    headerFilter: () => note("headerFilter"),
    bodyFilter: () => {
      note("bodyFilter");
      return undefined;
    },
    log: () => note("log"),
  };
}

/** Takes the header `who` for the consumer's name. */
export const nameTag: OwnPlugin = {
  name: "name-tag",
  priority: 2000,
  schema: {},
  plugin: definePlugin(() => ({
    build: () => ({
      async rewrite(exchange: Exchange) {
        const sender = await exchange.consumers.consumer(exchange.header("who") ?? "");
        if (!sender) return { status: 401, body: { message: "who?" } };
        exchange.identify(sender);
        return undefined;
      },
    }),
  })),
};
