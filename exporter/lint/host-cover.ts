/**
 * Which host patterns accept all that another accepts, where hosts are a condition (INDEX.md 5.2.6). A
 * pattern belongs to a shape; under every shape a narrower pattern has the key of the patterns that
 * accept all of it. So the wider ones of many are found by one look for each shape there is.
 */

/** `any`: all hosts. `exact`: what equals it. A number: what ends with so many characters. */
export type HostShape = "any" | "exact" | number;

export interface ShapedHost {
  readonly shape: HostShape;
  readonly key: string;
}

/** Undefined is the host of a route without hosts. */
export function shapeOfHost(host: string | undefined): ShapedHost {
  if (host === undefined || host === "*") return { shape: "any", key: "" };
  // With a port it is held against something else than the others are.
  if (host.includes(":") || !host.startsWith("*")) return { shape: "exact", key: host };
  return { shape: host.length - 1, key: host.slice(1) };
}

/** The key of the patterns of `shape` that accept all that `host` accepts; undefined: none can. */
export function widerHost(host: string | undefined, shape: HostShape): string | undefined {
  if (shape === "any") return "";
  if (host === undefined || host === "*") return undefined;
  const own = shapeOfHost(host);
  if (shape === "exact") return own.shape === "exact" ? host : undefined;
  if (host.includes(":") || own.key.length < shape) return undefined;
  return own.key.slice(own.key.length - shape);
}
