import { TrieRouter } from "hono/router/trie-router";
import type { BuiltRouter, RouterInput } from "../contender.ts";
import { type Candidate, Hosted } from "../hosted.ts";
import { enter, firstOf } from "./hono.ts";

export function build({ table }: RouterInput): BuiltRouter {
  return new Hosted(table, (routes) => {
    const router = new TrieRouter<Candidate>();
    enter(router, routes);
    return (method, path, values) => firstOf(router.match(method, path), values);
  });
}
