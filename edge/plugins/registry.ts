import type { SupportedPluginName } from "../../shared/plugins/catalogue.ts";
import { degraphql } from "./degraphql.ts";
import { echo } from "./echo.ts";
import { faultInjection } from "./fault-injection.ts";
import { mocking } from "./mocking/mocking.ts";
import type { Plugin } from "./plugin.ts";
import { proxyRewrite } from "./proxy-rewrite/proxy-rewrite.ts";
import { redirect } from "./redirect.ts";
import { requestId } from "./request-id.ts";
import { responseRewrite } from "./response-rewrite/response-rewrite.ts";
import { trafficLabel } from "./traffic-label.ts";
import { trafficSplit } from "./traffic-split.ts";

/** The behaviour of every plugin that the catalogue says is supported, and no other. */
export const PLUGINS: Readonly<Record<SupportedPluginName, Plugin>> = {
  "request-id": requestId,
  "fault-injection": faultInjection,
  mocking,
  "proxy-rewrite": proxyRewrite,
  "traffic-label": trafficLabel,
  "traffic-split": trafficSplit,
  redirect,
  "response-rewrite": responseRewrite,
  degraphql,
  echo,
};
