import { SchemaError } from "../../../shared/json-schema/read-schema.ts";
import { parseForm } from "../../../shared/request/form.ts";
import type { Exchange } from "../exchange.ts";
import { exitWith } from "../exit.ts";
import { definePlugin } from "../plugin.ts";
import { ApiDocument } from "./api-document.ts";
import type { SentBody } from "./check-body.ts";
import { requestFaults } from "./check-request.ts";
import { FetchedDocuments } from "./fetched-documents.ts";
import type { ParameterPlace } from "./operation.ts";

/** `spec` or `spec_url`, never both. */
interface OasValidatorConfiguration {
  readonly spec?: string;
  readonly spec_url?: string;
  readonly spec_url_request_headers?: Readonly<Record<string, string>>;
  /** Milliseconds. */
  readonly timeout: number;
  readonly verbose_errors: boolean;
  readonly skip_request_body_validation: boolean;
  readonly skip_request_header_validation: boolean;
  readonly skip_query_param_validation: boolean;
  readonly skip_path_params_validation: boolean;
  readonly reject_if_not_match: boolean;
  readonly rejection_status_code: number;
  readonly max_req_body_size: number;
}

interface OasValidatorMetadata {
  /** Seconds. */
  readonly spec_url_ttl?: number;
}

const DEFAULT_TTL_S = 3600;

/** `oas-validator`: a request has to fit an operation of an OpenAPI 3 document (reference 7.3). */
export const oasValidator = definePlugin<OasValidatorConfiguration>((deps) => {
  const fetched = new FetchedDocuments(deps);
  return {
    build(configuration, site) {
      const metadata: OasValidatorMetadata = site.metadata ?? {};
      const document = documentOf(configuration, metadata, fetched);
      return {
        async access(exchange) {
          const body = await bodyOf(exchange, configuration);
          if (body === "too long") return { status: 413 };
          let faults: readonly string[];
          try {
            faults = faultsOf(await document(exchange), exchange, body, configuration);
          } catch (error) {
            if (!(error instanceof SchemaError)) throw error;
            deps.log(`oas-validator of ${site.definedBy}: ${error.message}`);
            return exitWith(500, "failed to parse openapi spec");
          }
          if (faults.length === 0 || !configuration.reject_if_not_match) return undefined;
          const detail = configuration.verbose_errors ? faults.join("\n") : "";
          const message = `failed to validate request. ${detail}`;
          return exitWith(configuration.rejection_status_code, message);
        },
      };
    },
  };
});

/** Compiled or fetched when a request first needs it. */
function documentOf(
  {
    spec,
    spec_url: url = "",
    spec_url_request_headers: headers = {},
    timeout,
  }: OasValidatorConfiguration,
  { spec_url_ttl: ttl = DEFAULT_TTL_S }: OasValidatorMetadata,
  fetched: FetchedDocuments,
): (exchange: Exchange) => Promise<ApiDocument> {
  if (spec === undefined) {
    const source = { url, headers, timeoutMs: timeout, ttlMs: ttl * 1000 };
    return ({ waitUntil }) => fetched.get(source, waitUntil);
  }
  let document: ApiDocument | undefined;
  return async () => {
    document ??= new ApiDocument(spec);
    return document;
  };
}

/** Undefined: it is not to be looked at. */
async function bodyOf(
  exchange: Exchange,
  {
    skip_request_body_validation: isSkipped,
    max_req_body_size: maxBytes,
  }: OasValidatorConfiguration,
): Promise<SentBody | "too long" | undefined> {
  if (isSkipped) return undefined;
  const bytes = await exchange.readBody(maxBytes);
  if (bytes === "too long") return "too long";
  return { bytes, type: exchange.header("content-type") ?? undefined };
}

function faultsOf(
  document: ApiDocument,
  exchange: Exchange,
  body: SentBody | undefined,
  configuration: OasValidatorConfiguration,
): readonly string[] {
  const { method, uri } = exchange;
  const found = document.find(method, uri);
  if (!found) return [`no matching operation found for ${method} ${uri}`];
  return requestFaults(found, {
    query: parseForm(exchange.args),
    headers: { get: (name) => exchange.header(name) },
    body,
    skipped: skippedPlaces(configuration),
  });
}

function skippedPlaces(configuration: OasValidatorConfiguration): ReadonlySet<ParameterPlace> {
  const places: readonly (readonly [ParameterPlace, boolean])[] = [
    ["path", configuration.skip_path_params_validation],
    ["query", configuration.skip_query_param_validation],
    ["header", configuration.skip_request_header_validation],
  ];
  return new Set(places.flatMap(([place, isSkipped]) => (isSkipped ? [place] : [])));
}
