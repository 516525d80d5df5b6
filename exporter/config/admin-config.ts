import { type AdminKey, areUnique, parseAdminKeys } from "../admin/admin-keys.ts";
import { type ListenAddress, listenAddress } from "./listen-address.ts";
import type { Problem, Read } from "./read-settings.ts";

export interface AdminConfig {
  readonly listen: ListenAddress;
  /** At least one. */
  readonly keys: readonly AdminKey[];
  /** Addresses and networks. */
  readonly allow: readonly string[];
  readonly cors: boolean;
  /** Undefined: HTTP. */
  readonly tls: ServerTls | undefined;
  readonly plugins: "default" | "all";
  readonly uiFolder: string | undefined;
}

/** PEM texts. */
export interface ServerTls {
  readonly cert: string;
  readonly key: string;
  /** Who must have signed the certificate that every client then needs. */
  readonly clientCa: string | undefined;
}

/** Undefined where there is no key: then nobody could call it. */
export function adminConfig(of: Read): AdminConfig | undefined {
  const keys = allKeys(of);
  if (keys.length === 0) return undefined;
  const [cert, key] = [of<string>("ADMIN_TLS_CERT_FILE"), of<string>("ADMIN_TLS_KEY_FILE")];
  const clientCa = of<string | undefined>("ADMIN_TLS_CLIENT_CA_FILE");
  return {
    listen: listenAddress(of("ADMIN_LISTEN")),
    keys,
    allow: of("ADMIN_ALLOW"),
    cors: of<string>("ADMIN_CORS") === "on",
    tls: cert && key ? { cert, key, clientCa } : undefined,
    plugins: of("ADMIN_PLUGINS"),
    uiFolder: of<string | undefined>("ADMIN_UI_DIR"),
  };
}

/** One key for two roles would have the larger, and one name for two keys would blur the audit. */
export function adminKeyProblem(of: Read): Problem | undefined {
  const keys = allKeys(of);
  if (areUnique(keys)) return undefined;
  const wanted = "each key and name once, ADMIN_KEY (admin) and ADMIN_VIEWER_KEY (viewer) included";
  const isOfTwo = areUnique([...ownKeys(of)]);
  const setting = isOfTwo ? "ADMIN_KEYS" : "ADMIN_VIEWER_KEY";
  return { setting, found: "a value that is not shown here", wanted };
}

function allKeys(of: Read): readonly AdminKey[] {
  return [...ownKeys(of), ...(parseAdminKeys(of<string>("ADMIN_KEYS") ?? "") ?? [])];
}

function* ownKeys(of: Read): Iterable<AdminKey> {
  const admin = of<string | undefined>("ADMIN_KEY");
  const viewer = of<string | undefined>("ADMIN_VIEWER_KEY");
  if (admin) yield { name: "admin", role: "admin", secret: admin };
  if (viewer) yield { name: "viewer", role: "viewer", secret: viewer };
}
