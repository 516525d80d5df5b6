import type { Exchange } from "../exchange.ts";

/**
 * Whose answers a request may get, where senders are told apart: the consumer's, or of nobody that the
 * gateway knows, those for the very same `Authorization`. APISIX takes the name in a Basic one, whatever the
 * password; what an upstream has told the right one's sender would then be told the wrong one's.
 */
export function senderIdentity({ sender, request }: Exchange): readonly string[] {
  if (sender) return ["consumer", sender.consumer.username];
  const authorization = request.headers.get("authorization");
  return authorization === null ? [] : ["authorization", authorization];
}
