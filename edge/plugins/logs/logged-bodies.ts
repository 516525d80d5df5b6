import { evaluate } from "../../../shared/expression/evaluate.ts";
import { type Expression, parseExpression } from "../../../shared/expression/parse.ts";
import type { Variables } from "../../../shared/expression/variables.ts";
import { KEPT_BODY_BYTES } from "../../upstream/outgoing-body.ts";
import { observeBody } from "../body-filters.ts";
import type { Exchange } from "../exchange.ts";
import { maskFor } from "../log-masks.ts";
import { type BodyFilter, ConfigurationRefused } from "../plugin.ts";
import { BodyPrefix } from "./body-prefix.ts";

/** Which bodies an entry of the log has. */
export interface BodySettings {
  readonly include_req_body?: boolean;
  readonly include_req_body_expr?: readonly unknown[];
  readonly include_resp_body?: boolean;
  readonly include_resp_body_expr?: readonly unknown[];
  readonly max_req_body_bytes?: number;
  readonly max_resp_body_bytes?: number;
}

export interface LoggedBodies {
  readonly request: string | undefined;
  readonly response: string | undefined;
}

interface Observed {
  /** `whole`: the exchange has it. */
  request?: BodyPrefix | "whole";
  response?: BodyPrefix;
}

/** APISIX's own, where a plugin has no such field. */
const MOST_BYTES = 524_288;

/** Bodies as they pass, as far as they are to be logged. */
export class BodyObserver {
  readonly #request: { readonly most: number; readonly when: Expression | undefined } | undefined;
  readonly #response: { readonly most: number; readonly when: Expression | undefined } | undefined;
  readonly #observed = new WeakMap<Exchange, Observed>();

  /** `formatAsks`: the format has `$request_body`. Throws `ConfigurationRefused` for a bad condition. */
  constructor(settings: BodySettings, formatAsks: boolean) {
    if (settings.include_req_body || formatAsks) {
      const { max_req_body_bytes: most = MOST_BYTES, include_req_body_expr: when } = settings;
      this.#request = { most, when: when && conditionOf(when) };
    }
    if (settings.include_resp_body) {
      const { max_resp_body_bytes: most = MOST_BYTES, include_resp_body_expr: when } = settings;
      this.#response = { most, when: when && conditionOf(when) };
    }
  }

  get wantsRequest(): boolean {
    return this.#request !== undefined;
  }

  get wantsResponse(): boolean {
    return this.#response !== undefined;
  }

  /**
   * Before the request is sent. A short body is read first, as nginx reads every body; of a long one the
   * beginning is seen as it passes. The condition waits for the log phase, where there is an answer.
   */
  async watchRequest(exchange: Exchange): Promise<void> {
    if (!this.#request || exchange.request.body === null) return;
    const { most } = this.#request;
    const body = await exchange.readBody(Math.max(most, KEPT_BODY_BYTES));
    const observed = this.#of(exchange);
    if (body !== "too long") {
      observed.request = "whole";
      return;
    }
    const prefix = new BodyPrefix(most);
    observed.request = prefix;
    exchange.watchBody((piece) => prefix.add(piece));
  }

  /** Undefined: the answer's body is not to be logged. */
  responseFilter(exchange: Exchange): BodyFilter | undefined {
    if (!this.#response) return undefined;
    const { most, when } = this.#response;
    if (when && !holds(when, exchange.variables)) return undefined;
    const prefix = new BodyPrefix(most);
    this.#of(exchange).response = prefix;
    return observeBody((piece) => prefix.add(piece));
  }

  async bodiesOf(exchange: Exchange): Promise<LoggedBodies> {
    const { request, response } = this.#observed.get(exchange) ?? {};
    return {
      request: await this.#requestText(exchange, request),
      response: textOf(response?.bytes()),
    };
  }

  async #requestText(
    exchange: Exchange,
    observed: Observed["request"],
  ): Promise<string | undefined> {
    if (!this.#request || !observed) return undefined;
    const { most, when } = this.#request;
    if (when && !holds(when, exchange.variables)) return undefined;
    if (observed === "whole") {
      // What plugins made of it, data-mask among them.
      const body = await exchange.readBody(Number.POSITIVE_INFINITY);
      return body === "too long" ? undefined : textOf(body.subarray(0, most));
    }
    const mask = maskFor(exchange);
    return textOf(mask ? mask.body(observed.bytes(), "beginning") : observed.bytes());
  }

  #of(exchange: Exchange): Observed {
    let observed = this.#observed.get(exchange);
    if (!observed) {
      observed = {};
      this.#observed.set(exchange, observed);
    }
    return observed;
  }
}

/** A body of nothing is none. What is no UTF-8 becomes U+FFFD; a character that is cut in two is left out. */
function textOf(bytes: Uint8Array | undefined): string | undefined {
  if (!bytes || bytes.length === 0) return undefined;
  return new TextDecoder().decode(bytes, { stream: true });
}

function conditionOf(expression: readonly unknown[]): Expression {
  try {
    return parseExpression(expression);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new ConfigurationRefused(`the condition of a body cannot be read: ${reason}`);
  }
}

/** A condition that cannot be evaluated does not hold. */
function holds(expression: Expression, variables: Variables): boolean {
  try {
    return evaluate(expression, variables);
  } catch {
    return false;
  }
}
