import type { Substitution } from "../../shared/expression/substitution.ts";
import { variableText } from "../../shared/expression/template.ts";
import type { Variables } from "../../shared/expression/variables.ts";
import { escapePath } from "../../shared/routing/escape-uri.ts";
import type { Exchange } from "./exchange.ts";
import { headerText } from "./header-text.ts";
import { parseSubstitution } from "./parse-substitution.ts";
import { definePlugin } from "./plugin.ts";
import { sendableStatus } from "./sendable-status.ts";

interface RedirectConfiguration {
  readonly uri?: string;
  readonly regex_uri?: readonly [pattern: string, replacement: string];
  readonly http_to_https?: boolean;
  readonly ret_code: number;
  readonly encode_uri: boolean;
  readonly append_query_string: boolean;
}

interface Redirection {
  readonly location: string;
  readonly status: number;
}

/** `redirect`: to another uri, or to https (reference 8.3). */
export const redirect = definePlugin<RedirectConfiguration>(() => ({
  build(configuration) {
    const { uri, regex_uri: pair, http_to_https: isToHttps } = configuration;
    const status = sendableStatus(configuration.ret_code);
    const rule = pair && parseSubstitution(...pair);
    const found = (exchange: Exchange): Redirection | undefined => {
      if (isToHttps && schemeOf(exchange) === "http") return toHttps(exchange);
      const location = locationOf(exchange, uri, rule);
      return location === undefined ? undefined : { location, status };
    };
    return {
      rewrite(exchange) {
        const redirection = found(exchange);
        if (!redirection) return undefined;
        const location = withOptions(redirection.location, exchange, configuration);
        exchange.answerHeaders.set("location", headerText(location));
        return { status: redirection.status };
      },
    };
  },
}));

function locationOf(
  exchange: Exchange,
  uri: string | undefined,
  rule: Substitution | undefined,
): string | undefined {
  if (uri !== undefined) return fillUri(uri, exchange.variables);
  const location = rule?.replaceFirst(exchange.uri);
  return location === undefined ? undefined : onThisHost(location);
}

/** As the upstream will be told it: observed, unless a plugin before has written another. */
function schemeOf({ changedHeaders, client }: Exchange): string {
  return changedHeaders?.get("x-forwarded-proto") ?? client.scheme;
}

/** On Cloudflare https has its own port. What other methods carry must not be lost. */
function toHttps({ method, variables }: Exchange): Redirection {
  const location = fillUri("https://$host$request_uri", variables);
  return { location, status: method === "GET" || method === "HEAD" ? 301 : 308 };
}

function withOptions(
  location: string,
  { args }: Exchange,
  { encode_uri: isEncoded, append_query_string: hasQuery }: RedirectConfiguration,
): string {
  const question = location.indexOf("?");
  const path = question < 0 ? location : location.slice(0, question);
  const query = question < 0 ? "" : location.slice(question);
  const told = isEncoded ? escapePath(path) + query : location;
  if (!hasQuery || args === "") return told;
  return `${told}${question < 0 ? "?" : "&"}${args}`;
}

/** Browsers drop tabs and take a backslash for a slash: of `$uri` they would make `//other.test/`. */
function onThisHost(text: string): string {
  return text.replaceAll("\\", "%5C").replaceAll("\t", "%09");
}

/**
 * The plugin's own templates, which are not those of others: a variable has letters, digits and
 * underscores; `\$name` stays as it is; any other backslash goes.
 */
const PART = /(\\\$[0-9a-zA-Z_]+)|\$\{([0-9a-zA-Z_]+)\}|\$([0-9a-zA-Z_]+)|(\$|[^$\\]+)/g;

function fillUri(template: string, variables: Variables): string {
  let filled = "";
  for (const [, kept, braced, plain, other] of template.matchAll(PART)) {
    const name = braced ?? plain;
    const value = name === undefined ? undefined : variables.get(name);
    filled += kept ?? other ?? (value === undefined ? "" : onThisHost(variableText(value)));
  }
  return filled;
}
