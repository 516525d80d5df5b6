import type { Variables } from "../../shared/expression/variables.ts";
import { hexOf } from "../../shared/hex.ts";
import { BoundedMap } from "../bounded-map.ts";
import type { Counters } from "../rate-limits/counters.ts";
import { configurationHash, counterIdentity } from "../rate-limits/identity.ts";
import { CountersByPolicy, type Policy } from "../rate-limits/policy.ts";
import { delay } from "./delay.ts";
import type { Exchange } from "./exchange.ts";
import { type KeyedBy, type LimitKey, limitsOf, wholeNumber } from "./limit-key.ts";
import { type Rejection, rejected } from "./limit-rejection.ts";
import type { Outcome } from "./outcome.ts";
import { definePlugin, type PluginDeps } from "./plugin.ts";

interface LimitConnConfiguration extends LimitKey, Rejection {
  /** Left out where there are rules. */
  readonly conn?: number | string;
  readonly burst?: number | string;
  readonly rules?: readonly Room[];
  /** Seconds. */
  readonly default_conn_delay: number;
  readonly only_use_default_delay: boolean;
  readonly policy: Policy;
  readonly allow_degradation: boolean;
}

interface Room {
  readonly conn: number | string;
  readonly burst: number | string;
  readonly key: string;
}

/** A `Room`, as it is for one request. */
interface Limit extends KeyedBy {
  readonly conn: number;
  readonly burst: number;
}

/** One request's place among those that are in. */
interface Entry {
  readonly delayMs: number;
  /** Gives the place back. */
  leave(): Promise<void>;
}

/** An isolate that dies holds its places for so long; */
const LEASE_MS = 60_000;
/** one that lives renews them. */
const RENEW_MS = 20_000;
const DELAYS_KEPT = 4_000;

/** `limit-conn`: so many requests at once; a few more wait first (reference 8.5). */
export const limitConn = definePlugin<LimitConnConfiguration>((deps) => {
  const byPolicy = new CountersByPolicy(deps);
  /** Seconds that a request beyond `conn` waits: how long requests have taken of late. */
  const unitDelays = new BoundedMap<string, number>(DELAYS_KEPT);
  return {
    async build(configuration, { definedBy }) {
      const place = `${definedBy}:${await configurationHash(configuration)}`;
      const counters = byPolicy.of(configuration.policy);
      const entries = new WeakMap<Exchange, Entry[]>();
      const unitDelay = () => unitDelays.get(place) ?? configuration.default_conn_delay;
      const refusal = configuration.allow_degradation ? undefined : { status: 500 };
      return {
        async access(exchange) {
          const limits = limitsFor(configuration, exchange.variables);
          if (!limits || limits.length === 0) return refusal;
          const held = entries.get(exchange) ?? [];
          entries.set(exchange, held);
          for (const { conn, burst, key, rule } of limits) {
            const identity = await counterIdentity("limit-conn", place, rule, key);
            const lease = hexOf(deps.randomBytes(8));
            const asked = counters.enter(identity, lease, {
              most: conn + burst,
              leaseMs: LEASE_MS,
            });
            const count = await asked.catch((error: unknown) => {
              deps.log(`limit-conn: the counter ${identity} cannot be asked: ${error}`);
              return null;
            });
            if (count === undefined) return rejected(configuration);
            if (count === null && refusal) return refusal;
            if (count === null) continue;
            const delayMs = count > conn ? 1000 * unitDelay() * Math.floor((count - 1) / conn) : 0;
            held.push({ delayMs, leave: holding(exchange, counters, { identity, lease }, deps) });
            await delay(deps.timers, delayMs);
          }
          return undefined;
        },
        async log(exchange, outcome) {
          const held = entries.get(exchange) ?? [];
          entries.delete(exchange);
          for (const { delayMs, leave } of held) {
            if (!configuration.only_use_default_delay) {
              const seconds = latencyMs(exchange, outcome, delayMs) / 1000;
              unitDelays.set(place, (unitDelay() + seconds) / 2);
            }
            await leave();
          }
        },
      };
    },
  };
});

function limitsFor(
  configuration: LimitConnConfiguration,
  variables: Variables,
): Limit[] | undefined {
  const { conn = "", burst = "" } = configuration;
  return limitsOf(configuration, variables, {
    own: () => limitOf({ conn, burst }, variables),
    ofRule: (rule) => limitOf(rule, variables),
  });
}

function limitOf(
  room: Pick<Room, "conn" | "burst">,
  variables: Variables,
): Pick<Limit, "conn" | "burst"> | undefined {
  const conn = wholeNumber(room.conn, variables, 1);
  const burst = wholeNumber(room.burst, variables, 0);
  return conn === undefined || burst === undefined ? undefined : { conn, burst };
}

/**
 * Renews the place for as long as the request's timers run, and no longer. A client that goes before its
 * answer has come leaves no log phase behind: its place is given back nevertheless, or anybody could fill
 * them all.
 */
function holding(
  { request, waitUntil }: Pick<Exchange, "request" | "waitUntil">,
  counters: Counters,
  { identity, lease }: { readonly identity: string; readonly lease: string },
  { timers, log }: PluginDeps,
): Entry["leave"] {
  const failed = (error: unknown) => log(`limit-conn: ${identity} cannot be told: ${error}`);
  const renew = () => {
    cancel = timers.after(RENEW_MS, renew);
    counters.renew(identity, lease, LEASE_MS).catch(failed);
  };
  let cancel = timers.after(RENEW_MS, renew);
  const { promise: left, resolve } = Promise.withResolvers<void>();
  let isLeft = false;
  const leave = () => {
    if (!isLeft) {
      isLeft = true;
      cancel();
      resolve(counters.leave(identity, lease).catch(failed));
    }
    return left;
  };
  // Without it the platform would stop the request's work when its client goes.
  waitUntil(left);
  request.signal.addEventListener("abort", () => void leave());
  return leave;
}

/** As APISIX takes it: the upstream's time, or that of the request without its wait. */
function latencyMs({ attempts, startedAt }: Exchange, { endedAt }: Outcome, delayMs: number) {
  return attempts.at(-1)?.ms ?? Math.max(endedAt - startedAt - delayMs, 0);
}
