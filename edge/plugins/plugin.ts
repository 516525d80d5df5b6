import type { Resources } from "../../shared/resources/resolve-route.ts";
import type { Upstream } from "../../shared/resources/upstream.ts";
import type { GatewayError } from "../errors.ts";
import type { ResponseCache } from "../response-cache.ts";
import type { Destination } from "../snapshot/destination.ts";
import type { SendUpstream } from "../upstream/proxy.ts";
import type { Timers } from "../upstream/timers.ts";
import type { AnswerHead } from "./answer.ts";
import type { Exchange } from "./exchange.ts";
import type { Exit } from "./exit.ts";
import type { Outcome } from "./outcome.ts";

/**
 * What a plugin is made of. Its configuration's schema lies in `shared/plugins/schemas`, its priority and
 * phases in `shared/plugins/catalogue.ts`, its behaviour is one `definePlugin` in a file of its own here,
 * and `registry.ts` lists it. How to write one: `edge/plugins/README.md`.
 */
export interface Plugin {
  /** Once an isolate: what is kept from one request to the next lies in the closure of this call. */
  create(deps: PluginDeps): PluginInstance<object>;
}

export interface PluginInstance<C extends object> {
  /**
   * Once for each place that configures the plugin and generation; `configuration` is valid, and has its
   * defaults. Throws a `ConfigurationRefused` for what the edge cannot honour: requests then get 503.
   */
  build(configuration: C, site: PluginSite): PluginHandlers | Promise<PluginHandlers>;
  /** Endpoints that a route with `public-api` opens. */
  readonly apis?: readonly PluginApi[];
}

/**
 * What it does with a request, phase by phase. A handler may throw `BodyNeeded`, which variables do where
 * what they ask for lies in the body: the body is read and the handler called again, so it must not have
 * changed anything before. Any other error is answered with 500. What belongs to one request is kept in
 * a `WeakMap` by its exchange.
 */
export interface PluginHandlers {
  readonly rewrite?: Handler;
  readonly access?: Handler;
  /** Just before the first node is tried. */
  readonly beforeProxy?: Handler;
  /** For every answer, also one of the gateway's own. */
  readonly headerFilter?: (exchange: Exchange, answer: AnswerHead) => void | Promise<void>;
  /** After all header filters. Undefined: the body may pass. */
  readonly bodyFilter?: (exchange: Exchange, answer: AnswerHead) => BodyFilter | undefined;
  /** When the last byte has gone to the client, or it has gone. */
  readonly log?: (exchange: Exchange, outcome: Outcome) => void | Promise<void>;
}

/** An exit ends the request: it is the answer, and no later handler of these phases runs. */
export type Handler = (exchange: Exchange) => Exit | undefined | Promise<Exit | undefined>;

/** One that changes the length must have called `answer.changesBody()` in its header filter. */
export type BodyFilter = (body: ReadableStream<Uint8Array>) => ReadableStream<Uint8Array>;

/** Where a plugin is configured. */
export interface PluginSite {
  /** Key below the prefix of the resource that configures it: `routes/1`, `global_rules/2`, ... */
  readonly definedBy: string;
  /** The plugin's metadata with its defaults; undefined where the plugin has none. */
  readonly metadata: object | undefined;
  readonly resources: Resources;
  /** Undefined where the snapshot has no such upstream. */
  upstreamById(id: string): Promise<Destination | GatewayError | undefined>;
  /** An upstream that lies in the configuration; `key` tells it apart from others of this isolate. */
  inlineUpstream(key: string, upstream: Upstream): Destination | GatewayError;
  /**
   * Another plugin with a configuration that this one holds (multi-auth, workflow). `within` tells where in
   * this one: it comes behind the other's `definedBy`.
   */
  nested(name: string, configuration: object, within?: string): Promise<PluginHandlers>;
  /** The endpoint of some plugin, if there is one; with the metadata that the generation has of it. */
  api(uri: string): Promise<OpenedApi | undefined>;
}

export interface PluginApi {
  readonly methods: readonly string[];
  /** A `*` at its end stands for whatever follows. */
  readonly uri: string;
  /** `metadata`: of the plugin whose endpoint this is, with its defaults. */
  handle(exchange: Exchange, metadata: object | undefined): Promise<Exit>;
}

/** An endpoint as a route opens it. */
export interface OpenedApi {
  readonly methods: readonly string[];
  handle(exchange: Exchange): Promise<Exit>;
}

/** What plugins need from outside; all of it is injected. */
export interface PluginDeps {
  /** Sends to services beside the upstreams. */
  readonly fetch: typeof fetch;
  /** Sends as to an upstream: with any Host, and where only a socket or a private network leads. */
  readonly proxy: SendUpstream;
  readonly timers: Timers;
  /** Milliseconds since 1970. */
  readonly now: () => number;
  /** At least 0, less than 1; not for secrets. */
  readonly random: () => number;
  /** For secrets. */
  readonly randomBytes: (count: number) => Uint8Array<ArrayBuffer>;
  /** One line for whoever reads the Worker's log. */
  readonly log: (line: string) => void;
  /** The `Server` header of every response, e.g. `APISIX/3.18.0`. */
  readonly server: string;
  /** The Worker's variables, secrets and bindings. */
  readonly bindings: Readonly<Record<string, unknown>>;
  readonly responseCache: ResponseCache;
  /** The whole gateway, for a plugin that makes requests of one. Takes over the request. */
  readonly dispatch: (request: Request, sender: DispatchSender) => Promise<Response>;
}

/** On whose behalf a plugin makes a request. */
export interface DispatchSender {
  /** The client's address, whatever the request's headers say. */
  readonly address: string;
  readonly waitUntil: (work: Promise<unknown>) => void;
}

/** The edge cannot honour a configuration, or what it refers to is not there. */
export class ConfigurationRefused extends Error {
  override readonly name = "ConfigurationRefused";
  /** Whose configuration it is; undefined until the chain's builder knows. */
  readonly plugin: string | undefined;

  constructor(reason: string, plugin?: string) {
    super(reason);
    this.plugin = plugin;
  }
}

/** `C` is what the plugin's schema lets through, its defaults filled in. */
export function definePlugin<C extends object>(
  create: (deps: PluginDeps) => PluginInstance<C>,
): Plugin {
  return {
    create(deps) {
      const { apis = [], ...instance } = create(deps);
      // The exporter publishes no configuration that its schema refuses.
      return { apis, build: (configuration, site) => instance.build(configuration as C, site) };
    },
  };
}
