/**
 * JSON Schema as APISIX writes it: draft 4 with some of draft 6 and 7. Plain objects, so that the edge can
 * carry the schema of one plugin and needs no library for it.
 */
export interface JsonSchema {
  readonly $comment?: string;
  readonly title?: string;
  readonly description?: string;
  readonly default?: unknown;

  readonly type?: JsonType | readonly JsonType[];
  readonly enum?: readonly unknown[];
  readonly const?: unknown;

  readonly properties?: Readonly<Record<string, JsonSchema>>;
  readonly required?: readonly string[];
  readonly additionalProperties?: boolean | JsonSchema;
  readonly patternProperties?: Readonly<Record<string, JsonSchema>>;
  readonly dependencies?: Readonly<Record<string, readonly string[] | JsonSchema>>;
  readonly minProperties?: number;
  readonly maxProperties?: number;

  /** One schema for all members, or one for each place. */
  readonly items?: JsonSchema | readonly JsonSchema[];
  /** Of members beyond the places that have a schema each. */
  readonly additionalItems?: boolean | JsonSchema;
  readonly contains?: JsonSchema;
  readonly minItems?: number;
  readonly maxItems?: number;
  readonly uniqueItems?: boolean;

  /** Characters, not bytes. */
  readonly minLength?: number;
  readonly maxLength?: number;
  /** PCRE, on bytes. */
  readonly pattern?: string;
  /** Those that are not known hold for every text. */
  readonly format?: string;

  readonly minimum?: number;
  readonly maximum?: number;
  readonly exclusiveMinimum?: number;
  readonly exclusiveMaximum?: number;
  readonly multipleOf?: number;

  readonly allOf?: readonly JsonSchema[];
  readonly anyOf?: readonly JsonSchema[];
  readonly oneOf?: readonly JsonSchema[];
  readonly not?: JsonSchema;
  readonly if?: JsonSchema;
  readonly then?: JsonSchema;
  readonly else?: JsonSchema;

  /** Which fields of a plugin's configuration are encrypted at rest; `a.b` for nested ones. */
  readonly encrypt_fields?: readonly string[];
}

/** A `table` is an object or a list. */
export type JsonType =
  | "object"
  | "array"
  | "table"
  | "string"
  | "number"
  | "integer"
  | "boolean"
  | "null";
