import { aPluginWorld, type PluginWorldOptions } from "./plugin-world.ts";
import { settle, virtualClock } from "./virtual-clock.ts";

/** What the service that gets the entries was sent. */
export interface Sent {
  readonly url: string;
  readonly method: string;
  readonly headers: Headers;
  readonly body: string;
  readonly bytes: Uint8Array;
  /** Milliseconds since the world began. */
  readonly at: number;
}

const START_MS = 1_700_000_000_000;
/** Streams and promises of a request that has its answer need so many turns of the event loop at most. */
const TURNS = 12;

/** A world of plugins whose `fetch` is a service that takes entries, on a clock that the test moves. */
export function aLogWorld(
  answer: (sent: Sent) => Response | Promise<Response> = () => new Response(null),
  options: PluginWorldOptions = {},
) {
  const sent: Sent[] = [];
  const clock = virtualClock(START_MS);
  const fetch = async (input: RequestInfo | URL, init?: RequestInit): Promise<Response> => {
    const request = new Request(input, init);
    const bytes = new Uint8Array(await request.arrayBuffer());
    const { url, method, headers } = request;
    const body = new TextDecoder().decode(bytes);
    const one = { url, method, headers, body, bytes, at: clock.now() - START_MS };
    sent.push(one);
    return answer(one);
  };
  const deps = { fetch, timers: clock, now: clock.now, random: () => 0.5, ...options.deps };
  const world = aPluginWorld({ ...options, deps });
  return {
    ...world,
    sent,
    time: clock,
    /** Reads the whole answer, and lets the log phase run. */
    ask: async (...request: Parameters<typeof world.get>) => {
      const response = await world.get(...request);
      const text = await response.text();
      await settle(TURNS);
      return { response, text };
    },
    pass: async (seconds: number) => {
      await settle(TURNS);
      await clock.advance(seconds * 1000);
      await settle(TURNS);
    },
  };
}
