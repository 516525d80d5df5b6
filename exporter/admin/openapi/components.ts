import type { JsonSchema } from "../../../shared/plugins/json-schema.ts";
import {
  HTTP_PLUGIN_SCHEMAS,
  STREAM_PLUGIN_SCHEMAS,
} from "../../../shared/plugins/schemas/index.ts";
import { pluginSchema, type SchemaUse, type Subsystem } from "../../plugins/plugin-schema.ts";
import { RESOURCE_SCHEMAS, SECRET_SCHEMAS } from "../schema/resource-schemas.ts";
import { type OpenSchema, toDraft2020 } from "./draft-2020.ts";

export function schemaRef(name: string): OpenSchema {
  return { $ref: `#/components/schemas/${name}` };
}

/** What `plugins` holds, by the name of the resource's schema; of the others it is `plugins`. */
const PLUGIN_SETS: Readonly<Record<string, string>> = {
  consumer: "consumer-plugins",
  credential: "consumer-plugins",
  stream_route: "stream-plugins",
};

/** The shapes that answers have around a resource. */
const SHAPES: Readonly<Record<string, OpenSchema>> = {
  deleted: {
    type: "object",
    properties: { key: { type: "string" }, deleted: { const: "1" } },
    required: ["key", "deleted"],
  },
  error: {
    type: "object",
    description: "Why nothing was done; one of the texts is there.",
    properties: {
      error_msg: { type: "string" },
      message: { type: "string" },
      description: { type: "string" },
    },
  },
  "configs-faults": {
    type: "object",
    properties: {
      error_msg: { type: "string" },
      errors: {
        type: "array",
        items: {
          type: "object",
          properties: {
            resource_type: { type: "string" },
            resource_id: { type: ["string", "integer"] },
            index: { type: "integer", minimum: 0, description: "From 0." },
            error: { type: "string" },
          },
          required: ["resource_type", "error"],
        },
      },
    },
    required: ["error_msg", "errors"],
  },
};

/** Every schema of the document by its name. */
export function schemaComponents(): Readonly<Record<string, OpenSchema>> {
  return {
    ...resourceComponents(),
    ...pluginSet("plugins", "plugin", "http", "plugin"),
    ...pluginSet("consumer-plugins", "consumer-plugin", "http", "consumer"),
    ...pluginSet("stream-plugins", "stream-plugin", "stream", "plugin"),
    ...metadataComponents(),
    ...SHAPES,
  };
}

function resourceComponents(): Record<string, OpenSchema> {
  const own: readonly (readonly [string, JsonSchema])[] = [
    ...Object.entries(RESOURCE_SCHEMAS).filter(([name]) => name !== "plugins"),
    ...[...SECRET_SCHEMAS].map(([manager, schema]) => [`secret.${manager}`, schema] as const),
  ];
  const components = own.map(([name, schema]) => {
    const referenceTo = (part: JsonSchema) =>
      part === RESOURCE_SCHEMAS.upstream ? schemaRef("upstream") : undefined;
    const converted = toDraft2020(withoutOwnId(schema), referenceTo);
    return [name, withPlugins(converted, PLUGIN_SETS[name] ?? "plugins")];
  });
  return Object.fromEntries(components);
}

/** The path has the id, so a body need not. */
function withoutOwnId(schema: JsonSchema): JsonSchema {
  return schema.required
    ? { ...schema, required: schema.required.filter((one) => one !== "id") }
    : schema;
}

function withPlugins(schema: OpenSchema, set: string): OpenSchema {
  const properties = schema.properties as Record<string, OpenSchema> | undefined;
  if (!properties?.plugins) return schema;
  const { type: _, ...bounds } = properties.plugins;
  const plugins = { ...schemaRef(set), ...bounds };
  return { ...schema, properties: { ...properties, plugins } };
}

/** A map from plugins to their configurations, and each of these. */
function pluginSet(
  set: string,
  one: string,
  subsystem: Subsystem,
  use: SchemaUse,
): Record<string, OpenSchema> {
  const names = Object.keys(subsystem === "http" ? HTTP_PLUGIN_SCHEMAS : STREAM_PLUGIN_SCHEMAS);
  const components: Record<string, OpenSchema> = {};
  const properties: Record<string, OpenSchema> = {};
  for (const name of names) {
    const schema = pluginSchema(subsystem, name, use);
    if (schema) {
      components[`${one}.${name}`] = toDraft2020(schema);
      properties[name] = schemaRef(`${one}.${name}`);
    } else {
      // On a consumer a plugin that is not about consumers is what it is elsewhere.
      properties[name] = schemaRef(`plugin.${name}`);
    }
  }
  return { ...components, [set]: { type: "object", properties, additionalProperties: false } };
}

function metadataComponents(): Record<string, OpenSchema> {
  const components = metadataNames().map((name) => {
    return [`metadata.${name}`, toDraft2020(pluginSchema("http", name, "metadata") ?? {})];
  });
  return Object.fromEntries(components);
}

/** Plugins that have metadata. */
export function metadataNames(): string[] {
  return Object.keys(HTTP_PLUGIN_SCHEMAS).filter((name) => pluginSchema("http", name, "metadata"));
}
