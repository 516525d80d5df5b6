import { ConfigurationRefused } from "./plugin.ts";

/** What a `$secret://…` or `$env://…` stands for; undefined: nothing that this Worker was given. */
export type ResolveSecret = (reference: string) => string | undefined;

/** APISIX takes only the latter in any case. */
const REFERENCE = /^\$(?:secret|[eE][nN][vV]):\/\//;

/** Whether a text stands for a secret. */
export function isSecretReference(text: string): boolean {
  return REFERENCE.test(text);
}

/**
 * The configuration with its references resolved; the same object where there are none. Throws
 * `ConfigurationRefused` for one that does not resolve: APISIX uses the reference's own text then, which
 * everybody knows who has seen the configuration.
 */
export function withSecrets<T>(value: T, resolve: ResolveSecret): T;
export function withSecrets(value: unknown, resolve: ResolveSecret): unknown {
  if (typeof value === "string") return isSecretReference(value) ? secret(value, resolve) : value;
  if (Array.isArray(value)) {
    const members = value.map((member) => withSecrets(member, resolve));
    return members.every((member, i) => member === value[i]) ? value : members;
  }
  if (typeof value !== "object" || value === null) return value;
  const entries = Object.entries(value);
  const told = entries.map(([name, member]) => [name, withSecrets(member, resolve)] as const);
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
