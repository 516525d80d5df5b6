import { type FunctionSettings, functionHandler } from "./function-call.ts";
import { definePlugin } from "./plugin.ts";

interface AzureFunctionsConfiguration extends FunctionSettings {
  readonly authorization?: { readonly apikey?: string; readonly clientid?: string };
}

interface AzureFunctionsMetadata {
  readonly master_apikey: string;
  readonly master_clientid: string;
}

const KEY = "x-functions-key";
const CLIENT = "x-functions-clientid";

/** Answers with a function on Azure. */
export const azureFunctions = definePlugin<AzureFunctionsConfiguration>((deps) => ({
  build(configuration, site) {
    const master = site.metadata as AzureFunctionsMetadata | undefined;
    const { apikey, clientid } = configuration.authorization ?? {
      apikey: master?.master_apikey,
      clientid: master?.master_clientid,
    };
    return {
      access: functionHandler("azure-functions", configuration, deps, ({ headers }) => {
        // A client's own key goes before.
        if (headers.has(KEY) || headers.has(CLIENT)) return;
        if (apikey) headers.set(KEY, apikey);
        if (clientid) headers.set(CLIENT, clientid);
      }),
    };
  },
}));
