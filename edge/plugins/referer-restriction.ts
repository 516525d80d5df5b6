import { exitWith } from "./exit.ts";
import { definePlugin } from "./plugin.ts";

/** One of the two lists, never both. */
interface RefererRestrictionConfiguration {
  readonly whitelist?: readonly string[];
  readonly blacklist?: readonly string[];
  readonly bypass_missing: boolean;
  readonly message: string;
}

/** `referer-restriction`: lets requests pass or not by the host of their Referer (reference 8.2). */
export const refererRestriction = definePlugin<RefererRestrictionConfiguration>(() => ({
  build({ whitelist, blacklist, bypass_missing: passesMissing, message }) {
    const isListed = hostMatcher(whitelist ?? blacklist ?? []);
    return {
      access(exchange) {
        const host = hostOf(exchange.header("referer") ?? "");
        const isAllowed =
          host === undefined ? passesMissing : isListed(host) === (whitelist !== undefined);
        return isAllowed ? undefined : exitWith(403, message);
      },
    };
  },
}));

/** As the HTTP client of APISIX reads a URL: `//a.com` has a host, `HTTP://a.com` is no URL. */
const URL_WITH_HOST = /^(?:https?:)?\/\/([^[\]:/?]+|\[.+\])/;

/** Without the port; undefined for what is no URL with a host. */
function hostOf(referer: string): string | undefined {
  return URL_WITH_HOST.exec(referer)?.[1];
}

/** Case counts, and `*.a.com` is every host that ends so. */
function hostMatcher(hosts: readonly string[]): (host: string) => boolean {
  const exact = new Set(hosts.filter((host) => !host.startsWith("*")));
  const endings = hosts.flatMap((host) => (host.startsWith("*") ? [host.slice(1)] : []));
  return (host) => exact.has(host) || endings.some((ending) => host.endsWith(ending));
}
