import type { SupportedPluginName } from "../../shared/plugins/catalogue.ts";
import { clientControl } from "./client-control.ts";
import { cors } from "./cors.ts";
import { csrf } from "./csrf.ts";
import { echo } from "./echo.ts";
import { errorPage } from "./error-page.ts";
import { ipRestriction } from "./ip-restriction.ts";
import type { Plugin } from "./plugin.ts";
import { realIp } from "./real-ip.ts";
import { refererRestriction } from "./referer-restriction.ts";
import { requestId } from "./request-id.ts";
import { requestValidation } from "./request-validation.ts";
import { uaRestriction } from "./ua-restriction.ts";
import { uriBlocker } from "./uri-blocker.ts";

/** The behaviour of every plugin that the catalogue says is supported, and no other. */
export const PLUGINS: Readonly<Record<SupportedPluginName, Plugin>> = {
  "real-ip": realIp,
  "client-control": clientControl,
  "request-id": requestId,
  cors,
  "ip-restriction": ipRestriction,
  "ua-restriction": uaRestriction,
  "referer-restriction": refererRestriction,
  csrf,
  "uri-blocker": uriBlocker,
  "request-validation": requestValidation,
  "error-page": errorPage,
  echo,
};
