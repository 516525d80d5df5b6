import { exitWith } from "./exit.ts";
import { patternSearch } from "./pattern.ts";
import { definePlugin } from "./plugin.ts";

/** One of the two lists, never both. */
interface UaRestrictionConfiguration {
  readonly allowlist?: readonly string[];
  readonly denylist?: readonly string[];
  readonly bypass_missing: boolean;
  readonly message: string;
}

/**
 * `ua-restriction`: lets clients pass or not by their User-Agent (reference 8.2). Several headers of that name
 * are one here, so one harmless agent beside a denied one does not help it.
 */
export const uaRestriction = definePlugin<UaRestrictionConfiguration>(() => ({
  build({ allowlist, denylist, bypass_missing: passesMissing, message }) {
    const isListed = anyOf(allowlist ?? denylist ?? []);
    return {
      access(exchange) {
        const agent = exchange.header("user-agent");
        if (agent === null) return passesMissing ? undefined : exitWith(403, message);
        const isAllowed = isListed(agent.trim()) === (allowlist !== undefined);
        return isAllowed ? undefined : exitWith(403, message);
      },
    };
  },
}));

function anyOf(patterns: readonly string[]): (text: string) => boolean {
  const searches = patterns.map((pattern) => patternSearch(pattern));
  return (text) => searches.some((isFoundIn) => isFoundIn(text));
}
