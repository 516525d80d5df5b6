import { BodyNeeded } from "../../shared/expression/variables.ts";
import type { ReadRequest } from "../../shared/request/read-request.ts";
import { GatewayError } from "../errors.ts";
import type { ServedRoute } from "../snapshot/plan-route.ts";
import type { SendUpstream } from "../upstream/proxy.ts";
import type { ProxyTarget } from "../upstream/proxy-target.ts";
import { type SeenRequest, withBody } from "./match-request.ts";

export interface SendDeps {
  readonly proxy: SendUpstream;
  readonly settings: { readonly maxBodyBytes: number };
}

/**
 * Sends a request that was matched, and that no plugin has to see, to its upstream; where the balancer
 * decides by what lies in the body, that is read first. Throws a `GatewayError` where no node answers.
 */
export async function sendMatched(
  request: Request,
  read: Pick<ReadRequest, "variables" | "client" | "rawTarget">,
  seen: SeenRequest,
  { destination, timeout, enableWebsocket }: ServedRoute,
  waitUntil: ProxyTarget["waitUntil"],
  { proxy, settings }: SendDeps,
): Promise<Response> {
  if (destination instanceof GatewayError) throw destination;
  const { client, rawTarget } = read;
  const target = { ...destination, timeout, enableWebsocket, client, rawTarget, waitUntil };
  const through = ({ variables, ahead }: SeenRequest) =>
    proxy(request, { ...target, variables, ahead: ahead?.rest });
  try {
    return await through(seen);
  } catch (error) {
    if (!(error instanceof BodyNeeded)) throw error;
  }
  return through(await withBody(request, read.variables, settings.maxBodyBytes));
}
