import { LIST_NAMES, type ListName } from "../../apply/standalone-document.ts";
import { adminKind } from "../check/admin-kinds.ts";
import { SECRET_SCHEMAS } from "../schema/resource-schemas.ts";
import { schemaRef } from "./components.ts";
import type { OpenSchema } from "./draft-2020.ts";
import { answers, bodyOf, type PathItem, pathParameter } from "./operation.ts";

const ERROR = schemaRef("error");
const JSON_SCHEMA = { type: "object", description: "A JSON Schema." };
const SUBSYSTEM = {
  name: "subsystem",
  in: "query",
  schema: { enum: ["http", "stream"], default: "http" },
} as const;
const SCHEMA_TYPE = {
  name: "schema_type",
  in: "query",
  schema: { enum: ["consumer", "metadata"] },
} as const;
const ALL = { name: "all", in: "query", required: true, schema: { const: "true" } } as const;

/** Plugins, schemas, whole configurations, and this document (reference 9.2, 9.6, 10.3). */
export function otherPaths(): Readonly<Record<string, PathItem>> {
  return { ...pluginPaths(), ...schemaPaths(), ...configsPaths(), ...ownPaths() };
}

function pluginPaths(): Readonly<Record<string, PathItem>> {
  const plugin = pathParameter("plugin");
  const tags = ["plugins"];
  return {
    "/plugins": {
      get: {
        operationId: "show_plugins",
        tags,
        summary: "Show every enabled plugin with its schemas",
        parameters: [ALL, SUBSYSTEM],
        responses: answers({ 200: { type: "object", additionalProperties: true }, 400: ERROR }),
      },
    },
    "/plugins/list": {
      get: {
        operationId: "list_plugins",
        tags,
        summary: "Name the enabled plugins, the highest priority first",
        parameters: [SUBSYSTEM],
        responses: answers({ 200: { type: "array", items: { type: "string" } }, 400: undefined }),
      },
    },
    "/plugins/reload": {
      put: {
        operationId: "reload_plugins",
        tags,
        summary: "For clients of APISIX; there is nothing to load again",
        responses: answers({ 200: undefined }),
      },
    },
    "/plugins/{plugin}": {
      parameters: [plugin],
      get: {
        operationId: "show_plugin",
        tags,
        summary: "Show a plugin's schema",
        parameters: [SUBSYSTEM, SCHEMA_TYPE],
        responses: answers({ 200: JSON_SCHEMA, 404: ERROR }),
      },
    },
  };
}

function schemaPaths(): Readonly<Record<string, PathItem>> {
  const tags = ["schema"];
  return {
    "/schema/{type}": {
      parameters: [pathParameter("type")],
      get: {
        operationId: "show_schema",
        tags,
        summary: "Show the schema of a kind, named in the singular",
        responses: answers({ 200: JSON_SCHEMA, 400: ERROR }),
      },
    },
    "/schema/plugins/{plugin}": {
      parameters: [pathParameter("plugin")],
      get: {
        operationId: "show_plugin_schema",
        tags,
        summary: "Show a plugin's schema",
        parameters: [SUBSYSTEM, SCHEMA_TYPE],
        responses: answers({ 200: JSON_SCHEMA, 404: ERROR }),
      },
    },
    "/schema/validate/{resource}": {
      parameters: [pathParameter("resource")],
      post: {
        operationId: "validate_resource",
        tags,
        summary: "Check a value against the schema of a kind, named in the plural",
        requestBody: bodyOf({ type: "object" }),
        responses: answers({ 200: undefined, 400: ERROR }),
      },
    },
  };
}

function configsPaths(): Readonly<Record<string, PathItem>> {
  const tags = ["configs"];
  const configs = configsSchema();
  const digest = { name: "X-Digest", in: "header", required: true, schema: { type: "string" } };
  const asEither = {
    "application/json": { schema: configs },
    "application/yaml": { schema: configs },
  };
  const shown = answers({ 200: undefined });
  const show = { ...shown, 200: { ...shown["200"], content: asEither } };
  return {
    "/configs": {
      get: {
        operationId: "show_configs",
        tags,
        summary: "Show the whole configuration; in YAML where Accept asks for it",
        responses: show,
      },
      head: {
        operationId: "look_at_configs",
        tags,
        summary: "X-Digest and X-Last-Modified of what was put last",
        responses: answers({ 200: undefined }),
      },
      put: {
        operationId: "put_configs",
        tags,
        summary: "Replace the whole configuration",
        description:
          "A list that is not there is empty, unless its _conf_version is the current one: then the list " +
          "stays as it is. Nothing is written unless all of it is valid.",
        parameters: [digest as never],
        requestBody: { required: true, content: asEither },
        responses: answers({ 202: undefined, 204: undefined, 400: ERROR }),
      },
    },
    "/configs/validate": {
      post: {
        operationId: "validate_configs",
        tags,
        summary: "Find what is wrong with a whole configuration; nothing is written",
        requestBody: bodyOf(configs),
        responses: answers({ 200: { type: "object" }, 400: schemaRef("configs-faults") }),
      },
    },
  };
}

function ownPaths(): Readonly<Record<string, PathItem>> {
  return {
    "/openapi.json": {
      get: {
        operationId: "show_openapi",
        tags: ["schema"],
        summary: "Show this document",
        responses: answers({ 200: { type: "object" } }),
      },
    },
  };
}

/** Lists of all kinds, each item with its id, and their numbers. */
function configsSchema(): OpenSchema {
  const lists = LIST_NAMES.map((name) => [name, { type: "array", items: itemOf(name) }]);
  const numbers = LIST_NAMES.map((name) => [
    `${name}_conf_version`,
    { type: "integer", minimum: 0 },
  ]);
  return { type: "object", properties: Object.fromEntries([...lists, ...numbers]) };
}

/** Items have fields that the resource itself has not, such as modifiedIndex. */
function itemOf(name: ListName): OpenSchema {
  const index = { modifiedIndex: { type: "integer" } };
  const schema = adminKind(name)?.schema;
  const see =
    schema !== undefined
      ? `#/components/schemas/${schema}`
      : [...SECRET_SCHEMAS.keys()]
          .map((manager) => `#/components/schemas/secret.${manager}`)
          .join(", ");
  const what = name === "plugin_metadata" ? "#/components/schemas/metadata.<plugin>" : see;
  return { type: "object", properties: index, description: `Fields as in ${what}.` };
}
