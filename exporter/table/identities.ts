import type { KindName } from "../../shared/resources/resource-key.ts";

/** The field of each plugin by which a request's sender is told from others (reference 2.5). */
const IDENTITY_FIELDS: Readonly<Record<string, string>> = {
  "key-auth": "key",
  "basic-auth": "username",
  "jwt-auth": "key",
  "hmac-auth": "key_id",
  "ldap-auth": "user_dn",
  "ldap-auth-advanced": "user_dn",
};

/** Two consumers or credentials with one of these in common: only the one loaded last would be found. */
export function identitiesOf(kind: KindName, value: object): string[] {
  if (kind !== "consumers" && kind !== "credentials") return [];
  const { plugins } = value as { readonly plugins?: unknown };
  if (typeof plugins !== "object" || plugins === null) return [];
  return Object.entries(IDENTITY_FIELDS).flatMap(([plugin, field]) => {
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
