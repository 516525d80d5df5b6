import { aPluginWorld, type PluginWorldOptions } from "./plugin-world.ts";
import type { World } from "./snapshots.ts";

/** A zone of the strategy `memory`. */
export const MEMORY = { cache_strategy: "memory", cache_zone: "m" };

/** A route `/r*` with proxy-cache, whose upstream counts; `x-answer-*` of the request are its headers. */
export async function aCache(
  settings: object = {},
  options: PluginWorldOptions & { readonly beside?: object; readonly world?: World } = {},
) {
  let count = 0;
  const app = aPluginWorld({
    upstream: ({ headers }) => {
      count += 1;
      const status = Number(headers.get("x-answer") ?? 200);
      const told = [...headers].filter(([name]) => name.startsWith("x-answer-"));
      const answer = new Response(`answer ${count}`, { status });
      for (const [name, value] of told) answer.headers.set(name.slice(9), value);
      return answer;
    },
    ...options,
  });
  const plugins = { "proxy-cache": { ...MEMORY, ...settings }, ...options.beside };
  await app.serve(plugins, options.world);
  /** Status of the cache and the body. */
  const ask = async (path = "/r", headers: Record<string, string> = {}, method = "GET") => {
    const answer = await app.get(path, { headers, method });
    return `${statusOf(answer)} ${await answer.text()}`;
  };
  const pass = (seconds: number) => {
    app.clock.now += seconds * 1000;
  };
  return { ...app, ask, pass };
}

/** What the cache says of an answer. */
export const statusOf = (answer: Response) => answer.headers.get("apisix-cache-status");
