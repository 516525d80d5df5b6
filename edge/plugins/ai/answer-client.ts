import type { Exchange } from "../exchange.ts";
import type { Exit } from "../exit.ts";
import type { LlmAnswer } from "./ask-instance.ts";

/** Of a provider's headers only the Content-Type reaches the client. */
export function answerClient(exchange: Exchange, { exit, contentType, outcome }: LlmAnswer): Exit {
  const { answerHeaders, attempts } = exchange;
  if (contentType !== undefined) answerHeaders.set("content-type", contentType);
  const last = attempts.at(-1);
  if (last && last.status >= 500) {
    const statuses = attempts.map(({ status }) => status).join(", ");
    answerHeaders.set("x-apisix-upstream-status", statuses);
  }
  return outcome?.is === "answer" ? { ...exit, source: "upstream" } : exit;
}
