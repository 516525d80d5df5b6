import { evaluate } from "../../shared/expression/evaluate.ts";
import { PcreUnsupported } from "../../shared/expression/pcre.ts";
import { BodyNeeded } from "../../shared/expression/variables.ts";
import { errorResponse, GatewayError, noRoute, unexpected } from "../errors.ts";
import type { ServedRoute } from "../snapshot/plan-route.ts";
import { AnswerHead, type AnswerSource } from "./answer.ts";
import { type Chain, EMPTY_CHAIN, type Link } from "./chain.ts";
import type { Exchange } from "./exchange.ts";
import { type Exit, exitResponse } from "./exit.ts";
import { finishAnswer } from "./finish-answer.ts";
import type { Outcome } from "./outcome.ts";

export interface RunDeps {
  /** To the upstream; throws a `GatewayError` where no node answers. */
  readonly send: (exchange: Exchange, route: ServedRoute) => Promise<Response>;
  readonly chainFor: (route: ServedRoute, username: string) => Promise<Chain>;
  readonly server: string;
  readonly log: (line: string) => void;
}

type ExitPhase = "rewrite" | "access" | "beforeProxy";

interface Answered {
  readonly response: Response;
  readonly source: AnswerSource;
}

/**
 * One request through its plugins, phase by phase (reference 3.2): in each, the global rules' before the
 * route's. Whoever answers, header and body filters and the log phase of all of them follow.
 */
export class PluginRun {
  readonly #exchange: Exchange;
  readonly #globals: Chain;
  readonly #deps: RunDeps;
  #chain: Chain = EMPTY_CHAIN;
  /** A global rule's plugin answered before those of the route had their turn. */
  #isOnlyGlobal = false;
  /** What `_meta.filter` came to; it holds for all phases. */
  #verdicts = new Map<Link, boolean>();

  constructor(exchange: Exchange, globals: Chain, deps: RunDeps) {
    this.#exchange = exchange;
    this.#globals = globals;
    this.#deps = deps;
  }

  /** `route`: the one that matched; undefined: none did. */
  answer(route: ServedRoute | undefined): Promise<Response> {
    this.#chain = route?.chain ?? EMPTY_CHAIN;
    const answering = this.#answer(route);
    // A client that goes before its answer has come would take the log phase with it.
    if (this.#links("log").length > 0) this.#exchange.waitUntil(answering);
    return answering;
  }

  async #answer(route: ServedRoute | undefined): Promise<Response> {
    let answered: Answered;
    try {
      answered = await this.#decide(route);
    } catch (error) {
      answered = this.#failed(error);
    }
    return this.#filtered(answered);
  }

  /** The answer to a request that no plugin's word changes. */
  refuse(error: GatewayError): Promise<Response> {
    return this.#filtered(this.#failed(error));
  }

  async #decide(route: ServedRoute | undefined): Promise<Answered> {
    const exchange = this.#exchange;
    const exit =
      (await this.#phase("rewrite")) ??
      (route && (await this.#joinConsumer(route))) ??
      (await this.#phase("access"));
    if (exit) return this.#exited(exit);
    if (!route) throw noRoute();
    const { destination } = route;
    if (!(destination instanceof GatewayError)) exchange.destination ??= destination;
    const last = await this.#phase("beforeProxy");
    if (last) return this.#exited(last);
    const response = await this.#deps.send(exchange, route);
    for (const watch of exchange.upstreamWatchers) watch(response);
    for (const [name, value] of exchange.answerHeaders) {
      if (name !== "content-type") response.headers.append(name, value);
    }
    return { response, source: "upstream" };
  }

  async #phase(phase: ExitPhase): Promise<Exit | undefined> {
    for (const link of this.#links(phase)) {
      const exit = await this.#runExit(link, phase);
      if (!exit) continue;
      this.#isOnlyGlobal = phase === "rewrite" && this.#globals.links.includes(link);
      return exit;
    }
    return undefined;
  }

  /** Once a consumer is known: its plugins come to the route's, and those that are new rewrite now. */
  async #joinConsumer(route: ServedRoute): Promise<Exit | undefined> {
    const { sender } = this.#exchange;
    if (!sender) return undefined;
    const before = this.#chain;
    this.#chain = await this.#deps.chainFor(route, sender.consumer.username);
    this.#verdicts = new Map();
    for (const link of this.#chain.in("rewrite")) {
      if (before.has(link.name)) continue;
      const exit = await this.#runExit(link, "rewrite");
      if (exit) return exit;
    }
    return undefined;
  }

  async #runExit(link: Link, phase: ExitPhase): Promise<Exit | undefined> {
    if (phase === "access" && this.#isStoodIn(link)) return undefined;
    if (!(await this.#runs(link))) return undefined;
    const call = () => link.handlers[phase]?.(this.#exchange);
    let exit: Exit | undefined;
    try {
      exit = await call();
    } catch (error) {
      if (!(error instanceof BodyNeeded)) throw failureOf(link, phase, error);
      await this.#exchange.readBody();
      exit = await call();
    }
    if (!exit || exit.status < 400 || link.errorResponse === undefined) return exit;
    // Nobody reads it, and whoever sends it has to know.
    if (exit.body instanceof ReadableStream) await exit.body.cancel();
    return { status: exit.status, body: bodyOf(link.errorResponse) };
  }

  #isStoodIn(link: Link): boolean {
    const chain = this.#globals.links.includes(link) ? "global" : "route";
    return this.#exchange.isStoodIn(chain, link.name);
  }

  /**
   * Those of a phase that are not left out because the route has the plugin as well. Where a global rule
   * answered in its rewrite phase, APISIX never came to the route's plugins: they filter and log nothing.
   */
  #links(phase: keyof Link["handlers"]): readonly Link[] {
    const globals = this.#globals.in(phase);
    if (this.#isOnlyGlobal) return globals;
    if (globals.length === 0) return this.#chain.in(phase);
    const own = globals.filter(({ name, preferRoute }) => !(preferRoute && this.#chain.has(name)));
    return [...own, ...this.#chain.in(phase)];
  }

  async #runs(link: Link): Promise<boolean> {
    if (!link.filter) return true;
    let verdict = this.#verdicts.get(link);
    if (verdict === undefined) {
      verdict = await this.#filterHolds(link.filter);
      this.#verdicts.set(link, verdict);
    }
    return verdict;
  }

  /** As in APISIX, a plugin whose filter cannot be evaluated runs. */
  async #filterHolds(filter: NonNullable<Link["filter"]>): Promise<boolean> {
    try {
      return evaluate(filter, this.#exchange.variables);
    } catch (error) {
      if (!(error instanceof BodyNeeded) || this.#exchange.answer) return true;
    }
    await this.#exchange.readBody();
    try {
      return evaluate(filter, this.#exchange.variables);
    } catch {
      return true;
    }
  }

  #exited(exit: Exit): Answered {
    const { answerHeaders, uri } = this.#exchange;
    answerHeaders.set("server", this.#deps.server);
    const response = exitResponse(exit, uri, answerHeaders);
    return { response, source: exit.source ?? "plugin" };
  }

  #failed(error: unknown): Answered {
    const known = error instanceof GatewayError ? error : unexpected(error);
    const { answerHeaders, uri } = this.#exchange;
    this.#exchange.error = known.message;
    const response = errorResponse(known, uri);
    for (const [name, value] of answerHeaders) {
      if (name !== "content-type") response.headers.append(name, value);
    }
    response.headers.set("server", this.#deps.server);
    return { response, source: "gateway" };
  }

  async #filtered({ response, source }: Answered): Promise<Response> {
    const exchange = this.#exchange;
    const head = new AnswerHead(response, source, exchange.request.method);
    exchange.answer = head;
    try {
      for (const link of this.#links("headerFilter")) {
        if (await this.#runs(link)) await link.handlers.headerFilter?.(exchange, head);
      }
      const filters = [];
      for (const link of head.mayHaveBody ? this.#links("bodyFilter") : []) {
        const filter = (await this.#runs(link)) && link.handlers.bodyFilter?.(exchange, head);
        if (filter) filters.push(filter);
      }
      return finishAnswer({ response, head, filters, exchange, ended: this.#ended });
    } catch (error) {
      exchange.error = `a filter failed: ${error instanceof Error ? error.message : error}`;
      this.#deps.log(exchange.error);
      void response.body?.cancel();
      return this.#unfiltered();
    }
  }

  /** In place of an answer whose filters failed: what they were to take out is still in it. */
  #unfiltered(): Response {
    const exchange = this.#exchange;
    const { request, uri } = exchange;
    const response = exitResponse({ status: 500 }, uri, new Headers({ server: this.#deps.server }));
    const head = new AnswerHead(response, "gateway", request.method);
    exchange.answer = head;
    return finishAnswer({ response, head, filters: [], exchange, ended: this.#ended });
  }

  /** Undefined where nobody logs. */
  get #ended(): ((outcome: Outcome) => Promise<void>) | undefined {
    return this.#links("log").length > 0 ? (outcome) => this.#log(outcome) : undefined;
  }

  async #log(outcome: Outcome): Promise<void> {
    for (const link of this.#links("log")) {
      try {
        if (await this.#runs(link)) await link.handlers.log?.(this.#exchange, outcome);
      } catch (error) {
        const reason = error instanceof Error ? error.message : String(error);
        this.#deps.log(`the plugin ${link.name} failed in its log phase: ${reason}`);
      }
    }
  }
}

/** As APISIX answers where the Lua of a plugin fails. */
function failureOf({ name }: Link, phase: ExitPhase, cause: unknown): GatewayError {
  if (cause instanceof GatewayError) return cause;
  if (cause instanceof PcreUnsupported) {
    const errorMsg = `plugins.${name}: the regular expression has ${cause.message}`;
    return new GatewayError("gateway", 503, errorMsg, { cause, errorMsg });
  }
  const reason = cause instanceof Error ? `${cause.name}: ${cause.message}` : String(cause);
  return new GatewayError("gateway", 500, `the plugin ${name} failed in ${phase}: ${reason}`, {
    cause,
  });
}

function bodyOf(errorResponse: string | object): Exit["body"] {
  return typeof errorResponse === "string" ? errorResponse : { ...errorResponse };
}
