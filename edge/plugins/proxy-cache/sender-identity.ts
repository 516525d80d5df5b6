import type { JsonValue } from "../../../shared/expression/variables.ts";
import { isJsonObject } from "../../../shared/json-object.ts";
import type { Exchange } from "../exchange.ts";

/**
 * Whose answers a request may get, where senders are told apart: the consumer's, or of nobody that the
 * gateway knows, those for the very same `Authorization`, user of an identity provider and headers about
 * the user. APISIX takes the name in a Basic `Authorization`, whatever the password, and knows of no other
 * user; what an upstream has told the right one would then be told another.
 */
export function senderIdentity(exchange: Exchange): readonly unknown[] {
  const { externalUser, request, sender, userHeaders } = exchange;
  if (sender) return ["consumer", sender.consumer.username];
  const authorization = request.headers.get("authorization");
  const headers = [...userHeaders].sort().map((name) => [name, exchange.header(name)]);
  return [
    ...(authorization === null ? [] : ["authorization", authorization]),
    ...(externalUser === undefined ? [] : ["user", subjectOf(externalUser)]),
    ...(headers.length === 0 ? [] : ["headers", headers]),
  ];
}

/** Tokens of one user are other ones every time. */
function subjectOf(user: JsonValue): JsonValue {
  return isJsonObject(user) && typeof user.sub === "string" ? user.sub : user;
}
