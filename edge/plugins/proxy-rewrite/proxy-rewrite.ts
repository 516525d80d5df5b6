import type { Captures, Substitution } from "../../../shared/expression/substitution.ts";
import { fillTemplate } from "../../../shared/expression/template.ts";
import { escapePath, escapeTarget } from "../../../shared/routing/escape-uri.ts";
import { GatewayError } from "../../errors.ts";
import type { Exchange } from "../exchange.ts";
import { changeHeaders, type HeaderChanges, headerChanges } from "../header-changes.ts";
import { parseSubstitution } from "../parse-substitution.ts";
import { definePlugin } from "../plugin.ts";
import { fillWithCaptures } from "./capture-template.ts";

interface ProxyRewriteConfiguration {
  readonly uri?: string;
  /** Patterns and replacements by turns; the first that is found counts. */
  readonly regex_uri?: readonly string[];
  readonly host?: string;
  readonly method?: string;
  readonly headers?: HeaderChanges;
  readonly use_real_request_uri_unsafe: boolean;
}

interface Rewritten {
  readonly target: string;
  readonly captures: Captures | undefined;
}

/** `proxy-rewrite`: another path, Host, method and headers for the upstream (reference 8.4). */
export const proxyRewrite = definePlugin<ProxyRewriteConfiguration>(() => ({
  build(configuration) {
    const { host, method, uri, use_real_request_uri_unsafe: isRaw } = configuration;
    const headers = configuration.headers && headerChanges(configuration.headers);
    const rules = substitutions(configuration.regex_uri ?? []);
    const rewritten = (exchange: Exchange): Rewritten => {
      if (uri !== undefined)
        return { target: fromTemplate(uri, exchange, isRaw), captures: undefined };
      return isRaw ? fromRawTarget(rules, exchange) : fromPath(rules, exchange);
    };
    return {
      rewrite(exchange) {
        const { target, captures } = rewritten(exchange);
        const { variables } = exchange;
        const changes = headers?.filled((text) => fillWithCaptures(text, captures, variables));
        // Nothing above has changed anything: it may have come to what lies in the body.
        if (host !== undefined) exchange.upstreamHost = host;
        if (target !== "") exchange.target = atRoot(target);
        if (changes) changeHeaders(exchange.headers, changes);
        if (method !== undefined) exchange.method = method;
        return undefined;
      },
    };
  },
}));

function substitutions(texts: readonly string[]): Substitution[] {
  const rules: Substitution[] = [];
  for (let at = 0; at + 1 < texts.length; at += 2) {
    rules.push(parseSubstitution(texts[at] as string, texts[at + 1] as string));
  }
  return rules;
}

/** A `?` of a variable's is part of the path; APISIX escapes it twice. */
const withoutQuestions = (text: string) => text.replaceAll("?", "%3F");

function fromTemplate(uri: string, exchange: Exchange, isRaw: boolean): string {
  const { text } = fillTemplate(uri, exchange.variables, withoutQuestions);
  if (!isRaw) return withArgs(escapedTarget(text), exchange.args);
  const { rawTarget } = exchange;
  const question = rawTarget.indexOf("?");
  // Even an empty query keeps its question mark.
  const query = question < 0 ? undefined : rawTarget.slice(question + 1);
  return escapeTarget(query === undefined ? text : joined(text, query));
}

/** The whole target as it came, in which a rule may find its query as well; nothing is escaped. */
function fromRawTarget(rules: readonly Substitution[], { rawTarget }: Exchange): Rewritten {
  const found = applied(rules, rawTarget);
  return { target: escapeTarget(found?.text ?? rawTarget), captures: found?.captures };
}

/** Only what a rule has put there may be a query: a `?` of the path itself was sent as `%3F`. */
function fromPath(rules: readonly Substitution[], { uri, args }: Exchange): Rewritten {
  const found = applied(rules, uri);
  const target =
    found && !uri.includes("?") ? escapedTarget(found.text) : escapePath(found?.text ?? uri);
  return { target: withArgs(target, args), captures: found?.captures };
}

function applied(rules: readonly Substitution[], text: string) {
  for (const rule of rules) {
    const captures = rule.match(text);
    if (captures) return { text: rule.replaceFirst(text) ?? text, captures };
  }
  return undefined;
}

/** The path escaped, the query as it is. */
function escapedTarget(text: string): string {
  const question = text.indexOf("?");
  if (question < 0) return escapePath(text);
  return escapePath(text.slice(0, question)) + escapeTarget(text.slice(question));
}

function withArgs(target: string, args: string): string {
  return args === "" || target === "" ? target : joined(target, args);
}

function joined(target: string, query: string): string {
  return `${target}${target.includes("?") ? "&" : "?"}${query}`;
}

/** nginx takes what is no path for a part of the upstream's name, and finds no such upstream. */
function atRoot(target: string): string {
  if (target.startsWith("/")) return target;
  throw new GatewayError(
    "gateway",
    502,
    `proxy-rewrite made ${JSON.stringify(target)} of the path`,
  );
}
