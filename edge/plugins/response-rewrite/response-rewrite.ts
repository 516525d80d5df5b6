import { evaluate } from "../../../shared/expression/evaluate.ts";
import { fillTemplate } from "../../../shared/expression/template.ts";
import {
  BodyNeeded,
  type JsonValue,
  type Variables,
} from "../../../shared/expression/variables.ts";
import { withCharset } from "../../error-page.ts";
import { readingAskedBody } from "../asked-body.ts";
import { wholeBody, wrapBody } from "../body-filters.ts";
import { parseCondition } from "../condition.ts";
import { decodableEncoding, decodedFirst } from "../content-encoding.ts";
import type { Exchange } from "../exchange.ts";
import { changeHeaders } from "../header-changes.ts";
import { type BodyFilter, definePlugin } from "../plugin.ts";
import { sendableStatus } from "../sendable-status.ts";
import { type AnswerHeaders, answerHeaderChanges } from "./answer-header-changes.ts";
import { type FilterConfiguration, substituteIn } from "./body-substitution.ts";
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
    const substitute = filters && substituteIn(filters);
    const chosen = new WeakMap<Exchange, BodyFilter>();
    return {
      ...readingAskedBody(configuration.vars, headers),
      async headerFilter(exchange, answer) {
        const variables = remembering(exchange.variables);
        const holds = () => !condition || evaluate(condition, variables);
        if (!(await whenRead(exchange, holds))) return;
        // Templates of headers see the new status, unless the condition has asked for the old one.
        if (newStatus !== undefined) answer.status = newStatus;
        const fill = (text: string) => fillTemplate(text, variables).text;
        const filled = await whenRead(exchange, () => changes?.filled(fill));
        const substituting = substitute && wholeBody(maxBytes, substitute);
        const filter = body
          ? wrapBody({ body })
          : substituting && decodedFirst(decodableEncoding(answer), substituting);
        if (filter) {
          answer.changesBody();
          chosen.set(exchange, filter);
        }
        if (filled) changeHeaders(answer.headers, filled);
        // nginx does so last, with every type and by the status that it then has.
        const type = answer.headers.get("content-type");
        if (type !== null) answer.headers.set("content-type", withCharset(type, answer.status));
      },
      bodyFilter: (exchange) => chosen.get(exchange),
    };
  },
}));

/** As in APISIX, a variable stays what it was when it was first asked for. */
function remembering(variables: Variables): Variables {
  const known = new Map<string, JsonValue>();
  return {
    get(name) {
      const value = known.get(name) ?? variables.get(name);
      if (value !== undefined) known.set(name, value);
      return value;
    },
  };
}

/** What `ask` says, once the request's body has been read where that has to be. */
async function whenRead<T>(exchange: Exchange, ask: () => T): Promise<T> {
  try {
    return ask();
  } catch (error) {
    if (!(error instanceof BodyNeeded)) throw error;
  }
  // Nobody has sent it on: a plugin has answered before the access phase.
  await exchange.readBody();
  return ask();
}

function bodyOf({ body, body_base64: isEncoded }: ResponseRewriteConfiguration) {
  if (body === undefined) return undefined;
  return isEncoded ? decodeBase64(body) : new TextEncoder().encode(body);
}
