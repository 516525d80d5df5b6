import { Memoirist } from "memoirist";
import type { BuiltRouter, RouterInput } from "../contender.ts";
import { type Candidate, candidateLists, firstThatHolds, Hosted } from "../hosted.ts";

export function build({ table }: RouterInput): BuiltRouter {
  return new Hosted(table, (routes) => {
    const router = new Memoirist<readonly Candidate[]>();
    for (const { method, path, candidates } of candidateLists(routes)) {
      router.add(method, path, candidates);
    }
    return (method, path, values) => {
      const found = router.find(method, path);
      return found === null ? undefined : firstThatHolds(found.store, values);
    };
  });
}
