import type { Handler } from "./plugin.ts";

/** Variables that lie in the request's body. */
const IN_THE_BODY = /\bpost_arg[._]|\bgraphql_/;

/**
 * An `access` handler for a plugin whose filters ask for what lies in the request's body: once that is
 * sent on, it is not there to look into. Empty for texts that ask for no such thing.
 */
export function readingAskedBody(...texts: readonly unknown[]): { readonly access?: Handler } {
  if (!IN_THE_BODY.test(JSON.stringify(texts))) return {};
  return {
    access: async (exchange) => {
      await exchange.readBody();
      return undefined;
    },
  };
}
