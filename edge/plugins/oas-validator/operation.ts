import { readSchema, SchemaError } from "../../../shared/json-schema/read-schema.ts";
import type { JsonSchema } from "../../../shared/plugins/json-schema.ts";
import { type DocumentSite, type Fields, followed, listOf, objectOf } from "./api-document.ts";
import { adaptSchema } from "./dialect.ts";

export type ParameterPlace = "path" | "query" | "header";

export interface Parameter {
  readonly name: string;
  readonly in: ParameterPlace;
  readonly required: boolean;
  readonly style: string;
  readonly explode: boolean;
  /** Its text is JSON. */
  readonly isJson: boolean;
  readonly schema: JsonSchema;
}

export interface MediaType {
  /** In lower case, e.g. `application/json`. */
  readonly type: string;
  readonly schema: JsonSchema | undefined;
  /** Properties that only answers have. */
  readonly readOnly: readonly string[];
}

export interface Operation {
  readonly parameters: readonly Parameter[];
  readonly body: { readonly required: boolean; readonly media: readonly MediaType[] } | undefined;
}

/** `shared`: the parameters of its path, which those of its own win over. Throws `SchemaError`. */
export function compileOperation(
  operation: Fields,
  shared: readonly unknown[],
  site: DocumentSite,
): Operation {
  const parameters = new Map<string, Parameter>();
  for (const given of [...shared, ...listOf(operation.parameters)]) {
    const parameter = compileParameter(objectOf(followed(site.document, given)), site);
    if (parameter) parameters.set(`${parameter.in} ${parameter.name}`, parameter);
  }
  return { parameters: [...parameters.values()], body: compileBody(operation.requestBody, site) };
}

const PLACES: readonly string[] = ["path", "query", "header"] satisfies ParameterPlace[];

/** Undefined for a cookie, which APISIX does not look at, and for one without a schema. */
function compileParameter(given: Fields, site: DocumentSite): Parameter | undefined {
  const { name, in: place, required, explode } = given;
  if (typeof name !== "string") throw new SchemaError("a parameter has no name");
  if (!isPlace(place)) return undefined;
  const json = objectOf(objectOf(given.content ?? {})["application/json"] ?? {});
  const schema = given.schema ?? json.schema;
  const style = typeof given.style === "string" ? given.style : defaultStyle(place);
  return {
    name,
    in: place,
    required: required === true,
    style,
    explode: typeof explode === "boolean" ? explode : style === "form",
    isJson: json.schema !== undefined,
    schema: schema === undefined ? {} : schemaOf(schema, site),
  };
}

function isPlace(place: unknown): place is ParameterPlace {
  return typeof place === "string" && PLACES.includes(place);
}

function defaultStyle(place: ParameterPlace): string {
  return place === "query" ? "form" : "simple";
}

function compileBody(given: unknown, site: DocumentSite): Operation["body"] {
  if (given === undefined) return undefined;
  const { required, content } = objectOf(followed(site.document, given));
  const media = Object.entries(objectOf(content ?? {})).map(([type, described]) => {
    const { schema } = objectOf(followed(site.document, described));
    return {
      type: type.toLowerCase(),
      schema: schema === undefined ? undefined : schemaOf(schema, site),
      readOnly: readOnlyProperties(schema, site),
    };
  });
  return { required: required === true, media };
}

function schemaOf(schema: unknown, { document, version }: DocumentSite): JsonSchema {
  return readSchema(schema, { root: document, adapt: adaptSchema(version) });
}

/** Of the outermost object alone, as in APISIX. */
function readOnlyProperties(schema: unknown, { document }: DocumentSite): readonly string[] {
  const { properties = {} } = objectOf(followed(document, schema ?? {}));
  return Object.entries(objectOf(properties)).flatMap(([name, property]) => {
    const described = followed(document, property);
    return typeof described === "object" && objectOf(described).readOnly === true ? [name] : [];
  });
}
