import { existsSync } from "node:fs";
import { join } from "node:path";
import { parseIpRanges } from "../../shared/routing/ip-ranges.ts";
import type { Clock } from "../clock.ts";
import type { AdminConfig } from "../config/admin-config.ts";
import type { FieldCipher } from "../encryption/field-cipher.ts";
import { gatherReads } from "../etcd/gathered-reads.ts";
import type { EtcdTransport } from "../etcd/transport.ts";
import { type Listening, listen } from "../http-server.ts";
import type { Log } from "../log.ts";
import { AccessControl } from "./access.ts";
import { AdminApi } from "./admin-api.ts";
import { createAdminApp } from "./admin-app.ts";
import { WELL_KNOWN_KEY } from "./admin-keys.ts";
import { ENABLED_BY_DEFAULT, type EnabledPlugins, EVERY_PLUGIN } from "./check/enabled-plugins.ts";
import type { ConfigurationView } from "./configuration-view.ts";
import { Guards } from "./guards.ts";
import { KeyLocks } from "./key-locks.ts";
import { Reader } from "./reader.ts";
import { Relations } from "./relations.ts";

export interface AdminDeps {
  readonly transport: EtcdTransport;
  readonly prefix: string;
  readonly clock: Clock;
  /** From 0 up to, not including, 1. */
  readonly random: () => number;
  readonly log: Log;
  readonly cipher: FieldCipher;
  readonly view: ConfigurationView;
}

/** The Admin API on one etcd. */
export function createAdminApi(
  given: Omit<AdminDeps, "log">,
  enabled: EnabledPlugins = ENABLED_BY_DEFAULT,
): AdminApi {
  const deps = { ...given, transport: gatherReads(given.transport) };
  return new AdminApi({
    ...deps,
    guards: new Guards(deps),
    relations: new Relations(deps),
    locks: new KeyLocks(),
    reader: new Reader(deps),
    enabled,
  });
}

const LONGEST_END_MS = 5000;

/** Listens; what a person should know of the configuration is logged. Rejects where it cannot listen. */
export async function startAdmin(config: AdminConfig, deps: AdminDeps): Promise<Listening> {
  const app = createAdminApp({
    api: createAdminApi(deps, config.plugins === "all" ? EVERY_PLUGIN : ENABLED_BY_DEFAULT),
    access: new AccessControl(config.keys),
    allowed: parseIpRanges(config.allow),
    cors: config.cors,
    uiFolder: config.uiFolder,
    log: deps.log,
  });
  const listening = await listen(app, config.listen, {
    setting: "ADMIN_LISTEN",
    tls: config.tls,
    // A client whose write was made is told so, though this process is being replaced.
    patience: { clock: deps.clock, limitMs: LONGEST_END_MS },
  });
  for (const warning of warnings(config)) deps.log.warn(warning, {});
  deps.log.info("the Admin API listens", { ...config.listen, port: listening.port });
  return listening;
}

function warnings({ keys, listen: { host }, tls, uiFolder }: AdminConfig): string[] {
  const isLocal = host === "localhost" || host === "::1" || host.startsWith("127.");
  const found: string[] = [];
  if (keys.some(({ secret }) => secret === WELL_KNOWN_KEY)) {
    found.push("an admin key is that of APISIX's default configuration, which everybody knows");
  }
  if (!isLocal && !tls) {
    found.push(
      "the Admin API speaks HTTP on an address that others reach; set ADMIN_TLS_CERT_FILE",
    );
  }
  if (uiFolder !== undefined && !existsSync(join(uiFolder, "index.html"))) {
    found.push("ADMIN_UI_DIR has no index.html; there is no Dashboard under /ui/");
  }
  return found;
}
