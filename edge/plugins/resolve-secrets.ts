import { isSecretReference } from "../../shared/plugins/secret-reference.ts";
import type { ResolveSecret } from "../secrets.ts";
import { ConfigurationRefused } from "./plugin.ts";

/**
 * The configuration with its references resolved; the same object where there are none. Throws
 * `ConfigurationRefused` for one that does not resolve: APISIX uses the reference's own text then, which
 * everybody knows who has seen the configuration.
 */
export function resolveSecrets<T>(value: T, resolve: ResolveSecret): T;
export function resolveSecrets(value: unknown, resolve: ResolveSecret): unknown {
  if (isSecretReference(value)) return secret(value, resolve);
  if (Array.isArray(value)) {
    const members = value.map((member) => resolveSecrets(member, resolve));
    return members.every((member, i) => member === value[i]) ? value : members;
  }
  if (typeof value !== "object" || value === null) return value;
  const entries = Object.entries(value);
  const told = entries.map(([name, member]) => [name, resolveSecrets(member, resolve)] as const);
  return told.every(([, member], i) => member === entries[i]?.[1])
    ? value
    : Object.fromEntries(told);
}

function secret(reference: string, resolve: ResolveSecret): string {
  const value = resolve(reference);
  if (value !== undefined) return value;
  throw new ConfigurationRefused(
    `${reference} is not among the Worker's secrets (docs/configuration.md)`,
  );
}
