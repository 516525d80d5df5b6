import type { AdminRole } from "./admin-keys.ts";
import { type Answer, notFound, refusal } from "./answer.ts";
import { parseResourcePath, type ResourcePath } from "./check/resource-path.ts";
import { MOST_OF_CONFIGS } from "./configs/configs-body.ts";
import { ConfigsEndpoint } from "./configs/configs-endpoint.ts";
import { openApiDocument } from "./openapi/openapi-document.ts";
import { entityTag, type Preconditions } from "./preconditions.ts";
import type { Reader } from "./reader.ts";
import { Remover } from "./remover.ts";
import {
  showPluginsAnswer,
  showSchemaAnswer,
  validateConfigsAnswer,
  validateSchemaAnswer,
} from "./schema-endpoints.ts";
import { readTimeToLive } from "./time-to-live.ts";
import type { Change, WriteDeps } from "./write-deps.ts";
import { type WriteCall, Writer } from "./writer.ts";

/** A call whose sender may make it. */
export interface AdminCall {
  readonly method: string;
  /** Of whoever calls, and may make this call. */
  readonly role: AdminRole;
  /** Decoded, below `/apisix/admin/`. */
  readonly segments: readonly string[];
  readonly query: URLSearchParams;
  readonly preconditions: Preconditions;
  readonly header: (name: string) => string | undefined;
  /** Reads the body as JSON, at most so many bytes, else as many as APISIX; throws a `Refusal`. */
  readonly body: (mostBytes?: number) => Promise<unknown>;
  /** Reads the body as it is, at most so many bytes; throws a `Refusal`. */
  readonly bytes: (mostBytes: number) => Promise<Uint8Array>;
  /** Told of a change that was made. */
  readonly onChange: (change: Change) => void;
}

export interface AdminApiDeps extends WriteDeps {
  readonly reader: Reader;
}

/** Paths below which there are no resources. */
const NO_RESOURCES = new Set(["plugins", "schema", "configs", "openapi.json"]);

/** The Admin API itself: which call does what (reference 9.2). */
export class AdminApi {
  readonly #deps: AdminApiDeps;
  readonly #writer: Writer;
  readonly #remover: Remover;
  readonly #configs: ConfigsEndpoint;

  constructor(deps: AdminApiDeps) {
    this.#deps = deps;
    this.#writer = new Writer(deps);
    this.#remover = new Remover(deps);
    this.#configs = new ConfigsEndpoint(deps);
  }

  /** Undefined where there is no such path or verb. Throws `Refusal` and `EtcdError`. */
  async answer(call: AdminCall): Promise<Answer | undefined> {
    const [name = ""] = call.segments;
    if (name === "configs" && call.segments.length === 1) return this.#configs.answer(call);
    return NO_RESOURCES.has(name) ? this.#answerOfSchemas(call) : this.#answerOfResource(call);
  }

  async #answerOfSchemas({
    method,
    segments,
    query,
    body,
  }: AdminCall): Promise<Answer | undefined> {
    const [name, first, second] = segments;
    const { enabled } = this.#deps;
    if (name === "plugins" && first === "reload") return reloadAnswer(method);
    if (method === "GET") {
      if (name === "openapi.json") return { status: 200, body: openApiDocument() };
      if (name === "plugins") return showPluginsAnswer(first, query, enabled);
      return name === "schema" ? showSchemaAnswer(segments.slice(1), query) : undefined;
    }
    if (method !== "POST" || (first !== "validate" && name !== "plugins")) return undefined;
    if (name === "schema" && second !== undefined)
      return validateSchemaAnswer(second, await body());
    if (name !== "configs") return undefined;
    return validateConfigsAnswer(await body(MOST_OF_CONFIGS), enabled);
  }

  async #answerOfResource(call: AdminCall): Promise<Answer | undefined> {
    const path = resourcePathOf(call.segments);
    const ttlSeconds = readTimeToLive(call.query);
    const { preconditions, query } = call;
    switch (call.method) {
      case "GET":
        return this.#get(call, path);
      case "PUT":
      case "POST":
      case "PATCH": {
        const write = { path, preconditions, ttlSeconds, body: await call.body() };
        return this.#written(call, await this.#write(call.method, write));
      }
      case "DELETE": {
        const force = query.get("force") === "true";
        const change = await this.#remover.delete({ path, preconditions, force });
        call.onChange(change);
        const body = { deleted: "1", key: change.key };
        return { status: 200, body, headers: revisionHeader(change) };
      }
      default:
        return undefined;
    }
  }

  #write(method: "PUT" | "POST" | "PATCH", call: WriteCall): Promise<Change> {
    if (method === "PUT") return this.#writer.put(call);
    return method === "POST" ? this.#writer.post(call) : this.#writer.patch(call);
  }

  async #get({ segments, query }: AdminCall, path: ResourcePath): Promise<Answer> {
    if (path.id === undefined) {
      // A manager without an id is neither one secret nor all of them.
      if (path.kind.name === "secrets" && segments.length > 1) throw notFound();
      const { list, total } = await this.#deps.reader.list(path, query);
      return { status: 200, body: { total, list } };
    }
    const shown = await this.#deps.reader.one(path);
    return { status: 200, body: shown, headers: { etag: entityTag(shown.modifiedIndex) } };
  }

  #written(call: AdminCall, change: Change): Answer {
    call.onChange(change);
    const status = change.before === undefined ? 201 : 200;
    const headers = { ...revisionHeader(change), etag: entityTag(change.revision) };
    return { status, body: { key: change.key, value: change.value }, headers };
  }
}

function revisionHeader({ revision }: Change): Record<string, string> {
  return { "x-snapgate-revision": String(revision) };
}

/** Plugins are part of this program: there is nothing to load again. */
function reloadAnswer(method: string): Answer {
  if (method === "PUT") return { status: 200, body: "done" };
  const sorry = `please use PUT method to reload the plugins, ${method} method is not allowed.`;
  throw refusal(405, sorry);
}

function resourcePathOf(segments: readonly string[]): ResourcePath {
  const path = parseResourcePath(segments.join("/"));
  if ("error_msg" in path) throw refusal(path.status, path.error_msg);
  // What follows an id is ignored, as in APISIX; but a service's own resources are no service.
  if (path.kind.name === "services" && path.rest[0] === "graphql_cost_decorations") {
    throw refusal(404, "Unsupported resource type: graphql_cost_decorations");
  }
  return path;
}
