import type { AnswerHead } from "./answer.ts";
import { type OriginRules, originRules } from "./cors-origins.ts";
import type { Exchange } from "./exchange.ts";
import { definePlugin } from "./plugin.ts";

interface CorsConfiguration {
  readonly allow_origins: string;
  readonly allow_methods: string;
  readonly allow_headers: string;
  readonly expose_headers?: string;
  /** Seconds. */
  readonly max_age: number;
  readonly allow_credential: boolean;
  readonly allow_origins_by_regex?: readonly string[];
  /** Keys of the metadata's `allow_origins`. */
  readonly allow_origins_by_metadata?: readonly string[];
  readonly timing_allow_origins?: string;
  readonly timing_allow_origins_by_regex?: readonly string[];
}

interface CorsMetadata {
  readonly allow_origins?: Readonly<Record<string, string>>;
}

/** `cors`: answers every OPTIONS request, and says in every answer who may read it (reference 8.3). */
export const cors = definePlugin<CorsConfiguration>(() => ({
  build(configuration, site) {
    const metadata: CorsMetadata = site.metadata ?? {};
    const allowed = allowedOrigins(configuration, metadata);
    const timing = originRules({
      patterns: configuration.timing_allow_origins_by_regex,
      list: configuration.timing_allow_origins,
    });
    return {
      // Whatever method a global rule has put in the client's place.
      rewrite: ({ request }) => (request.method === "OPTIONS" ? { status: 200 } : undefined),
      headerFilter(exchange, { headers }) {
        // The client's own: plugins may have written another one for the upstream.
        const origin = exchange.request.headers.get("origin") ?? undefined;
        const allowedOrigin = allowed(origin);
        if (configuration.allow_origins !== "*") headers.append("vary", "Origin");
        if (allowedOrigin !== undefined) {
          tell(allowedOrigin, configuration, exchange, headers);
        }
        const timingOrigin = timing(origin);
        if (timingOrigin !== undefined) headers.set("timing-allow-origin", timingOrigin);
      },
    };
  },
}));

/** Those of the metadata first, and where they say nothing the configuration's own. */
function allowedOrigins(configuration: CorsConfiguration, metadata: CorsMetadata): OriginRules {
  const keys = configuration.allow_origins_by_metadata ?? [];
  // A key that the metadata has not is no origin at all.
  const shared = keys.flatMap((key) => metadata.allow_origins?.[key] ?? []);
  const byMetadata = shared.map((list) => originRules({ list }));
  const { allow_origins: list, allow_origins_by_regex: patterns } = configuration;
  // `*` is the default: who names the metadata's origins does not mean all of them.
  const own = originRules({ patterns, list: keys.length > 0 && list === "*" ? undefined : list });
  return (origin) => {
    const isShared = origin !== undefined && byMetadata.some((rules) => rules(origin));
    return isShared ? origin : own(origin);
  };
}

const ALL_METHODS = "GET,POST,PUT,DELETE,PATCH,HEAD,OPTIONS,CONNECT,TRACE";

/** In place of what the upstream says. */
function tell(
  origin: string,
  configuration: CorsConfiguration,
  exchange: Exchange,
  headers: AnswerHead["headers"],
): void {
  const { allow_methods: methods, expose_headers: exposed } = configuration;
  headers.set("access-control-allow-origin", origin);
  headers.set("access-control-allow-methods", methods === "**" ? ALL_METHODS : methods);
  headers.set("access-control-max-age", String(configuration.max_age));
  if (exposed) headers.set("access-control-expose-headers", exposed);
  const asked = exchange.header("access-control-request-headers");
  const names = configuration.allow_headers === "**" ? asked : configuration.allow_headers;
  if (names) headers.set("access-control-allow-headers", names);
  else headers.delete("access-control-allow-headers");
  if (configuration.allow_credential) headers.set("access-control-allow-credentials", "true");
}
