import type { Timeout } from "../../shared/resources/upstream.ts";
import { GatewayError } from "../errors.ts";
import { byFetch } from "./by-fetch.ts";
import { bySocket } from "./by-socket.ts";
import { planDial } from "./dial-plan.ts";
import { UpstreamFailure } from "./failure.ts";
import type { ProxyTarget } from "./proxy-target.ts";
import { upstreamRequestHeaders } from "./request-headers.ts";
import { mayRetry } from "./retry.ts";
import type { DialDeps, UpstreamRequest } from "./upstream-request.ts";

export interface ProxyDeps extends DialDeps {
  /** Milliseconds; only differences count. */
  readonly now: () => number;
}

/** Sends a request to the upstream's nodes, one after the other, until one answers. */
export type SendUpstream = (request: Request, target: ProxyTarget) => Promise<Response>;

/** nginx's own. */
const DEFAULT_TIMEOUT: Timeout = { connect: 60, send: 60, read: 60 };

/** A body of a known length up to this is kept, so that it can be sent to a second node. */
const KEPT_BODY_BYTES = 64 * 1024;

/** Throws a `GatewayError` when no node answers. */
export function createProxy(deps: ProxyDeps): SendUpstream {
  return async (request, target) => {
    const { upstream, balancer, client } = target;
    if (upstream.nodes.length === 0) {
      throw new GatewayError("gateway", 503, "the upstream has no nodes");
    }
    const allowed = 1 + (upstream.retries ?? upstream.nodes.length - 1);
    const body = await outgoingBody(request, allowed > 1);
    const attempt = attempter(request, target, body, deps);
    const candidates = balancer.candidates();
    const statuses: number[] = [];
    const startedAt = deps.now();
    let last: UpstreamFailure | undefined;
    for (let made = 1; ; made++) {
      const next = candidates.next();
      if (next.done) throw noNodeLeft(last, statuses);
      try {
        const answer = await attempt(planDial(upstream, next.value, client.hostHeader));
        return withUpstreamStatus(answer, statuses);
      } catch (error) {
        if (!(error instanceof UpstreamFailure)) throw error;
        last = error;
        statuses.push(error.status);
        const elapsedMs = deps.now() - startedAt;
        const retryTimeoutMs = (upstream.retry_timeout ?? 0) * 1000;
        const canSendBody = body.canBeSent();
        const attempts = {
          method: request.method,
          made,
          allowed,
          canSendBody,
          elapsedMs,
          retryTimeoutMs,
        };
        if (!mayRetry(error, attempts)) throw finalFailure(error, attempts, statuses);
      }
    }
  };
}

function attempter(request: Request, target: ProxyTarget, body: OutgoingBody, deps: DialDeps) {
  const headers = upstreamRequestHeaders(request.headers, target.client);
  const websocket =
    target.enableWebsocket && request.headers.get("upgrade")?.toLowerCase() === "websocket";
  const timeout = target.timeout ?? target.upstream.timeout ?? DEFAULT_TIMEOUT;
  return (plan: UpstreamRequest["plan"]): Promise<Response> => {
    const { method } = request;
    const attempt: UpstreamRequest = {
      plan,
      method,
      target: target.rawTarget,
      headers,
      body: body.take(),
      websocket,
      timeout,
    };
    return plan.via === "fetch" ? byFetch(attempt, deps) : bySocket(attempt, deps);
  };
}

interface OutgoingBody {
  take(): UpstreamRequest["body"];
  /** Whether another attempt can still send it. */
  canBeSent(): boolean;
}

/** Streams the body, or keeps it where it is small and may be needed again. */
async function outgoingBody(request: Request, mayBeNeededAgain: boolean): Promise<OutgoingBody> {
  if (request.body === null) return { take: () => null, canBeSent: () => true };
  const length = request.headers.get("content-length");
  if (mayBeNeededAgain && length !== null && Number(length) <= KEPT_BODY_BYTES) {
    const kept = new Uint8Array(await request.arrayBuffer());
    return { take: () => kept, canBeSent: () => true };
  }
  const { body } = request;
  // A stream that nothing has read from yet, since there was no connection, can still be sent.
  return { take: () => body, canBeSent: () => !body.locked && !request.bodyUsed };
}

function withUpstreamStatus(answer: Response, earlier: readonly number[]): Response {
  if (answer.status >= 500) {
    answer.headers.set("x-apisix-upstream-status", [...earlier, answer.status].join(", "));
  }
  return answer;
}

function finalFailure(
  failure: UpstreamFailure,
  {
    elapsedMs,
    retryTimeoutMs,
    made,
    allowed,
  }: { elapsedMs: number; retryTimeoutMs: number; made: number; allowed: number },
  statuses: readonly number[],
): GatewayError {
  const tooLate = made < allowed && retryTimeoutMs > 0 && elapsedMs > retryTimeoutMs;
  return upstreamError(tooLate ? 502 : failure.status, failure, statuses);
}

/** More tries were allowed than there are nodes: APISIX answers 502 whatever the last failure was. */
function noNodeLeft(last: UpstreamFailure | undefined, statuses: readonly number[]): GatewayError {
  return upstreamError(502, last, statuses);
}

function upstreamError(
  status: number,
  cause: UpstreamFailure | undefined,
  statuses: readonly number[],
): GatewayError {
  const reason = cause?.message ?? "the balancer offers no node";
  const headers = statuses.length > 0 ? { "x-apisix-upstream-status": statuses.join(", ") } : {};
  return new GatewayError("upstream", status, reason, { cause, headers });
}
