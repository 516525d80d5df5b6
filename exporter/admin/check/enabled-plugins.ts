import { HTTP_PLUGINS, STREAM_PLUGINS } from "../../../shared/plugins/catalogue.ts";
import type { Subsystem } from "../../plugins/plugin-schema.ts";

/** Which plugins are enabled; the others are unknown to the Admin API. */
export type EnabledPlugins = Readonly<Record<Subsystem, ReadonlySet<string>>>;

/** APISIX leaves them out unless its own configuration lists them (reference 7.1). */
const NOT_BY_DEFAULT = new Set([
  "batch-requests",
  "brotli",
  "dubbo-proxy",
  "error-log-logger",
  "error-page",
  "exit-transformer",
  "gm",
  "log-rotate",
  "node-status",
  "ocsp-stapling",
  "opentelemetry",
  "server-info",
  "skywalking",
]);

const namesOf = (plugins: readonly { readonly name: string }[]) => plugins.map(({ name }) => name);

export const ENABLED_BY_DEFAULT: EnabledPlugins = {
  http: new Set(namesOf(HTTP_PLUGINS).filter((name) => !NOT_BY_DEFAULT.has(name))),
  stream: new Set(namesOf(STREAM_PLUGINS)),
};

/** All that there are. */
export const EVERY_PLUGIN: EnabledPlugins = {
  http: new Set(namesOf(HTTP_PLUGINS)),
  stream: new Set(namesOf(STREAM_PLUGINS)),
};
