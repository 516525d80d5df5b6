import type { SupportedPluginName } from "../../shared/plugins/catalogue.ts";
import { apiBreaker } from "./api-breaker.ts";
import { echo } from "./echo.ts";
import { limitConn } from "./limit-conn.ts";
import { limitCount } from "./limit-count.ts";
import { limitReq } from "./limit-req.ts";
import type { Plugin } from "./plugin.ts";
import { requestId } from "./request-id.ts";
import { workflow } from "./workflow.ts";

/** The behaviour of every plugin that the catalogue says is supported, and no other. */
export const PLUGINS: Readonly<Record<SupportedPluginName, Plugin>> = {
  "request-id": requestId,
  workflow,
  "api-breaker": apiBreaker,
  "limit-conn": limitConn,
  "limit-count": limitCount,
  "limit-req": limitReq,
  echo,
};
