import type { Variables } from "../../shared/expression/variables.ts";
import type { UpstreamNode } from "../../shared/resources/upstream.ts";
import type { LatencyScores } from "./latency-scores.ts";
import type { RingShelf } from "./ring-shelf.ts";

/**
 * Built once for an upstream and kept while its nodes stay, asked once for a request. It yields; the
 * caller leaves out nodes that are not healthy and decides how many it takes.
 */
export interface Balancer {
  /**
   * Nodes in the order in which this request should try them; ends when there is none left that it has
   * not tried. `variables` are the request's. Throws `BodyNeeded` where the request's body decides and has
   * not been read, and a `GatewayError` where there is no such balancer.
   */
  candidates(variables: Variables): Iterator<UpstreamNode, undefined>;
  /** Of a balancer that learns: told before each attempt, and by the answer of its end, once. */
  begin?(node: UpstreamNode): EndAttempt;
}

/** `whole`: the answer has come to its end. `cut`: there was none, or it was broken off, by either side. */
export type EndAttempt = (end: "whole" | "cut") => void;

/** What the balancers of one isolate share. */
export interface BalancerDeps {
  /** From 0 up to, not including, 1: where a rotation begins, so that a fleet spreads evenly. */
  readonly random: () => number;
  /** Milliseconds; only differences count. */
  readonly now: () => number;
  readonly rings: RingShelf;
  readonly latencies: LatencyScores;
}
