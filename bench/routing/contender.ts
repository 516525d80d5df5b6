import type { TableRoute } from "./route-table.ts";

/** A router with its routes in. The inputs are ready: nobody pays for the parsing of a URL. */
export interface BuiltRouter {
  /** The id of the route found. */
  match(
    method: string,
    host: string,
    path: string,
    values: Readonly<Record<string, string>>,
  ): string | undefined;
  /** What the last match captured, by name or as the router has it. */
  params: unknown;
  /** A remark for the report, e.g. which routes it could not take. */
  readonly remark?: string;
}

export interface RouterInput {
  readonly table: readonly TableRoute[];
  /** The chunks of our index (`packed-index.ts`); empty for others. */
  readonly packed: Uint8Array;
}

export type BuildRouter = (input: RouterInput) => BuiltRouter | Promise<BuiltRouter>;
