import type { KindName } from "../../../shared/resources/resource-key.ts";
import { type AdminKind, adminKind } from "../check/admin-kinds.ts";
import { SECRET_SCHEMAS } from "../schema/resource-schemas.ts";
import { metadataNames, schemaRef } from "./components.ts";
import type { OpenSchema } from "./draft-2020.ts";
import {
  answers,
  bodyOf,
  FORCE,
  LIST_PARAMETERS,
  type Operation,
  type PathItem,
  PRECONDITIONS,
  pathParameter,
  TTL,
} from "./operation.ts";

/** A kind at its paths: what is beside the table of kinds that the checks go by. */
interface Place {
  readonly kind: KindName;
  /** Below `/apisix/admin`. */
  readonly list: string | undefined;
  readonly one: string;
  readonly value: OpenSchema;
  /** Of a list. */
  readonly isListed: boolean;
}

const SIMPLE: readonly KindName[] = [
  "routes",
  "services",
  "upstreams",
  "ssls",
  "protos",
  "stream_routes",
  "plugin_configs",
  "consumer_groups",
  "global_rules",
];

function places(): readonly Place[] {
  const managers = [...SECRET_SCHEMAS.keys()];
  return [
    ...SIMPLE.map((kind): Place => {
      const value = schemaRef(kindOf(kind).schema ?? "");
      return { kind, list: `/${kind}`, one: `/${kind}/{id}`, value, isListed: true };
    }),
    {
      kind: "consumers",
      list: "/consumers",
      one: "/consumers/{username}",
      value: schemaRef("consumer"),
      isListed: true,
    },
    {
      kind: "credentials",
      list: "/consumers/{username}/credentials",
      one: "/consumers/{username}/credentials/{id}",
      value: schemaRef("credential"),
      isListed: true,
    },
    ...managers.map((manager): Place => {
      const value = schemaRef(`secret.${manager}`);
      const [list, one] = [undefined, `/secrets/${manager}/{id}`];
      return { kind: "secrets", list, one, value, isListed: false };
    }),
    {
      kind: "plugin_metadata",
      list: "/plugin_metadata",
      one: "/plugin_metadata/{plugin}",
      value: { anyOf: metadataNames().map((name) => schemaRef(`metadata.${name}`)) },
      isListed: true,
    },
  ];
}

/** The paths of every kind (reference 9.2). */
export function resourcePaths(): Readonly<Record<string, PathItem>> {
  const paths: Record<string, PathItem> = {};
  for (const place of places()) {
    if (place.list !== undefined) paths[place.list] = listItem(place, place.list);
    paths[place.one] = oneItem(place);
  }
  const value = { anyOf: [...SECRET_SCHEMAS.keys()].map((name) => schemaRef(`secret.${name}`)) };
  const secrets: Place = { kind: "secrets", list: "/secrets", one: "", value, isListed: true };
  paths["/secrets"] = { get: getList(secrets) };
  return paths;
}

function listItem(place: Place, path: string): PathItem {
  const kind = kindOf(place.kind);
  const mayPost = !kind.unsupported.includes("POST");
  return {
    ...parametersOf(path),
    get: getList(place),
    ...(mayPost ? { post: write(place, "post", `Create a ${kind.word}; it is given an id`) } : {}),
    // Its name is in the body.
    ...(place.kind === "consumers"
      ? { put: write(place, "put", "Create or replace a consumer", "List") }
      : {}),
  };
}

function oneItem(place: Place): PathItem {
  const kind = kindOf(place.kind);
  const mayPatch = !kind.unsupported.includes("PATCH");
  const value = stored(place.value);
  return {
    ...parametersOf(place.one),
    get: {
      ...named(place, "get"),
      summary: `Show a ${kind.word}`,
      responses: answers({ 200: value, 404: ERROR }),
    },
    put: write(place, "put", `Create or replace a ${kind.word}`),
    ...(mayPatch ? { patch: patch(place) } : {}),
    delete: {
      ...named(place, "delete"),
      summary: `Delete a ${kind.word}`,
      parameters: [FORCE, ...PRECONDITIONS],
      responses: answers({ 200: schemaRef("deleted"), 400: ERROR, 404: ERROR, 412: ERROR }),
    },
  };
}

const ERROR = schemaRef("error");

function getList(place: Place): Operation {
  const { list: _, ...rest } = { list: undefined, total: { type: "integer", minimum: 0 } };
  const list = { type: "array", items: stored(place.value) };
  const body = { type: "object", properties: { ...rest, list }, required: ["list", "total"] };
  return {
    ...named(place, "list"),
    summary: `Show all of ${kindOf(place.kind).name.replaceAll("_", " ")}`,
    parameters: LIST_PARAMETERS,
    responses: answers({ 200: body, 400: ERROR, 404: ERROR }),
  };
}

function write(place: Place, verb: "put" | "post", summary: string, suffix = ""): Operation {
  const value = written(place.value);
  const both = verb === "post" ? { 201: value } : { 200: value, 201: value };
  return {
    ...named(place, verb, suffix),
    summary,
    parameters: [TTL, ...PRECONDITIONS],
    requestBody: bodyOf(place.value),
    responses: answers({ ...both, 400: ERROR, 412: ERROR }),
  };
}

function patch(place: Place): Operation {
  const description =
    "Fields of the body replace those that are there, objects are merged, null deletes. " +
    "A path may follow the id, with slashes: then the body, any JSON, replaces what is there.";
  return {
    ...named(place, "patch"),
    summary: `Change a part of a ${kindOf(place.kind).word}`,
    description,
    parameters: [TTL, ...PRECONDITIONS],
    requestBody: bodyOf({ type: "object" }),
    responses: answers({ 200: written(place.value), 400: ERROR, 404: ERROR, 412: ERROR }),
  };
}

/** As reading shows a resource. */
function stored(value: OpenSchema): OpenSchema {
  const index = { type: "integer", minimum: 0 };
  const properties = { key: { type: "string" }, value, createdIndex: index, modifiedIndex: index };
  return { type: "object", properties, required: Object.keys(properties) };
}

/** As a write answers. */
function written(value: OpenSchema): OpenSchema {
  const properties = { key: { type: "string" }, value };
  return { type: "object", properties, required: Object.keys(properties) };
}

function named({ kind, one }: Place, verb: string, suffix = "") {
  // Secrets have a path for each manager.
  const manager = kind === "secrets" ? (one.split("/")[2] ?? "") : "";
  const id = [verb, kind, manager, suffix].filter((part) => part !== "").join("_");
  return { operationId: id.toLowerCase(), tags: [kind] };
}

function parametersOf(path: string): Pick<PathItem, "parameters"> {
  const names = [...path.matchAll(/\{(\w+)\}/g)].map(([, name = ""]) => name);
  return names.length === 0 ? {} : { parameters: names.map(pathParameter) };
}

function kindOf(name: KindName): AdminKind {
  const kind = adminKind(name);
  if (!kind) throw new Error(`the Admin API has no kind ${name}`);
  return kind;
}
