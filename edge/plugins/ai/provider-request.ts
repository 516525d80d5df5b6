import type { JsonValue } from "../../../shared/expression/variables.ts";
import { escapePath } from "../../../shared/routing/escape-uri.ts";
import { copiedHeaders } from "../../upstream/request-headers.ts";
import type { Exchange } from "../exchange.ts";
import type { Exit } from "../exit.ts";
import { ConversionError, chatOfAnthropic } from "./anthropic-request.ts";
import { deepMerge } from "./deep-merge.ts";
import type { Instance } from "./instance.ts";
import { isList, isObject, type JsonObject } from "./json-body.ts";
import { modelOf, type Prompt } from "./prompt.ts";
import type { Protocol } from "./protocol.ts";

/** A prompt as a provider gets it. */
export interface ProviderRequest {
  readonly url: string;
  readonly headers: Headers;
  readonly body: JsonValue;
  readonly protocol: Protocol;
  /** The client speaks Anthropic's protocol, the provider OpenAI's. */
  readonly isConverted: boolean;
}

/** What the instance is asked, or the answer where it cannot be asked that. */
export function providerRequest(
  exchange: Exchange,
  prompt: Prompt,
  instance: Instance,
): ProviderRequest | Exit {
  const protocol = protocolFor(prompt, instance);
  if (!protocol) return { status: 400, body: unspoken(prompt, instance) };
  const isConverted = protocol !== prompt.protocol;
  let { body } = prompt;
  if (isConverted) {
    try {
      body = chatOfAnthropic(isObject(body) ? body : {});
    } catch (error) {
      if (!(error instanceof ConversionError)) throw error;
      return { status: 400, body: { error_msg: error.message } };
    }
  }
  return {
    url: urlFor(exchange, instance, protocol),
    headers: headersFor(exchange, instance, isConverted),
    body: shaped(body, protocol, instance),
    protocol,
    isConverted,
  };
}

/** The one that the provider gets; undefined: it has none for such a prompt. */
function protocolFor({ protocol }: Prompt, { provider }: Instance): Protocol | undefined {
  const { capabilities } = provider;
  if (capabilities[protocol] || protocol === "passthrough") return protocol;
  const mayConvert = protocol === "anthropic-messages" && capabilities["openai-chat"];
  return mayConvert ? "openai-chat" : undefined;
}

function unspoken({ protocol }: Prompt, { provider, providerName }: Instance): string {
  const spoken = Object.keys(provider.capabilities).join(", ");
  return `provider ${providerName} does not support ${protocol} protocol (supported: ${spoken})`;
}

function urlFor(
  exchange: Exchange,
  { origin, path, query, provider }: Instance,
  protocol: Protocol,
): string {
  const own = provider.capabilities[protocol]?.path ?? escapePath(exchange.uri);
  const args = query.toString();
  return `${origin}${path ?? own}${args === "" ? "" : `?${args}`}`;
}

/** What OpenAI knows nothing of. */
const OF_ANTHROPIC = ["anthropic-version", "anthropic-beta", "x-api-key"];

/** The client's, and over them those that authenticate the gateway. */
function headersFor(exchange: Exchange, instance: Instance, isConverted: boolean): Headers {
  const sent = exchange.changedHeaders ?? exchange.request.headers;
  const headers = copiedHeaders(new Headers(sent), "");
  if (isConverted) for (const name of OF_ANTHROPIC) headers.delete(name);
  for (const [name, value] of instance.headers) headers.set(name, value);
  headers.set("content-type", "application/json");
  for (const name of ["host", "content-length", "accept-encoding"]) headers.delete(name);
  return headers;
}

/** The body with all that the configuration has to say about it, in APISIX's order. */
function shaped(body: JsonValue, protocol: Protocol, instance: Instance): JsonValue {
  const { provider, configuration } = instance;
  const { options, override = {} } = configuration;
  // Lists have no names; whoever sends one is passed through.
  if (isList(body) || !isObject(body)) return body;
  let object: JsonObject = body;
  if (protocol === "openai-chat" && object.stream === true) {
    object = { ...object, stream_options: { include_usage: true } };
  }
  object = { ...object, ...options };
  object = limited(object, protocol, instance);
  const patch = override.request_body?.[protocol];
  if (patch !== undefined) {
    const conflict = override.request_body_force_override ? "replace" : "keep";
    const merged = deepMerge(object, patch, conflict);
    if (!isObject(merged)) return merged;
    object = merged;
  }
  if (!provider.removesModel) return object;
  const { model: _, ...rest } = object;
  return rest;
}

const LIMITS = ["max_tokens", "max_completion_tokens", "max_output_tokens"];

/** The most tokens of an answer, under the provider's name; under another one a client could ask for more. */
function limited(body: JsonObject, protocol: Protocol, instance: Instance): JsonObject {
  const most = instance.configuration.override?.llm_options?.max_tokens;
  const field = instance.provider.capabilities[protocol]?.mostTokens;
  if (most === undefined || field === undefined) return body;
  const rest = Object.entries(body).filter(([name]) => !LIMITS.includes(name));
  return { ...Object.fromEntries(rest), [field]: most };
}

/** The model that is asked, as far as anybody names one. */
export function askedModel({ body }: Prompt, { configuration }: Instance): string | undefined {
  const { model } = configuration.options ?? {};
  return typeof model === "string" ? model : modelOf(body);
}
