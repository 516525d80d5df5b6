import { evaluate } from "../../../shared/expression/evaluate.ts";
import type { Expression } from "../../../shared/expression/parse.ts";
import { fillTemplate } from "../../../shared/expression/template.ts";
import { BodyNeeded } from "../../../shared/expression/variables.ts";
import { withCharset } from "../../error-page.ts";
import type { AnswerHead } from "../answer.ts";
import { wrapBody } from "../body-filters.ts";
import { parseCondition } from "../condition.ts";
import type { Exchange } from "../exchange.ts";
import { changeHeaders, type FilledChanges } from "../header-changes.ts";
import { type BodyFilter, definePlugin, type PluginHandlers } from "../plugin.ts";
import { sendableStatus } from "../sendable-status.ts";
import { type AnswerHeaders, answerHeaderChanges } from "./answer-header-changes.ts";
import { decodableEncoding, type FilterConfiguration, substituteIn } from "./body-substitution.ts";
import { decodeBase64 } from "./decode-base64.ts";

interface ResponseRewriteConfiguration {
  readonly status_code?: number;
  readonly vars?: unknown;
  readonly headers?: AnswerHeaders;
  readonly body?: string;
  readonly body_base64: boolean;
  readonly filters?: readonly FilterConfiguration[];
  readonly max_resp_body_size: number;
}

/** `response-rewrite`: another status, headers and body for answers (reference 8.4). */
export const responseRewrite = definePlugin<ResponseRewriteConfiguration>(() => ({
  build(configuration) {
    const { filters, headers, max_resp_body_size: maxBytes, status_code: status } = configuration;
    const condition =
      configuration.vars === undefined ? undefined : parseCondition(configuration.vars, "vars");
    const newStatus = status === undefined ? undefined : sendableStatus(status);
    const changes = headers && answerHeaderChanges(headers);
    const body = bodyOf(configuration);
    const substitute = filters && substituteIn(filters, maxBytes);
    const chosen = new WeakMap<Exchange, BodyFilter>();
    const handlers: PluginHandlers = {
      async headerFilter(exchange, answer) {
        const filled = await decided(exchange, condition, (variables) =>
          changes?.filled((text) => fillTemplate(text, variables).text),
        );
        if (!filled) return;
        if (newStatus !== undefined) answer.status = newStatus;
        const filter = body ? wrapBody({ body }) : substitute?.(encodingOf(answer));
        if (filter) {
          answer.changesBody();
          chosen.set(exchange, filter);
        }
        if (filled.value) changeAnswer(answer.headers, filled.value);
      },
      bodyFilter: (exchange) => chosen.get(exchange),
    };
    return asksForBody(configuration) ? { access: readBody, ...handlers } : handlers;
  },
}));

/** What the templates come to where the condition holds. */
async function decided<T>(
  exchange: Exchange,
  condition: Expression | undefined,
  fill: (variables: Exchange["variables"]) => T,
): Promise<{ readonly value: T } | undefined> {
  const { variables } = exchange;
  const decide = () =>
    condition && !evaluate(condition, variables) ? undefined : { value: fill(variables) };
  try {
    return decide();
  } catch (error) {
    if (!(error instanceof BodyNeeded)) throw error;
  }
  // Nobody has sent it on: a plugin has answered before the access phase.
  await exchange.readBody();
  return decide();
}

/** Once it is sent on, the request's body is not there to look into. */
function asksForBody({ vars, headers }: ResponseRewriteConfiguration): boolean {
  return /post_arg|graphql_/.test(JSON.stringify([vars, headers]));
}

async function readBody(exchange: Exchange): Promise<undefined> {
  await exchange.readBody();
}

function bodyOf({ body, body_base64: isEncoded }: ResponseRewriteConfiguration) {
  if (body === undefined) return undefined;
  return isEncoded ? decodeBase64(body) : new TextEncoder().encode(body);
}

function encodingOf({ headers }: AnswerHead) {
  return decodableEncoding(headers.get("content-encoding"));
}

function changeAnswer(headers: Headers, changes: FilledChanges): void {
  const before = headers.get("content-type");
  changeHeaders(headers, changes);
  const type = headers.get("content-type");
  // nginx does so with every type that it is given.
  if (type !== null && type !== before) headers.set("content-type", withCharset(type));
}
