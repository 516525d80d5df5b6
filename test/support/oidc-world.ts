import { aBrowser, type Browser, locationOf } from "./browser.ts";
import { anIdentityProvider, CLIENT, type IdentityProviderOptions } from "./identity-provider.ts";
import { aPluginWorld, type ClientRequest } from "./plugin-world.ts";

/** The gateway with one route that signs in at a provider, on one clock. Runs in workerd. */
export async function anOidcWorld(
  change: object = {},
  { alg }: Pick<IdentityProviderOptions, "alg"> = {},
) {
  const provider = await anIdentityProvider({
    now: () => world.clock.now,
    ...(alg === undefined ? {} : { alg }),
  });
  const world = aPluginWorld({ deps: { fetch: provider.fetch } });
  const plugin = (more: object = {}) => ({
    "openid-connect": {
      client_id: CLIENT.id,
      client_secret: CLIENT.secret,
      discovery: provider.discovery,
      session: { secret: "0123456789abcdef" },
      ...change,
      ...more,
    },
  });
  await world.serve(plugin());
  const browserOf = (options: ClientRequest = {}) =>
    aBrowser((path, init) => world.get(path, { ...options, ...init }));
  return {
    ...world,
    provider,
    plugin,
    browserOf,
    browser: browserOf(),
    /** From a page that needs one to sign in, to what the callback answers. */
    signIn: async (browser: Browser, path = "/r/page?a=1") => {
      const asked = locationOf(await browser.get(path));
      const back = await provider.authorize(asked);
      return browser.get(`${back.pathname}${back.search}`);
    },
    /** What the provider was asked since the last call. */
    asked: () => provider.asked.splice(0).map(({ what }) => what),
    bearer: (token: string, path = "/r") =>
      world.get(path, { headers: { authorization: `Bearer ${token}` } }),
  };
}

/** JSON in base64, as upstreams are told it. */
export function told(value: string | null | undefined): unknown {
  const bytes = Uint8Array.from(atob(value ?? ""), (byte) => byte.charCodeAt(0));
  return JSON.parse(new TextDecoder().decode(bytes));
}
