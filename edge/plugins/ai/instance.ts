import { ConfigurationRefused } from "../plugin.ts";
import type { JsonObject } from "./json-body.ts";
import { PROVIDERS, type Provider } from "./providers.ts";

/** A provider, and how to ask it, as both proxies configure it. */
export interface InstanceConfiguration {
  readonly provider: string;
  readonly auth: {
    readonly header?: Readonly<Record<string, string>>;
    readonly query?: Readonly<Record<string, string>>;
    readonly gcp?: object;
    readonly aws?: object;
  };
  /** Win over what the client says. */
  readonly options?: JsonObject;
  readonly override?: {
    readonly endpoint?: string;
    readonly llm_options?: JsonObject;
    /** By the protocol that the provider gets. */
    readonly request_body?: JsonObject;
    readonly request_body_force_override?: boolean;
  };
}

export interface Instance {
  readonly name: string;
  readonly providerName: string;
  readonly provider: Provider;
  /** Scheme, host and port, without a slash at the end. */
  readonly origin: string;
  readonly host: string;
  readonly port: number;
  /** Undefined: the provider's own for the protocol. */
  readonly path: string | undefined;
  readonly query: URLSearchParams;
  readonly headers: Headers;
  readonly configuration: InstanceConfiguration;
}

/** Throws `ConfigurationRefused` for what the edge cannot ask. */
export function openInstance(name: string, configuration: InstanceConfiguration): Instance {
  const { provider: providerName, auth, override } = configuration;
  const provider = PROVIDERS.get(providerName);
  if (!provider) {
    throw new ConfigurationRefused(`the edge does not speak to the provider ${providerName}`);
  }
  if (auth.gcp || auth.aws) {
    throw new ConfigurationRefused(`${name}: auth.gcp and auth.aws are not signed at the edge`);
  }
  const endpoint = endpointOf(name, provider, override?.endpoint);
  const query = new URLSearchParams(auth.query);
  for (const [argument, value] of endpoint.url.searchParams) query.set(argument, value);
  const { protocol, hostname, host, port } = endpoint.url;
  return {
    name,
    providerName,
    provider,
    origin: `${protocol}//${host}`,
    host: hostname,
    port: port === "" ? STANDARD_PORTS[protocol as keyof typeof STANDARD_PORTS] : Number(port),
    path: endpoint.hasPath ? endpoint.url.pathname : undefined,
    query,
    headers: headersOf(name, auth.header),
    configuration,
  };
}

const STANDARD_PORTS = { "http:": 80, "https:": 443 };

interface Endpoint {
  readonly url: URL;
  /** A URL has one always; here it counts whether it was written. */
  readonly hasPath: boolean;
}

function endpointOf(name: string, { host }: Provider, endpoint: string | undefined): Endpoint {
  if (endpoint === undefined) {
    if (host !== undefined) return { url: new URL(`https://${host}`), hasPath: false };
    throw new ConfigurationRefused(`${name}: the provider needs an override.endpoint`);
  }
  const url = URL.parse(endpoint);
  if (!url || !(url.protocol in STANDARD_PORTS)) {
    throw new ConfigurationRefused(`${name}: override.endpoint is no http or https URL`);
  }
  return { url, hasPath: /^\w+:\/\/[^/?#]*\//.test(endpoint) };
}

function headersOf(name: string, fields: Readonly<Record<string, string>> = {}): Headers {
  try {
    return new Headers(fields);
  } catch {
    // Without its value, which is a secret.
    throw new ConfigurationRefused(`${name}: auth.header has what no header can hold`);
  }
}
