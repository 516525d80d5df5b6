import type { Plugins } from "../../shared/resources/merge.ts";
import type { Resources } from "../../shared/resources/resolve-route.ts";
import type { Chain } from "./chain.ts";
import type { PluginSite } from "./plugin.ts";

/** What building a chain needs of the generation that it is built for. */
export interface ChainSite extends Pick<PluginSite, "upstreamById" | "inlineUpstream"> {
  readonly resources: Resources;
  /** The key of the resource that a plugin of the chain comes from. */
  definedBy(name: string): string;
}

/** Makes of plugins' configurations what runs. */
export interface ChainSource {
  /**
   * The plugins that run, of all that are configured: not those that are switched off, or that the edge
   * ignores. Links of `kept` are taken over where the configuration is the same object, so that what they
   * remember of a request is still there. Throws `ConfigurationRefused`.
   */
  build(plugins: Plugins, site: ChainSite, kept?: Chain): Promise<Chain>;
}
