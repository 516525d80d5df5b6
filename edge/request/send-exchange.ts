import { BodyNeeded } from "../../shared/expression/variables.ts";
import { GatewayError } from "../errors.ts";
import type { Exchange } from "../plugins/exchange.ts";
import type { ServedRoute } from "../snapshot/plan-route.ts";
import type { SendUpstream } from "../upstream/proxy.ts";

/**
 * Sends a request to its upstream as the plugins left it; where the balancer decides by what lies in the
 * body, that is read first. Throws a `GatewayError` where no node answers, or there is no upstream.
 */
export async function sendExchange(
  exchange: Exchange,
  route: ServedRoute,
  proxy: SendUpstream,
): Promise<Response> {
  const destination = exchange.destination ?? route.destination;
  if (destination instanceof GatewayError) throw destination;
  const { timeout, enableWebsocket } = route;
  const send = () =>
    proxy(exchange.request, {
      ...destination,
      scheme: exchange.upstreamScheme,
      timeout,
      enableWebsocket,
      client: exchange.client,
      variables: exchange.variables,
      rawTarget: exchange.target,
      waitUntil: exchange.waitUntil,
      ahead: exchange.bodyToSend,
      head: {
        method: exchange.method,
        headers: new Headers(exchange.headers),
        host: exchange.upstreamHost,
      },
      onAttempt: (attempt) => exchange.attempted(attempt),
    });
  try {
    return await send();
  } catch (error) {
    if (!(error instanceof BodyNeeded)) throw error;
  }
  await exchange.readBody();
  return send();
}
