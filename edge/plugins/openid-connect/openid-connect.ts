import { BoundedMap } from "../../bounded-map.ts";
import { checkHeaderNames } from "../header-names.ts";
import { schemaCheck } from "../json-schema.ts";
import { definePlugin, type PluginDeps } from "../plugin.ts";
import { judgeBearer, takesBearer } from "./bearer.ts";
import { createClientProof } from "./client-proof.ts";
import { type OpenidConnectConfiguration, refuseUnservable } from "./configuration.ts";
import { createDpopProofs } from "./dpop-proofs.ts";
import { Introspections } from "./introspections.ts";
import { publicKeys } from "./pem-keys.ts";
import { Provider } from "./provider.ts";
import { Refreshes } from "./refreshes.ts";
import type { RelyingParty } from "./relying-party.ts";
import { sessionFlow } from "./session-flow.ts";
import { createSessionStore } from "./session-store.ts";
import { stripTold } from "./told-headers.ts";

/** An isolate meets few; each keeps a document and a key set. */
const MOST_PROVIDERS = 200;

/** `openid-connect`: bearer tokens and users who sign in at an identity provider (reference 8.1). */
export const openidConnect = definePlugin<OpenidConnectConfiguration>((deps) => {
  const providers = new BoundedMap<string, Provider>(MOST_PROVIDERS);
  const introspections = new Introspections();
  const refreshes = new Refreshes(deps);
  const providerOf = (discovery: string) => {
    const known = providers.get(discovery);
    if (known) return known;
    const provider = new Provider(discovery, deps);
    providers.set(discovery, provider);
    return provider;
  };
  return {
    async build(configuration, { definedBy }) {
      refuseUnservable(configuration);
      const { introspection_addon_headers: added } = configuration;
      checkHeaderNames("introspection_addon_headers", added);
      const party: RelyingParty = {
        ...(await keysOf(configuration, deps)),
        configuration,
        provider: providerOf(configuration.discovery),
        deps,
        refreshes,
        schemaCheck: configuration.claim_schema && schemaCheck(configuration.claim_schema),
        log: (line) => deps.log(`openid-connect of ${definedBy}: ${line}`),
      };
      const store = await createSessionStore(configuration, deps);
      return {
        async rewrite(exchange) {
          const given = exchange.header("x-access-token");
          stripTold(exchange);
          if (takesBearer(configuration)) {
            const verdict = await judgeBearer(exchange, given, party, introspections);
            if (verdict !== "none") return verdict === "passed" ? undefined : verdict;
          }
          // Without a store no request gets here: it is `bearer_only`.
          return store ? sessionFlow(exchange, party, store) : { status: 401 };
        },
      };
    },
  };
});

/** Throws a `ConfigurationRefused` where a key is none. */
async function keysOf(
  configuration: OpenidConnectConfiguration,
  deps: PluginDeps,
): Promise<Pick<RelyingParty, "proof" | "dpop" | "publicKeys">> {
  const { public_key: pem, dpop } = configuration;
  return {
    proof: await createClientProof(configuration, deps),
    dpop: await createDpopProofs(dpop, deps),
    publicKeys: pem === undefined ? undefined : await publicKeys(pem),
  };
}
