import type { Exchange } from "../exchange.ts";
import type { SchemaCheck } from "../json-schema.ts";
import type { PluginDeps } from "../plugin.ts";
import type { ClientProof } from "./client-proof.ts";
import type { OpenidConnectConfiguration } from "./configuration.ts";
import type { DpopProofs } from "./dpop-proofs.ts";
import type { Asking } from "./kept-document.ts";
import type { Provider } from "./provider.ts";
import type { Refreshes } from "./refreshes.ts";
import type { VerificationKey } from "./signed-token.ts";

/** One place that configures the plugin: a client of a provider, and what it needs to be one. */
export interface RelyingParty {
  readonly configuration: OpenidConnectConfiguration;
  readonly provider: Provider;
  readonly deps: PluginDeps;
  readonly proof: ClientProof;
  /** Undefined: tokens are bearer tokens. */
  readonly dpop: DpopProofs | undefined;
  /** By algorithm; undefined: keys are the provider's key set. */
  readonly publicKeys: ReadonlyMap<string, VerificationKey> | undefined;
  readonly refreshes: Refreshes;
  /** Of `claim_schema`. */
  readonly schemaCheck: SchemaCheck | undefined;
  /** For the Worker's log, with the place that it is about. */
  readonly log: (line: string) => void;
}

const SECOND_MS = 1000;

/** An old release wrote `timeout` in milliseconds, and APISIX still takes it so. */
export function asking(exchange: Exchange, { configuration }: RelyingParty): Asking {
  const { timeout } = configuration;
  const isMs = timeout >= SECOND_MS && timeout % SECOND_MS === 0;
  return {
    timeoutMs: isMs ? timeout : timeout * SECOND_MS,
    waitUntil: exchange.waitUntil,
  };
}

/** Seconds since 1970. */
export function secondsNow({ deps }: RelyingParty): number {
  return Math.floor(deps.now() / SECOND_MS);
}
