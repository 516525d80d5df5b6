import { type FunctionSettings, functionHandler } from "./function-call.ts";
import { definePlugin } from "./plugin.ts";

interface OpenfunctionConfiguration extends FunctionSettings {
  /** `user:password` */
  readonly authorization?: { readonly service_token?: string };
}

/** Answers with a function of OpenFunction. */
export const openfunction = definePlugin<OpenfunctionConfiguration>((deps) => ({
  build(configuration) {
    const token = configuration.authorization?.service_token;
    return {
      access: functionHandler("openfunction", configuration, deps, ({ headers }) => {
        if (token !== undefined) headers.set("authorization", `Basic ${btoa(token)}`);
      }),
    };
  },
}));
