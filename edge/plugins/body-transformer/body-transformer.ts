import { BodyNeeded, type Variables } from "../../../shared/expression/variables.ts";
import { readingAskedBody } from "../asked-body.ts";
import { wholeBody } from "../body-filters.ts";
import { decodableEncoding, decodedFirst } from "../content-encoding.ts";
import type { Exchange } from "../exchange.ts";
import type { Exit } from "../exit.ts";
import {
  type BodyFilter,
  ConfigurationRefused,
  definePlugin,
  type PluginHandlers,
} from "../plugin.ts";
import { BodyTemplate } from "./body-template.ts";
import { LuaError } from "./evaluate-lua.ts";
import { LuaNeeded } from "./lua-expression.ts";
import { formatOf, type Input, InputError, type InputFormat, readInput } from "./read-input.ts";

interface Transformation {
  /** Absent: by the Content-Type. */
  readonly input_format?: InputFormat;
  readonly template: string;
  readonly template_is_base64?: boolean;
}

interface BodyTransformerConfiguration {
  readonly request?: Transformation;
  readonly response?: Transformation;
  readonly max_req_body_size: number;
  readonly max_resp_body_size: number;
}

/** `body-transformer`: bodies made of templates without Lua, and of what bodies were (reference 7.3). */
export const bodyTransformer = definePlugin<BodyTransformerConfiguration>(({ log }) => ({
  build(configuration) {
    const { request, response, max_req_body_size, max_resp_body_size } = configuration;
    return {
      ...(request ? requestHandlers(request, max_req_body_size) : {}),
      ...(response ? responseHandlers(response, max_resp_body_size, log) : {}),
    };
  },
}));

const UTF8 = new TextEncoder();

function requestHandlers(transformation: Transformation, maxBytes: number): PluginHandlers {
  const transform = transformer(transformation, "request");
  return {
    async rewrite(exchange): Promise<Exit | undefined> {
      const bytes = await exchange.readBody(maxBytes);
      if (bytes === "too long") return { status: 413 };
      const contentType = exchange.header("content-type");
      const body = bytes.length === 0 ? undefined : new TextDecoder().decode(bytes);
      // Before all else: a GET's body, where it has one, is none to APISIX.
      const isGet = exchange.method === "GET";
      const format = isGet ? "args" : (transformation.input_format ?? formatOf(contentType));
      const { args, variables } = exchange;
      const made = transform(format, { body, args, contentType }, variables);
      if (typeof made !== "string") return { status: made.status, body: { message: made.message } };
      exchange.body = UTF8.encode(made);
      return undefined;
    },
  };
}

/** A body that cannot be transformed stays what it was. */
function responseHandlers(
  transformation: Transformation,
  maxBytes: number,
  log: (line: string) => void,
): PluginHandlers {
  const transform = transformer(transformation, "response");
  const chosen = new WeakMap<Exchange, BodyFilter>();
  const { template } = transformation;
  return {
    ...readingAskedBody(template, decodedText(template)),
    headerFilter(exchange, answer) {
      const contentType = answer.headers.get("content-type");
      const format = transformation.input_format ?? formatOf(contentType);
      const { args, variables } = exchange;
      const change = (bytes: Uint8Array) => {
        const body = new TextDecoder().decode(bytes);
        const made = transform(format, { body, args, contentType }, variables);
        if (typeof made === "string") return UTF8.encode(made);
        log(`body-transformer: ${made.message}`);
        return bytes;
      };
      const filter = decodedFirst(decodableEncoding(answer), wholeBody(maxBytes, change));
      if (!filter) return;
      answer.changesBody();
      chosen.set(exchange, filter);
    },
    bodyFilter: (exchange) => chosen.get(exchange),
  };
}

interface Failure {
  readonly status: number;
  readonly message: string;
}

type Transform = (
  format: InputFormat | undefined,
  input: Input,
  variables: Variables,
) => string | Failure;

/** Throws `ConfigurationRefused` for a template that needs Lua. */
function transformer(transformation: Transformation, what: "request" | "response"): Transform {
  const plain = parseTemplate(transformation.template, what);
  const base64 = decodedText(transformation.template);
  const encoded = base64 === undefined ? plain : parseTemplate(base64, what);
  return (format, input, variables) => {
    // APISIX tries base64 unasked for these.
    const mayBeBase64 = format !== undefined && format !== "encoded" && format !== "args";
    const template = transformation.template_is_base64 || mayBeBase64 ? encoded : plain;
    try {
      const fields = readInput(format, input);
      return template.render({ fields, body: input.body, variables });
    } catch (error) {
      if (error instanceof InputError) {
        return { status: 400, message: `${what} body decode: ${error.message}` };
      }
      const isUnread = error instanceof BodyNeeded && what === "response";
      if (!isUnread && !(error instanceof LuaError)) throw error;
      return { status: 503, message: `${what} template rendering: ${error.message}` };
    }
  };
}

function parseTemplate(text: string, what: "request" | "response"): BodyTemplate {
  try {
    return new BodyTemplate(text);
  } catch (error) {
    if (!(error instanceof LuaNeeded)) throw error;
    throw new ConfigurationRefused(`${what}.template: ${error.message}`);
  }
}

/** Undefined: it is no base64, and so the template itself. */
function decodedText(text: string): string | undefined {
  if (!/^[A-Za-z0-9+/]+={0,2}$/.test(text)) return undefined;
  try {
    const bytes = Uint8Array.from(atob(text), (char) => char.charCodeAt(0));
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return undefined;
  }
}
