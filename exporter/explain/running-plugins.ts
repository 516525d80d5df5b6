import { HTTP_PLUGINS } from "../../shared/plugins/catalogue.ts";
import type { Plugins } from "../../shared/resources/merge.ts";

/**
 * Names of the plugins that the edge runs for a request of nobody in particular: the global rules', then the
 * route's, each by priority. Those of its consumer come to them, and those compiled in by whoever deploys
 * the edge: neither is known here.
 */
export function runningPlugins(global: Plugins, route: Plugins): string[] {
  const own = inOrder(route);
  const left = inOrder(global).filter(
    (name) => !(ROWS.get(name)?.preferRoute && own.includes(name)),
  );
  return [...left, ...own];
}

const ROWS = new Map(HTTP_PLUGINS.map((row) => [row.name, row]));

interface Meta {
  readonly disable?: boolean;
  readonly priority?: number;
}

function inOrder(plugins: Plugins): string[] {
  const found = Object.entries(plugins).flatMap(([name, { _meta }]) => {
    const row = ROWS.get(name);
    const meta = (_meta ?? {}) as Meta;
    if (row?.support.is !== "supported" || meta.disable === true) return [];
    return [{ name, priority: meta.priority ?? row.priority }];
  });
  return found.sort((a, b) => b.priority - a.priority).map(({ name }) => name);
}
