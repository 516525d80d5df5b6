import type { JsonSchema } from "../json-schema.ts";
import { keepalive, maxRequestBody, timeout } from "./parts.ts";
import type { PluginSchemas } from "./plugin-schemas.ts";

/** Plugins that answer with a function that runs elsewhere. */

/** Milliseconds, from a tenth of a second on. */
const functionFields: Readonly<Record<string, JsonSchema>> = {
  timeout: { ...timeout(3000), minimum: 100 },
  ssl_verify: { type: "boolean", default: true },
  ...keepalive(),
  max_req_body_size: maxRequestBody,
};

export const awsLambda: PluginSchemas = {
  schema: {
    type: "object",
    properties: {
      function_uri: { type: "string" },
      authorization: {
        type: "object",
        properties: {
          apikey: { type: "string" },
          iam: {
            type: "object",
            properties: {
              accesskey: { type: "string", description: "access key id from from aws iam console" },
              secretkey: {
                type: "string",
                description: "secret access key from from aws iam console",
              },
              aws_region: { type: "string", default: "us-east-1" },
              service: { type: "string", default: "execute-api" },
            },
            required: ["accesskey", "secretkey"],
          },
        },
      },
      ...functionFields,
    },
    encrypt_fields: [
      "authorization.apikey",
      "authorization.iam.accesskey",
      "authorization.iam.secretkey",
    ],
    required: ["function_uri"],
  },
};

export const azureFunctions: PluginSchemas = {
  schema: {
    type: "object",
    properties: {
      function_uri: { type: "string" },
      authorization: {
        type: "object",
        properties: { apikey: { type: "string" }, clientid: { type: "string" } },
      },
      ...functionFields,
    },
    encrypt_fields: ["authorization.apikey"],
    required: ["function_uri"],
  },
  metadataSchema: {
    type: "object",
    properties: {
      master_apikey: { type: "string", default: "" },
      master_clientid: { type: "string", default: "" },
    },
    encrypt_fields: ["master_apikey"],
  },
};

const NAME = "^([\\w]|[\\w][\\w@ .-]*[\\w@.-]+)$";

export const openwhisk: PluginSchemas = {
  schema: {
    type: "object",
    properties: {
      api_host: { type: "string" },
      service_token: { type: "string" },
      namespace: { type: "string", maxLength: 256, pattern: NAME },
      package: { type: "string", maxLength: 256, pattern: NAME },
      action: { type: "string", maxLength: 256, pattern: NAME },
      result: { type: "boolean", default: true },
      ...functionFields,
      timeout: { type: "integer", minimum: 1, maximum: 60_000, default: 3000 },
    },
    encrypt_fields: ["service_token"],
    required: ["api_host", "service_token", "namespace", "action"],
  },
};

export const openfunction: PluginSchemas = {
  schema: {
    type: "object",
    properties: {
      function_uri: { type: "string" },
      authorization: { type: "object", properties: { service_token: { type: "string" } } },
      ...functionFields,
    },
    encrypt_fields: ["authorization.service_token"],
    required: ["function_uri"],
  },
};
