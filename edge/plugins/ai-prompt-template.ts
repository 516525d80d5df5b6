import type { JsonValue } from "../../shared/expression/variables.ts";
import { isObject, readJsonBody } from "./ai/json-body.ts";
import { BodyTemplate } from "./body-transformer/body-template.ts";
import { LuaError } from "./body-transformer/evaluate-lua.ts";
import { LuaNeeded } from "./body-transformer/lua-expression.ts";
import type { Exchange } from "./exchange.ts";
import { type Exit, exitWith } from "./exit.ts";
import { ConfigurationRefused, definePlugin } from "./plugin.ts";

interface AiPromptTemplateConfiguration {
  readonly templates: readonly { readonly name: string; readonly template: object }[];
  readonly max_req_body_size: number;
}

type Fields = Readonly<Record<string, JsonValue>>;

/** `ai-prompt-template`: clients name a prompt and fill in what it leaves open (reference 8.8). */
export const aiPromptTemplate = definePlugin<AiPromptTemplateConfiguration>(() => ({
  build({ templates, max_req_body_size: maxBytes }) {
    const byName = new Map<JsonValue, BodyTemplate>();
    for (const { name, template } of templates) {
      // Of two with the same name APISIX finds the first.
      if (!byName.has(name)) byName.set(name, parsed(name, template));
    }
    return {
      async rewrite(exchange): Promise<Exit | undefined> {
        const read = await readJsonBody(exchange, maxBytes);
        if ("exit" in read) return read.exit;
        const fields: Fields = isObject(read.value) ? read.value : {};
        const { template_name: name } = fields;
        if (name === undefined || name === false) {
          return exitWith(400, "template name is missing in request.");
        }
        const template = byName.get(name);
        if (template) return fill(exchange, template, fields);
        return exitWith(400, `template: ${textOf(name)} not configured.`);
      },
    };
  },
}));

/** Throws `ConfigurationRefused` for one that needs Lua. */
function parsed(name: string, template: object): BodyTemplate {
  try {
    return new BodyTemplate(JSON.stringify(template));
  } catch (error) {
    if (!(error instanceof LuaNeeded)) throw error;
    throw new ConfigurationRefused(`the template ${name}: ${error.message}`);
  }
}

function fill(exchange: Exchange, template: BodyTemplate, fields: Fields): Exit | undefined {
  const body = new TextDecoder().decode(exchange.bodyToSend as Uint8Array);
  try {
    const made = template.render({ fields, body, variables: exchange.variables });
    exchange.body = new TextEncoder().encode(made);
    return undefined;
  } catch (error) {
    if (!(error instanceof LuaError)) throw error;
    return exitWith(503, `request template rendering: ${error.message}`);
  }
}

function textOf(name: JsonValue): string {
  return typeof name === "string" ? name : JSON.stringify(name);
}
