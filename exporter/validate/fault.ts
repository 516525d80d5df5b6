/** The one most telling thing that is wrong with a value. */
export interface Fault {
  /** JSON path, e.g. `upstream.nodes[0].port`; empty for the whole. */
  readonly path: string;
  readonly found: string;
  readonly wanted: string;
}
