import { ExpressionFault } from "../../shared/expression/evaluate.ts";
import { BodyNeeded } from "../../shared/expression/variables.ts";
import type { ReadRequest } from "../../shared/request/read-request.ts";
import type { RequestVariables } from "../../shared/request/variables.ts";
import type { RouteMatch } from "../../shared/routing/route-match.ts";
import { GatewayError } from "../errors.ts";
import type { OpenSnapshot } from "../snapshot/open-snapshot.ts";
import { type ReadAhead, readAhead } from "./read-ahead.ts";

/** A request as far as it had to be read. */
export interface SeenRequest {
  /** With what lies in the body, where that was read. */
  readonly variables: RequestVariables;
  /** The body, where something had to look into it. */
  readonly ahead: ReadAhead | undefined;
}

export interface MatchedRequest extends SeenRequest {
  readonly match: RouteMatch;
}

/**
 * The route of a request; undefined where there is none. A promise only where something is to be read
 * first: a chunk of the snapshot, or the request's body, which is read only where a condition that
 * decides asks for what lies in it. Throws a `GatewayError` where evaluating fails, as APISIX's does, and
 * where the client's body cannot be read.
 */
export function matchRequest(
  snapshot: Pick<OpenSnapshot, "match">,
  request: Request,
  read: ReadRequest,
  maxBodyBytes: number,
): MatchedRequest | undefined | Promise<MatchedRequest | undefined> {
  const withoutBody = (match: RouteMatch | undefined) =>
    match && { match, variables: read.variables, ahead: undefined };
  const failed = (error: unknown) => {
    if (!(error instanceof BodyNeeded)) throw asAnswer(error);
    return matchWithBody(snapshot, request, read, maxBodyBytes);
  };
  try {
    const found = snapshot.match(read.facts);
    return found instanceof Promise ? found.then(withoutBody, failed) : withoutBody(found);
  } catch (error) {
    return failed(error);
  }
}

async function matchWithBody(
  snapshot: Pick<OpenSnapshot, "match">,
  request: Request,
  { facts, variables }: ReadRequest,
  maxBodyBytes: number,
): Promise<MatchedRequest | undefined> {
  const seen = await withBody(request, variables, maxBodyBytes);
  try {
    const match = await snapshot.match({ ...facts, variables: seen.variables });
    return match && { match, ...seen };
  } catch (error) {
    throw asAnswer(error);
  }
}

/** For those who met `BodyNeeded`. Throws a `GatewayError` where the client's body cannot be read. */
export async function withBody(
  request: Request,
  variables: RequestVariables,
  maxBodyBytes: number,
): Promise<SeenRequest> {
  const ahead = await readAhead(request, maxBodyBytes).catch((cause: unknown) => {
    throw new GatewayError("downstream", 400, "the client's body was cut", { cause });
  });
  return { variables: variables.withBody(ahead.body), ahead };
}

function asAnswer(error: unknown): unknown {
  if (!(error instanceof ExpressionFault)) return error;
  return new GatewayError("gateway", 500, `vars${error.message}`, { cause: error });
}
