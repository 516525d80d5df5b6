import type { World } from "./snapshots.ts";

/** Plugins by name, of a consumer or of one of its credentials. */
type Plugins = Readonly<Record<string, object>>;

/** A consumer called `jack`. */
export function jack(plugins: Plugins, change: object = {}): World {
  return { consumers: { jack: { username: "jack", plugins, ...change } } };
}

/** The consumer `rose` with a credential `c1`, and `anon`, who has nothing to prove. */
export function roseAndAnon(plugins: Plugins): World {
  return {
    consumers: {
      rose: { username: "rose", labels: { custom_id: "r9" } },
      anon: { username: "anon" },
    },
    credentials: { "rose/credentials/c1": { id: "rose/credentials/c1", plugins } },
  };
}

/** All that some worlds have. */
export function together(...worlds: readonly World[]): World {
  return {
    consumers: Object.assign({}, ...worlds.map(({ consumers }) => consumers)),
    credentials: Object.assign({}, ...worlds.map(({ credentials }) => credentials)),
  };
}

/** What an upstream is told of the sender. */
export function toldOf(headers: Headers | undefined): Readonly<Record<string, string | null>> {
  const names = ["x-consumer-username", "x-credential-identifier", "x-consumer-custom-id"];
  return Object.fromEntries(names.map((name) => [name, headers?.get(name) ?? null]));
}
