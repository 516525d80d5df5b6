import { excerpt } from "./describe.ts";

/** The one most telling thing that is wrong with a value. */
export interface Fault {
  /** JSON path, e.g. `upstream.nodes[0].port`; empty for the whole. */
  readonly path: string;
  readonly found: string;
  readonly wanted: string;
}

/** `nodes[0]` and `port` make `nodes[0].port`; `labels` and `a b` make `labels["a b"]`. */
export function joinPath(path: string, part: string): string {
  if (/^\d+$/.test(part)) return `${path}[${part}]`;
  if (!/^[\w-]{1,256}$/.test(part)) return `${path}[${excerpt(JSON.stringify(part))}]`;
  return path === "" ? part : `${path}.${part}`;
}
