import type { OpenSchema } from "./draft-2020.ts";

/** Parts of OpenAPI 3.1 as far as the document has them. */

export interface Operation {
  readonly operationId: string;
  readonly tags: readonly string[];
  readonly summary: string;
  readonly description?: string;
  readonly parameters?: readonly Parameter[];
  readonly requestBody?: OpenSchema;
  readonly responses: Readonly<Record<string, OpenSchema>>;
  /** Empty: no key is needed. */
  readonly security?: readonly OpenSchema[];
}

export type Verb = "get" | "head" | "put" | "post" | "patch" | "delete";

export type PathItem = Readonly<Partial<Record<Verb, Operation>>> & {
  readonly parameters?: readonly Parameter[];
};

export interface Parameter {
  readonly name: string;
  readonly in: "path" | "query" | "header";
  readonly required?: boolean;
  readonly description?: string;
  readonly schema: OpenSchema;
}

const inQuery = (name: string, description: string, schema: OpenSchema): Parameter => ({
  name,
  in: "query",
  description,
  schema,
});

const text = { type: "string" };

export const TTL = inQuery("ttl", "After so many seconds it is gone again.", { type: "integer" });
export const FORCE = inQuery("force", "Though somebody still refers to it.", { type: "boolean" });

export const LIST_PARAMETERS: readonly Parameter[] = [
  inQuery("page", "From 1; only together with page_size.", { type: "integer", minimum: 1 }),
  inQuery("page_size", "Items of a page.", { type: "integer", minimum: 10, maximum: 500 }),
  inQuery("name", "A regular expression that the name has.", text),
  inQuery("label", "The key of a label.", text),
  inQuery("uri", "A regular expression that uri, or one of uris, has.", text),
  inQuery("filter", "Of routes: service_id=1&upstream_id=2, URL-encoded.", text),
];

export const PRECONDITIONS: readonly Parameter[] = [
  {
    name: "If-Match",
    in: "header",
    description: "Only if what is stored has this modifiedIndex.",
    schema: text,
  },
  {
    name: "If-None-Match",
    in: "header",
    description: "With *: only if nothing is stored.",
    schema: { const: "*" },
  },
];

export function pathParameter(name: string): Parameter {
  const id = { type: "string", minLength: 1, maxLength: 64, pattern: "^[a-zA-Z0-9\\-_.]+$" };
  const schema = name === "username" ? { ...id, maxLength: 256 } : name === "id" ? id : text;
  return { name, in: "path", required: true, schema };
}

export function bodyOf(schema: OpenSchema): OpenSchema {
  return { required: true, content: { "application/json": { schema } } };
}

const MEANINGS: Readonly<Record<string, string>> = {
  200: "Done.",
  201: "Created.",
  202: "Applied.",
  204: "The digest is the current one; nothing was done.",
  400: "Refused; nothing was written.",
  401: "No key, or one that may not do this.",
  404: "There is no such thing.",
  412: "A precondition does not hold.",
  503: "etcd did not do it.",
};

/** `undefined`: an answer without a body. Those that any call may get are added. */
export function answers(
  schemas: Readonly<Record<number, OpenSchema | undefined>>,
): Readonly<Record<string, OpenSchema>> {
  const error = { $ref: "#/components/schemas/error" };
  const all = Object.entries({ ...schemas, 401: error, 503: error });
  return Object.fromEntries(
    all.map(([status, schema]) => {
      const description = MEANINGS[status] ?? status;
      const content = schema && { content: { "application/json": { schema } } };
      return [status, { description, ...content }];
    }),
  );
}
