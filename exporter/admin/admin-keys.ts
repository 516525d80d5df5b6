/** Who may call the Admin API. */
export interface AdminKey {
  /** For the audit log; never the key itself. */
  readonly name: string;
  /** A viewer only reads. */
  readonly role: AdminRole;
  readonly secret: string;
}

export type AdminRole = "admin" | "viewer";

/** The key in every APISIX's default configuration. */
export const WELL_KNOWN_KEY = "edd1c9f034335f136f87ad84b625c8f1";

/** A list of `name:role:key`, with commas or line breaks; undefined where it is not one. */
export function parseAdminKeys(text: string): readonly AdminKey[] | undefined {
  const keys: AdminKey[] = [];
  for (const entry of text.split(/[,\n]/).map((part) => part.trim())) {
    if (entry === "") continue;
    const [, name, role, secret] = /^([\w.@-]+):(admin|viewer):(\S+)$/.exec(entry) ?? [];
    if (!name || !secret || (role !== "admin" && role !== "viewer")) return undefined;
    keys.push({ name, role, secret });
  }
  return keys.length > 0 && areUnique(keys) ? keys : undefined;
}

/** Whether no two keys are the same, nor have one name. */
export function areUnique(keys: readonly AdminKey[]): boolean {
  const isUnique = (field: "name" | "secret") =>
    new Set(keys.map((key) => key[field])).size === keys.length;
  return isUnique("name") && isUnique("secret");
}
