import { isJsonObject } from "../../shared/json-object.ts";
import {
  CARRIER_KEY_FORMS,
  carrierKeys,
  isCarrierKey,
  type Reach,
} from "../../shared/resources/reach.ts";
import type { Upstream } from "../../shared/resources/upstream.ts";
import type { Network } from "./network.ts";

/**
 * A binding of the Worker that carries requests to upstreams: an mTLS certificate, a VPC service or network,
 * another Worker.
 */
export interface UpstreamBinding {
  /** As the Worker has it. */
  readonly name: string;
  readonly fetcher: Pick<Network, "fetch">;
  /**
   * What the URL names: `node`, where the binding goes where the URL says; `host`, the Host that is wanted,
   * where it goes by itself to one place, as a VPC service does. With any other binding the client's Host
   * header would decide who is reached, and so `host` is never taken for granted.
   */
  readonly url: "node" | "host";
}

/** Which bindings carry which upstreams. */
export class UpstreamBindings implements Reach {
  readonly #byKey: ReadonlyMap<string, UpstreamBinding>;

  constructor(byKey: ReadonlyMap<string, UpstreamBinding>) {
    this.#byKey = byKey;
  }

  carries(key: string): boolean {
    return this.#byKey.has(key);
  }

  /** The most specific that there is. `holder` is the key of the resource that holds the upstream. */
  of(holder: string, upstream: Upstream): UpstreamBinding | undefined {
    if (this.#byKey.size === 0) return undefined;
    const key = carrierKeys(holder, upstream).find((each) => this.#byKey.has(each));
    return key === undefined ? undefined : this.#byKey.get(key);
  }
}

export const NO_UPSTREAM_BINDINGS = new UpstreamBindings(new Map());

const SETTING = "UPSTREAM_BINDINGS";
/** A binding known to reach all of a network. */
const NETWORK = "PRIVATE_NETWORK";
const EXAMPLE =
  '{"ssls/3": "ORDERS_CERT", "upstreams/5": {"binding": "ORDERS_VPC", "url": "host"}}';

/** Reads the setting, a JSON text or, as wrangler.toml may have it, its value; tells all problems. */
export function readUpstreamBindings(
  bindings: Readonly<Record<string, unknown>>,
  problems: string[],
): UpstreamBindings {
  const written = parse(bindings[SETTING]);
  if (written === undefined) return NO_UPSTREAM_BINDINGS;
  if (!isJsonObject(written)) {
    problems.push(`${SETTING}: want a JSON object such as ${EXAMPLE}`);
    return NO_UPSTREAM_BINDINGS;
  }
  const byKey = new Map<string, UpstreamBinding>();
  for (const [key, value] of Object.entries(written)) {
    const problem = (found: string) => problems.push(`${SETTING}: ${key}: ${found}`);
    if (!isCarrierKey(key)) problem(`no such key, want ${CARRIER_KEY_FORMS}${hint(key)}`);
    else {
      const binding = readBinding(value, bindings, problem);
      if (binding) byKey.set(key, binding);
    }
  }
  return new UpstreamBindings(byKey);
}

/** Undefined: there is none. What is no JSON is left as the text that it is. */
function parse(value: unknown): unknown {
  if (value === undefined || value === "") return undefined;
  if (typeof value !== "string") return value;
  try {
    return JSON.parse(value);
  } catch {
    return value;
  }
}

function hint(key: string): string {
  return key === "kafka" ? "; Kafka is not HTTP, and no binding carries it" : "";
}

function readBinding(
  value: unknown,
  bindings: Readonly<Record<string, unknown>>,
  problem: (found: string) => void,
): UpstreamBinding | undefined {
  const fields = typeof value === "string" ? { binding: value } : value;
  if (!isJsonObject(fields)) {
    problem("want the name of a binding, or an object with binding and url");
    return undefined;
  }
  const { binding: name, url = "node", ...others } = fields;
  const [other] = Object.keys(others);
  if (other !== undefined) problem(`it has a field ${other}, want binding and url`);
  if (url !== "node" && url !== "host") {
    problem(`url is ${JSON.stringify(url)}, want "node" or "host"`);
    return undefined;
  }
  if (url === "host" && name === NETWORK) {
    problem(
      `${NETWORK} goes where the URL says: with "host" a client's Host header would decide it`,
    );
    return undefined;
  }
  const fetcher = typeof name === "string" ? bindings[name] : undefined;
  if (typeof name !== "string" || !isFetcher(fetcher)) {
    problem(`the Worker has no binding ${JSON.stringify(name)} with fetch`);
    return undefined;
  }
  return { name, fetcher, url };
}

function isFetcher(value: unknown): value is UpstreamBinding["fetcher"] {
  return typeof value === "object" && value !== null && "fetch" in value;
}
