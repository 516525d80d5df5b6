import { IDENTIFYING_FIELDS } from "../../shared/plugins/identifying.ts";
import type { KindName } from "../../shared/resources/resource-key.ts";

const { "jwe-decrypt": _, ...found } = IDENTIFYING_FIELDS;

/**
 * By plugin, the fields in which the Admin API lets no two consumers or credentials be the same (reference
 * 2.5). For `jwe-decrypt` APISIX does not look; `ldap-auth` finds its consumer with the help of a server.
 */
export const UNIQUE_FIELDS: Readonly<Record<string, string>> = {
  ...found,
  "ldap-auth": "user_dn",
  "ldap-auth-advanced": "user_dn",
};

/** Two consumers or credentials with one of these in common: only the one loaded last would be found. */
export function identitiesOf(kind: KindName, value: object): string[] {
  if (kind !== "consumers" && kind !== "credentials") return [];
  const { plugins } = value as { readonly plugins?: unknown };
  if (typeof plugins !== "object" || plugins === null) return [];
  return Object.entries(UNIQUE_FIELDS).flatMap(([plugin, field]) => {
    const config = Object.hasOwn(plugins, plugin)
      ? (plugins as Record<string, Record<string, unknown> | null>)[plugin]
      : undefined;
    const text = config?.[field];
    return typeof text === "string" ? [identity(plugin, field, text)] : [];
  });
}

/** The value is in the clear. */
export function identity(plugin: string, field: string, value: string): string {
  return `${plugin}.${field}=${value}`;
}
