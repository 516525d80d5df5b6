import { parseExpression } from "../../shared/expression/parse.ts";
import { PcreUnsupported } from "../../shared/expression/pcre.ts";
import { HTTP_PLUGINS } from "../../shared/plugins/catalogue.ts";
import { HTTP_PLUGIN_SCHEMAS } from "../../shared/plugins/schemas/index.ts";
import type { PluginSchemas } from "../../shared/plugins/schemas/plugin-schemas.ts";
import { withDefaults } from "../../shared/plugins/with-defaults.ts";
import type { Plugins } from "../../shared/resources/merge.ts";
import type { Resources } from "../../shared/resources/resolve-route.ts";
import type { ResolveSecret } from "../secrets.ts";
import { Chain, EMPTY_CHAIN, type Link } from "./chain.ts";
import type { ChainSite, ChainSource } from "./chain-source.ts";
import type { OwnPlugin } from "./own-plugin.ts";
import {
  ConfigurationRefused,
  type OpenedApi,
  type Plugin,
  type PluginApi,
  type PluginDeps,
  type PluginHandlers,
  type PluginInstance,
} from "./plugin.ts";
import { PLUGINS } from "./registry.ts";
import { resolveSecrets } from "./resolve-secrets.ts";

/** A plugin of this isolate, with what the catalogue says of it. */
interface RunnablePlugin extends PluginSchemas {
  readonly priority: number;
  readonly preferRoute: boolean;
  readonly instance: PluginInstance<object>;
}

/** Once an isolate, and with it the plugins' own memory. */
export class ChainBuilder implements ChainSource {
  readonly #plugins = new Map<string, RunnablePlugin>();
  readonly #apis: { readonly plugin: string; readonly api: PluginApi }[] = [];
  readonly #resolveSecret: ResolveSecret;

  /** Throws where one of `own` has the name of another plugin. */
  constructor(
    deps: PluginDeps,
    resolveSecret: ResolveSecret,
    own: readonly OwnPlugin[] = NO_OWN_PLUGINS,
  ) {
    this.#resolveSecret = resolveSecret;
    for (const { name, priority, preferRoute = false } of HTTP_PLUGINS) {
      const plugin = BEHAVIOURS.get(name);
      const schemas = HTTP_PLUGIN_SCHEMAS[name];
      if (!plugin || !schemas) continue;
      this.#add(name, { ...schemas, priority, preferRoute, instance: plugin.create(deps) });
    }
    for (const { name, plugin, preferRoute = false, ...row } of own) {
      if (HTTP_PLUGINS.some((other) => other.name === name) || this.#plugins.has(name)) {
        throw new Error(`a plugin of one's own may not be called ${name}: there is one already`);
      }
      this.#add(name, { ...row, preferRoute, instance: plugin.create(deps) });
    }
  }

  async build(plugins: Plugins, site: ChainSite, kept = EMPTY_CHAIN): Promise<Chain> {
    const links: Link[] = [];
    for (const [name, configuration] of Object.entries(plugins)) {
      try {
        const link =
          kept.madeOf(name, configuration) ?? (await this.#link(name, configuration, site));
        if (link) links.push(link);
      } catch (error) {
        throw refusalOf(error, name);
      }
    }
    return links.length === 0 ? EMPTY_CHAIN : new Chain(links);
  }

  async #link(
    name: string,
    configuration: Plugins[string],
    site: ChainSite,
  ): Promise<Link | undefined> {
    const row = this.#plugins.get(name);
    const meta = metaOf(configuration);
    if (!row || meta.disable === true) return undefined;
    return {
      name,
      priority: meta.priority ?? row.priority,
      handlers: await this.#handlers(name, configuration, site),
      configuration,
      filter: meta.filter === undefined ? undefined : parseExpression(meta.filter),
      errorResponse: meta.error_response,
      preferRoute: row.preferRoute,
    };
  }

  async #handlers(name: string, configuration: object, site: ChainSite): Promise<PluginHandlers> {
    const plugin = this.#plugins.get(name);
    if (!plugin) throw new ConfigurationRefused(`the edge does not run ${name}`);
    const told = resolveSecrets(configuration, this.#resolveSecret);
    const filled = withDefaults(plugin.schema, told) as object;
    return plugin.instance.build(filled, {
      definedBy: site.definedBy(name),
      metadata: await this.#metadata(name, plugin, site.resources),
      resources: site.resources,
      upstreamById: site.upstreamById,
      inlineUpstream: site.inlineUpstream,
      nested: (other, its, within = "") =>
        this.#handlers(other, its, { ...site, definedBy: () => site.definedBy(name) + within }),
      api: (uri) => this.#api(uri, site.resources),
    });
  }

  #add(name: string, plugin: RunnablePlugin): void {
    this.#plugins.set(name, plugin);
    for (const api of plugin.instance.apis ?? []) this.#apis.push({ plugin: name, api });
  }

  async #api(uri: string, resources: Resources): Promise<OpenedApi | undefined> {
    const found = this.#apis.find(({ api }) => isAt(api.uri, uri));
    const plugin = found && this.#plugins.get(found.plugin);
    if (!plugin) return undefined;
    const metadata = await this.#metadata(found.plugin, plugin, resources);
    const { methods } = found.api;
    return { methods, handle: (exchange) => found.api.handle(exchange, metadata) };
  }

  async #metadata(
    name: string,
    { metadataSchema: schema }: RunnablePlugin,
    resources: Resources,
  ): Promise<object | undefined> {
    if (!schema) return undefined;
    const found = await resources.resource("plugin_metadata", name);
    const told = resolveSecrets(found?.value ?? {}, this.#resolveSecret);
    return withDefaults(schema, told) as object;
  }
}

const BEHAVIOURS: ReadonlyMap<string, Plugin> = new Map(Object.entries(PLUGINS));
const NO_OWN_PLUGINS: readonly OwnPlugin[] = [];

function refusalOf(error: unknown, name: string): unknown {
  if (error instanceof ConfigurationRefused) return new ConfigurationRefused(error.message, name);
  if (!(error instanceof PcreUnsupported)) return error;
  return new ConfigurationRefused(`a regular expression has ${error.message}`, name);
}

function isAt(pattern: string, uri: string): boolean {
  return pattern.endsWith("*") ? uri.startsWith(pattern.slice(0, -1)) : uri === pattern;
}

interface Meta {
  readonly disable?: boolean;
  readonly priority?: number;
  readonly filter?: unknown;
  readonly error_response?: string | object;
}

function metaOf(configuration: Plugins[string]): Meta {
  const { _meta: meta } = configuration;
  return typeof meta === "object" && meta !== null ? meta : {};
}
