/** `$env://` in any case, `$secret://` in this one only (reference 4.7). */
const REFERENCE = /^\$(?:secret|[eE][nN][vV]):\/\//;

/** Whether a value of a configuration stands for one that only the gateway knows. */
export function isSecretReference(value: unknown): value is string {
  return typeof value === "string" && REFERENCE.test(value);
}
