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
  /** A remark for the report, e.g. which routes it could not take. */
  readonly remark?: string;
}

export interface RouterInput {
  readonly table: readonly TableRoute[];
  /** The chunks of our index (`packed-index.ts`); empty for others. */
  readonly packed: Uint8Array;
}

export type BuildRouter = (input: RouterInput) => BuiltRouter;

/** Modules of `contenders/`, each with a `build`, by the name of the report. Ours come first. */
export const CONTENDERS = {
  snapgate: "snapgate",
  "snapgate, parameters read": "snapgate-with-params",
  memoirist: "memoirist",
  "find-my-way": "find-my-way",
  "find-my-way, compiled": "find-my-way-compiled",
  rou3: "rou3",
  "rou3, compiled": "rou3-compiled",
  "Hono RegExpRouter": "hono-reg-exp-router",
  "Hono TrieRouter": "hono-trie-router",
} as const;

export type ContenderName = keyof typeof CONTENDERS;
