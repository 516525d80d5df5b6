import { type Router, UnsupportedPathError } from "hono/router";
import { RegExpRouter } from "hono/router/reg-exp-router";
import { TrieRouter } from "hono/router/trie-router";
import type { BuiltRouter, RouterInput } from "../contender.ts";
import { type Candidate, Hosted } from "../hosted.ts";
import type { TableRoute } from "../route-table.ts";
import { enter, firstOf } from "./hono.ts";

/** What it cannot take it says at the first match; then Hono itself falls back to the TrieRouter. */
export function build({ table }: RouterInput): BuiltRouter {
  let hosts = 0;
  let unsupported = 0;
  const hosted = new Hosted(table, (routes) => {
    hosts += 1;
    let router: Router<Candidate>;
    try {
      router = filled(new RegExpRouter<Candidate>(), routes);
    } catch (error) {
      if (!(error instanceof UnsupportedPathError)) throw error;
      unsupported += 1;
      router = filled(new TrieRouter<Candidate>(), routes);
    }
    return (method, path, values) => firstOf(router.match(method, path), values);
  });
  const remark = `${unsupported} of ${hosts} hosts need the TrieRouter (UnsupportedPathError)`;
  return {
    match: (method, host, path, values) => hosted.match(method, host, path, values),
    ...(unsupported > 0 ? { remark } : {}),
  };
}

function filled(router: Router<Candidate>, routes: readonly TableRoute[]): Router<Candidate> {
  enter(router, routes);
  router.match("GET", "/");
  return router;
}
