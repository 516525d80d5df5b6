import { exitWith } from "../exit.ts";
import { ConfigurationRefused, definePlugin } from "../plugin.ts";
import { createEnforcer, type Enforcer } from "./casbin-enforcer.ts";
import { CasbinError } from "./casbin-error.ts";

interface AuthzCasbinConfiguration {
  readonly model_path?: string;
  readonly model?: string;
  readonly policy?: string;
  /** Header that tells the subject. */
  readonly username: string;
}

/** What a request without the header is. */
const ANONYMOUS = "anonymous";

/**
 * `authz-casbin`: a policy of Casbin over who asks, which path and by which method (reference 8.1). Every
 * configuration has its own policy; APISIX's library has one for all routes, the last that was loaded.
 */
export const authzCasbin = definePlugin<AuthzCasbinConfiguration>(() => ({
  build(configuration, site) {
    const enforce = enforcerOf(configuration, site.metadata ?? {});
    return {
      rewrite(exchange) {
        const subject = exchange.header(configuration.username) ?? ANONYMOUS;
        if (enforce(subject, exchange.uri, exchange.method)) return undefined;
        return exitWith(403, "Access Denied");
      },
    };
  },
}));

function enforcerOf(
  configuration: AuthzCasbinConfiguration,
  metadata: Partial<Pick<AuthzCasbinConfiguration, "model" | "policy">>,
): Enforcer {
  if (configuration.model_path !== undefined) {
    throw new ConfigurationRefused("model_path: an edge has no files; use model and policy");
  }
  const { model, policy } = configuration.model === undefined ? metadata : configuration;
  if (model === undefined || policy === undefined) {
    throw new ConfigurationRefused("neither it nor its plugin_metadata has model and policy");
  }
  try {
    return createEnforcer(model, policy, 3);
  } catch (error) {
    if (error instanceof CasbinError) throw new ConfigurationRefused(error.message);
    throw error;
  }
}
