import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { ExpressionFault } from "../../shared/expression/evaluate.ts";
import { DEFAULT_URI_SETTINGS } from "../../shared/routing/matching-uri.ts";
import type { RouterName } from "../../shared/snapshot/format.ts";
import type { RoutingResources } from "../support/naive-matcher.ts";
import { openRoutingWorld, type RoutingWorld } from "../support/routing-world.ts";
import { type SentRequest, triedRequest } from "../support/sent-request.ts";

/** One configuration of a real APISIX and what answered each request to it. */
interface Recording extends RoutingResources {
  readonly id: string;
  readonly mode: RouterName;
  readonly requests: readonly RecordedRequest[];
}

interface RecordedRequest {
  /** Method, target and headers as sent, one character a byte; `{x*4000}` stands for so many `x`. */
  readonly m: string;
  readonly t: string;
  readonly host?: string;
  readonly h?: readonly (readonly [string, string])[];
  readonly b?: string;
  /** The client's address; 127.0.0.1 where it is left out. */
  readonly src?: string;
  /** The route that answered, or the status that APISIX itself answered with. */
  readonly a: string | number;
}

/** `id of the recording#number of the request`: why Snapgate answers otherwise. */
const DIFFERENCES = new Map([
  ["normalise-015#31", "APISIX's regular expression gives up on a long path"],
  ["normalise-017#4", "the same"],
  ["normalise-020#23", "the same"],
]);

it.each(["routing.jsonl", "vars.jsonl"])(
  "%s: every request finds the route that APISIX found",
  async (file) => {
    const lines = readFileSync(join(import.meta.dirname, file), "utf8")
      .trim()
      .split("\n");
    const differing: string[] = [];
    for (const line of lines) {
      const recording: Recording = JSON.parse(line);
      const world = await openRoutingWorld(recording.mode, recording);
      for (const [i, request] of recording.requests.entries()) {
        const found = answer(world, request);
        if (found !== request.a) differing.push(`${recording.id}#${i}: ${found}, not ${request.a}`);
      }
    }
    const known = differing.filter((each) => DIFFERENCES.has(each.replace(/:.*/, "")));
    expect(differing).toEqual(known);
  },
);

function answer(world: RoutingWorld, request: RecordedRequest): string | number {
  const tried = triedRequest(sent(request), DEFAULT_URI_SETTINGS);
  if (!tried) return 400;
  try {
    return world.match(tried)?.routeId ?? 404;
  } catch (error) {
    if (error instanceof ExpressionFault) return 500;
    throw error;
  }
}

function sent({ m, t, host, h = [], b, src = "127.0.0.1" }: RecordedRequest): SentRequest {
  const target = t.replace(/\{(\w)\*(\d+)\}/g, (_all, unit, times) => unit.repeat(Number(times)));
  const text = (bytes: string) => Buffer.from(bytes, "latin1").toString();
  return { method: m, target: text(target), host, headers: h, remoteAddr: src, body: b };
}
