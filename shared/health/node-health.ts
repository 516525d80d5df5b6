/** What one probe, or one attempt of a client's request, says of a node. */
export type Observation = "success" | "http-failure" | "tcp-failure" | "timeout";

/** How many observations of a kind in a row turn a node over; 0: that kind never does. */
export type HealthLimits = Readonly<Record<Observation, number>>;

/**
 * The state of one node as lua-resty-healthcheck keeps it: a success takes all failures back, a failure
 * of any kind takes the successes back; what only confirms the state is not counted.
 */
export class NodeHealth {
  #isHealthy: boolean;
  readonly #counts: Record<Observation, number> = {
    success: 0,
    "http-failure": 0,
    "tcp-failure": 0,
    timeout: 0,
  };

  /** Healthy at first, where nothing is known of it. */
  constructor(known: { readonly isHealthy: boolean } = { isHealthy: true }) {
    this.#isHealthy = known.isHealthy;
  }

  get isHealthy(): boolean {
    return this.#isHealthy;
  }

  /** True where this observation has turned the node over. */
  observe(observation: Observation, limits: HealthLimits): boolean {
    const isSuccess = observation === "success";
    const limit = limits[observation];
    // Nothing to take back, nothing to turn: it says what is known.
    if (limit === 0 || (isSuccess === this.#isHealthy && !this.#isWavering())) return false;
    this.#takeBack(isSuccess);
    if (isSuccess === this.#isHealthy) return false;
    this.#counts[observation] += 1;
    if (this.#counts[observation] < limit) return false;
    this.#isHealthy = isSuccess;
    this.#counts[observation] = 0;
    this.#takeBack(true);
    return true;
  }

  #isWavering(): boolean {
    return Object.values(this.#counts).some((count) => count > 0);
  }

  #takeBack(failures: boolean): void {
    if (!failures) {
      this.#counts.success = 0;
      return;
    }
    this.#counts["http-failure"] = 0;
    this.#counts["tcp-failure"] = 0;
    this.#counts.timeout = 0;
  }
}
