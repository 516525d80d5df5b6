/** When a token holds (RFC 7519 4.1.4, 4.1.5). */
export interface ClaimRules {
  /** Claims that must be there; the other is looked at only where it is. */
  readonly required: readonly string[];
  /** Seconds by which clocks may differ. */
  readonly graceSeconds: number;
}

type Payload = Readonly<Record<string, unknown>>;

/** `now`: milliseconds since 1970. As in APISIX, a token is not valid yet in the second of its `nbf`. */
export function claimsHold(payload: Payload, rules: ClaimRules, now: number): boolean {
  const { required, graceSeconds } = rules;
  const second = Math.floor(now / 1000);
  const checked =
    required.length > 0 ? required : TIMES.filter((name) => payload[name] !== undefined);
  return checked.every((name) => {
    const time = payload[name];
    if (typeof time !== "number") return false;
    return name === "exp" ? time > second - graceSeconds : time < second + graceSeconds;
  });
}

const TIMES = ["exp", "nbf"] as const;
