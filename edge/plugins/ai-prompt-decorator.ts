import { isObject, readJsonBody, writeJsonBody } from "./ai/json-body.ts";
import { appendMessages, type Message, prependMessages } from "./ai/messages.ts";
import { protocolOf } from "./ai/protocol.ts";
import { exitWith } from "./exit.ts";
import { definePlugin } from "./plugin.ts";

interface AiPromptDecoratorConfiguration {
  readonly prepend?: readonly Message[];
  readonly append?: readonly Message[];
  readonly max_req_body_size: number;
}

/** `ai-prompt-decorator`: puts messages before and behind a prompt's own (reference 8.8). */
export const aiPromptDecorator = definePlugin<AiPromptDecoratorConfiguration>(() => ({
  build({ prepend = [], append = [], max_req_body_size: maxBytes }) {
    return {
      async rewrite(exchange) {
        const read = await readJsonBody(exchange, maxBytes);
        if ("exit" in read) return read.exit;
        const { value } = read;
        if (!isObject(value)) {
          return exitWith(400, "could not parse JSON request body: it is no object");
        }
        // What has no messages yet is made a chat.
        const found = protocolOf(value, exchange.uri);
        const protocol = found === undefined ? "openai-chat" : found;
        const before = prependMessages(value, protocol, prepend);
        writeJsonBody(exchange, appendMessages(before, protocol, append));
        return undefined;
      },
    };
  },
}));
