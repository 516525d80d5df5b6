import { schemaComponents } from "./components.ts";
import type { OpenSchema } from "./draft-2020.ts";
import type { PathItem } from "./operation.ts";
import { otherPaths } from "./other-paths.ts";
import { resourcePaths } from "./resource-paths.ts";

/** The Admin API as an OpenAPI 3.1 document. */
export interface OpenApiDocument {
  readonly openapi: "3.1.0";
  readonly info: OpenSchema;
  readonly servers: readonly OpenSchema[];
  readonly security: readonly OpenSchema[];
  readonly paths: Readonly<Record<string, PathItem>>;
  readonly components: {
    readonly schemas: Readonly<Record<string, OpenSchema>>;
    readonly securitySchemes: Readonly<Record<string, OpenSchema>>;
  };
}

let made: OpenApiDocument | undefined;

/** Generated from the schemas that writes are checked with; made when it is first asked for. */
export function openApiDocument(): OpenApiDocument {
  made ??= make();
  return made;
}

function make(): OpenApiDocument {
  return {
    openapi: "3.1.0",
    info: {
      title: "Snapgate Admin API",
      description: "Apache APISIX's Admin API, as Snapgate's exporter serves it over etcd.",
      // Of APISIX's API, which this is.
      version: "3.18.0",
      license: { name: "Apache-2.0", identifier: "Apache-2.0" },
    },
    servers: [{ url: "/apisix/admin" }],
    // Any one of them will do.
    security: [{ header: [] }, { query: [] }, { cookie: [] }],
    paths: { ...resourcePaths(), ...otherPaths() },
    components: {
      schemas: schemaComponents(),
      securitySchemes: {
        header: { type: "apiKey", in: "header", name: "X-API-KEY" },
        query: { type: "apiKey", in: "query", name: "api_key" },
        cookie: { type: "apiKey", in: "cookie", name: "x_api_key" },
      },
    },
  };
}
