import type { SupportedPluginName } from "../../shared/plugins/catalogue.ts";
import { echo } from "./echo.ts";
import { forwardAuth } from "./forward-auth.ts";
import { opa } from "./opa.ts";
import type { Plugin } from "./plugin.ts";
import { requestId } from "./request-id.ts";

/** The behaviour of every plugin that the catalogue says is supported, and no other. */
export const PLUGINS: Readonly<Record<SupportedPluginName, Plugin>> = {
  "request-id": requestId,
  "forward-auth": forwardAuth,
  opa,
  echo,
};
