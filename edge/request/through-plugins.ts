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

/** What became of a request, for the access log as well. */
export interface PluginAnswer {
  readonly response: Response;
  /** Why the gateway answered itself, where it did. */
  readonly error: string | undefined;
  /** The client's address, as plugins see it. */
  readonly client: string;
}
export async function throughPlugins(
  { request, read, matched, route, globals, snapshot, waitUntil }: PluginRequest,
  { proxy, now, log, settings }: PluginRequestDeps,
): Promise<PluginAnswer> {
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
  const response = await answering;
  return { response, error: exchange.error, client: exchange.client.address };
}
