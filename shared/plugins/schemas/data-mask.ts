import type { JsonSchema } from "../json-schema.ts";
import { when } from "./parts.ts";
import type { PluginSchemas } from "./plugin-schemas.ts";

const isAction = (action: string): JsonSchema => ({ properties: { action: { const: action } } });

export const dataMask: PluginSchemas = {
  schema: {
    type: "object",
    properties: {
      request: {
        type: "array",
        items: {
          type: "object",
          properties: {
            type: { type: "string", enum: ["query", "header", "body"] },
            body_format: { type: "string", enum: ["json", "urlencoded"] },
            name: { type: "string" },
            action: { type: "string", enum: ["regex", "replace", "remove"] },
            regex: { type: "string" },
            value: { type: "string" },
          },
          required: ["type", "name", "action"],
          allOf: [
            when({ properties: { type: { const: "body" } } }, { required: ["body_format"] }),
            when(isAction("regex"), { required: ["regex", "value"] }),
            when(isAction("replace"), { required: ["value"] }),
          ],
        },
      },
      max_body_size: { type: "integer", exclusiveMinimum: 0, default: 1_048_576 },
      max_req_post_args: { type: "integer", minimum: 0, default: 100 },
    },
  },
};
