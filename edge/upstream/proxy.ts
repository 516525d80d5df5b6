import type { Client } from "../../shared/request/client.ts";
import type { Timeout, Upstream } from "../../shared/resources/upstream.ts";
import { GatewayError } from "../errors.ts";
import { byFetch } from "./by-fetch.ts";
import { bySocket } from "./by-socket.ts";
import { createDialPlanner, type DialPlan } from "./dial-plan.ts";
import { ClientFailure, UpstreamFailure } from "./failure.ts";
import { isBodiless, type OutgoingBody, outgoingBody } from "./outgoing-body.ts";
import type { ProxyTarget, SentHead } from "./proxy-target.ts";
import { copiedHeaders, sentHeaders, upstreamRequestHeaders } from "./request-headers.ts";
import { decideRetry } from "./retry.ts";
import type { DialDeps, UpstreamRequest } from "./upstream-request.ts";
import { watchAttempt } from "./watched-attempt.ts";

export interface ProxyDeps extends DialDeps {
  /** Milliseconds; only differences count. */
  readonly now: () => number;
  /** Every answer of a node tells the status of each attempt, not only one of 5xx. */
  readonly showUpstreamStatus?: boolean | undefined;
  /** Whether requests have a signal that aborts when their client goes away; listening is dear. */
  readonly hearsOfLeaving: boolean;
}

/** Sends a request to the upstream's nodes, one after the other, until one answers. */
export type SendUpstream = (request: Request, target: ProxyTarget) => Promise<Response>;

/** nginx's own. */
const DEFAULT_TIMEOUT: Timeout = { connect: 60, send: 60, read: 60 };
/** nginx's own, for its logs: nobody is there to get it. */
const CLIENT_GONE = 499;

/** Throws a `GatewayError` when no node answers, and `BodyNeeded` before anything of the body was read. */
export function createProxy(deps: ProxyDeps): SendUpstream {
  const planDial = createDialPlanner(deps.privateNetwork !== undefined);
  return async (request, target) => {
    const { upstream, balancer, client, head, health, rawTarget, variables } = target;
    const method = head?.method ?? request.method;
    if (upstream.nodes.length === 0) {
      throw new GatewayError("gateway", 503, "the upstream has no nodes");
    }
    // Before the body: what decides may lie in it.
    const candidates = balancer.candidates(variables);
    try {
      const read = outgoingBody(request, method, target.ahead);
      const outgoing = read instanceof Promise ? await read : read;
      const wanted = {
        clientHost: head?.host ?? client.hostHeader,
        target: rawTarget,
        fetchMaySend: outgoing.body.is === "none" || !isBodiless(method),
        binding: target.binding,
        scheme: target.scheme,
      };
      const attempts = new AttemptLog(target, method, deps);
      const attempt = attempter(request, target, outgoing, deps);
      const isUsable = health.usable();
      for (let next = candidates.next(); !next.done; next = candidates.next()) {
        const node = next.value;
        if (!isUsable(node)) continue;
        const plan = planDial(upstream, node, wanted);
        const end = balancer.begin?.(node);
        const watched = end && watchAttempt(end, request.signal, target.waitUntil);
        try {
          const answer = await attempt(plan);
          health.attempted(node, { is: "answered", status: answer.status });
          attempts.answered(plan, answer);
          return watched ? watched.answered(answer) : answer;
        } catch (error) {
          watched?.failed();
          if (!(error instanceof UpstreamFailure)) throw error;
          const last = attempts.failed(plan, error, outgoing.canBeSent());
          const kind = error.kind === "timeout" ? "timeout" : "tcp";
          const { status } = last ?? {};
          health.attempted(node, status ? { is: "answered", status } : { is: "failed", kind });
          if (last) throw last;
        }
      }
      throw attempts.noNodeLeft();
    } catch (error) {
      if (!(error instanceof ClientFailure)) throw error;
      // A plugin cuts bodies off that are too long.
      if (error.cause instanceof GatewayError) throw error.cause;
      const status = request.signal.aborted ? CLIENT_GONE : 400;
      throw new GatewayError("downstream", status, error.message, { cause: error });
    }
  };
}

function attempter(
  request: Request,
  { client, enableWebsocket, head, rawTarget, stopsWithClient, timeout, upstream }: ProxyTarget,
  { body }: OutgoingBody,
  deps: ProxyDeps,
): (plan: DialPlan) => Promise<Response> {
  const configured = timeout ?? upstream.timeout;
  const common: Omit<UpstreamRequest, "plan"> = {
    method: head?.method ?? request.method,
    target: rawTarget,
    headers: headersOf(request, client, head),
    body,
    websocket: enableWebsocket && request.headers.get("upgrade")?.toLowerCase() === "websocket",
    timeout: configured ?? DEFAULT_TIMEOUT,
    limitsReads: configured !== undefined,
    signal: deps.hearsOfLeaving && stopsWithClient ? request.signal : undefined,
  };
  return (plan) => {
    if (common.signal?.aborted) throw new ClientFailure("the client went away");
    const wanted = { ...common, plan };
    return plan.via === "fetch" ? byFetch(wanted, deps) : bySocket(wanted, deps);
  };
}

function headersOf(request: Request, client: Client, head: SentHead | undefined): Headers {
  const encoding = acceptEncodingOf(request);
  if (!head) return upstreamRequestHeaders(request.headers, client, encoding);
  return head.isCopy
    ? copiedHeaders(head.headers, encoding)
    : sentHeaders(head.headers, client, encoding);
}

/** The client's own Accept-Encoding; undefined where the platform left it in the headers. */
function acceptEncodingOf({ cf }: Request): string | undefined {
  const given = cf?.clientAcceptEncoding;
  return typeof given === "string" ? given : undefined;
}

/** The attempts of one request: what each came to, and whether there may be another. */
class AttemptLog {
  readonly #upstream: Upstream;
  readonly #method: string;
  readonly #deps: ProxyDeps;
  readonly #startedAt: number;
  readonly #statuses: number[] = [];
  readonly #reasons: string[] = [];
  readonly #ended: ProxyTarget["onAttempt"];
  #last: UpstreamFailure | undefined;
  #attemptedAt: number;

  constructor({ upstream, onAttempt }: ProxyTarget, method: string, deps: ProxyDeps) {
    this.#upstream = upstream;
    this.#ended = onAttempt;
    this.#method = method;
    this.#deps = deps;
    this.#startedAt = deps.now();
    this.#attemptedAt = this.#startedAt;
  }

  answered(plan: DialPlan, answer: Response): void {
    this.#tell(plan, answer.status);
    if (answer.status >= 500 || this.#deps.showUpstreamStatus) {
      answer.headers.set(STATUS_HEADER, [...this.#statuses, answer.status].join(", "));
    }
  }

  /** The answer where there may be no other attempt. */
  failed(plan: DialPlan, failure: UpstreamFailure, canSendBody: boolean): GatewayError | undefined {
    this.#last = failure;
    this.#statuses.push(failure.status);
    this.#tell(plan, failure.status);
    this.#reasons.push(`${plan.node.hostname}:${plan.node.port}: ${failure.message}`);
    const { retries, retry_timeout: retryTimeout, nodes } = this.#upstream;
    const decision = decideRetry(failure, {
      method: this.#method,
      made: this.#statuses.length,
      allowed: 1 + (retries ?? nodes.length - 1),
      canSendBody,
      elapsedMs: this.#deps.now() - this.#startedAt,
      retryTimeoutMs: (retryTimeout ?? 0) * 1000,
    });
    if (decision === "stop") return this.#error(failure.status);
    // APISIX's balancer refuses to pick another node then, and that is 502 whatever the last failure was.
    return decision === "too-late" ? this.#error(502) : undefined;
  }

  /** More attempts were allowed than there are nodes, which is 502 whatever the last failure was. */
  noNodeLeft(): GatewayError {
    return this.#error(502);
  }

  #tell({ node }: DialPlan, status: number): void {
    if (!this.#ended) return;
    const now = this.#deps.now();
    this.#ended({ host: node.hostname, port: node.port, status, ms: now - this.#attemptedAt });
    this.#attemptedAt = now;
  }

  #error(status: number): GatewayError {
    const reason = this.#reasons.join("; ") || "the balancer offers no node";
    const statuses = this.#statuses.join(", ");
    const headers = statuses === "" ? {} : { [STATUS_HEADER]: statuses };
    return new GatewayError("upstream", status, reason, { cause: this.#last, headers });
  }
}

const STATUS_HEADER = "x-apisix-upstream-status";
