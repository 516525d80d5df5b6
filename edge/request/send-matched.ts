import { BodyNeeded } from "../../shared/expression/variables.ts";
import type { ReadRequest } from "../../shared/request/read-request.ts";
import type { SendUpstream } from "../upstream/proxy.ts";
import type { ProxyTarget } from "../upstream/proxy-target.ts";
import { type SeenRequest, withBody } from "./match-request.ts";

export interface SendDeps {
  readonly proxy: SendUpstream;
  readonly settings: { readonly maxBodyBytes: number };
}

/**
 * Sends a request that was matched to its upstream; where the balancer decides by what lies in the body,
 * that is read first. Throws a `GatewayError` where no node answers.
 */
export async function sendMatched(
  request: Request,
  read: Pick<ReadRequest, "variables">,
  seen: SeenRequest,
  target: Omit<ProxyTarget, "variables" | "ahead">,
  { proxy, settings }: SendDeps,
): Promise<Response> {
  const through = ({ variables, ahead }: SeenRequest) =>
    proxy(request, { ...target, variables, ahead: ahead?.rest });
  try {
    return await through(seen);
  } catch (error) {
    if (!(error instanceof BodyNeeded)) throw error;
  }
  return through(await withBody(request, read.variables, settings.maxBodyBytes));
}
