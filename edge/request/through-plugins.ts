import type { ReadRequest } from "../../shared/request/read-request.ts";
import type { Chain } from "../plugins/chain.ts";
import { Exchange } from "../plugins/exchange.ts";
import { PluginRun } from "../plugins/plugin-run.ts";
import type { OpenSnapshot } from "../snapshot/open-snapshot.ts";
import type { Plan } from "../snapshot/plan-route.ts";
import type { SendUpstream } from "../upstream/proxy.ts";
import type { MatchedRequest } from "./match-request.ts";
import { sendExchange } from "./send-exchange.ts";

/** A request that some plugin has to see. */
export interface PluginRequest {
  readonly request: Request;
  readonly read: ReadRequest;
  /** Undefined, as `route`: no route matched, and global rules have their say all the same. */
  readonly matched: MatchedRequest | undefined;
  readonly route: Plan | undefined;
  readonly globals: Chain;
  readonly snapshot: OpenSnapshot;
  readonly waitUntil: (work: Promise<unknown>) => void;
}

export interface PluginRequestDeps {
  readonly proxy: SendUpstream;
  readonly now: () => number;
  readonly log: (line: string) => void;
  readonly settings: { readonly maxBodyBytes: number; readonly serverHeader: string };
}

/** The answer, and why the gateway gave it itself where it did. */
export async function throughPlugins(
  { request, read, matched, route, globals, snapshot, waitUntil }: PluginRequest,
  { proxy, now, log, settings }: PluginRequestDeps,
): Promise<{ readonly response: Response; readonly error: string | undefined }> {
  const exchange = new Exchange({
    request,
    read,
    match: matched?.match,
    route: route?.is === "served" ? route.facts : undefined,
    ahead: matched?.ahead,
    consumers: snapshot,
    maxBodyBytes: settings.maxBodyBytes,
    now,
    waitUntil,
  });
  const run = new PluginRun(exchange, globals, {
    send: (sent, to) => sendExchange(sent, to, proxy),
    chainFor: (to, username) => snapshot.chainFor(to, username),
    server: settings.serverHeader,
    log,
  });
  const answering = route?.is === "refused" ? run.refuse(route.error) : run.answer(route);
  return { response: await answering, error: exchange.error };
}
