import type { Exchange } from "../exchange.ts";
import { registerMask } from "../log-masks.ts";
import { definePlugin } from "../plugin.ts";
import { type MaskAction, parseAction } from "./mask-action.ts";
import { type BodyRule, maskBody, parseBodyRule } from "./mask-body.ts";
import { maskForm } from "./mask-form.ts";
import type { MaskRule } from "./mask-rule.ts";

interface DataMaskConfiguration {
  readonly request?: readonly MaskRule[];
  /** Bytes of a JSON body. */
  readonly max_body_size: number;
  /** Fields of a form that are logged; 0: all. */
  readonly max_req_post_args: number;
}

/**
 * `data-mask`: what loggers must not tell of a request is taken out of it before they look at it
 * (reference 7.3). The request itself has gone to the upstream by then, as it was.
 */
export const dataMask = definePlugin<DataMaskConfiguration>(() => ({
  build({ request: rules = [], max_body_size: maxBytes, max_req_post_args: maxFields }) {
    const named = (type: MaskRule["type"]) => rules.filter((rule) => rule.type === type);
    const query = named("query").map((rule) => [rule.name, parseAction(rule)] as const);
    const headers = named("header").map((rule) => [rule.name, parseAction(rule)] as const);
    const bodies: readonly BodyRule[] = named("body").map(parseBodyRule);
    const limits = { maxBytes, maxFields };
    return {
      log(exchange) {
        if (query.length > 0) maskQuery(exchange, query);
        for (const [name, action] of headers) maskHeader(exchange, name, action);
        if (bodies.length === 0) return;
        const { bodyToSend: body } = exchange;
        if (body instanceof Uint8Array) {
          exchange.body = maskBody(bodies, body, limits) ?? new Uint8Array();
        }
        registerMask(exchange, {
          body: (bytes, extent) =>
            extent === "whole" ? maskBody(bodies, bytes, limits) : undefined,
        });
      },
    };
  },
}));

function maskQuery(exchange: Exchange, rules: readonly (readonly [string, MaskAction])[]): void {
  const { target, args, isRewritten } = exchange;
  const masked = maskForm(rules, args);
  if (masked !== undefined) exchange.args = masked;
  const question = target.indexOf("?");
  if (!isRewritten || question < 0) return;
  const sent = maskForm(rules, target.slice(question + 1));
  if (sent === undefined) return;
  exchange.target = target.slice(0, question) + (sent === "" ? "" : `?${sent}`);
}

function maskHeader(exchange: Exchange, name: string, action: MaskAction): void {
  const value = HEADER_NAME.test(name) ? exchange.header(name) : null;
  if (value === null) return;
  const masked = action(value);
  if (masked === undefined) exchange.headers.delete(name);
  else exchange.headers.set(name, masked);
}

const HEADER_NAME = /^[!#$%&'*+\-.^_`|~0-9a-z]+$/i;
