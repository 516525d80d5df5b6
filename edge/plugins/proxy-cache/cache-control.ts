import { parseHttpDate } from "../http-date.ts";

/** Directives of `Cache-Control`, names in lower case; one without a value is `true`. */
export type Directives = ReadonlyMap<string, string | true>;

export function readDirectives(header: string | null): Directives {
  const directives = new Map<string, string | true>();
  for (const part of header?.split(",") ?? []) {
    const [, name = "", value] = /^\s*([^=]+?)\s*(?:=\s*(.*?)\s*)?$/.exec(part) ?? [];
    if (name !== "") directives.set(name.toLowerCase(), value ?? true);
  }
  return directives;
}

/** Undefined where it is missing or no number. */
export function secondsOf(directives: Directives, name: string): number | undefined {
  const value = directives.get(name);
  const digits = typeof value === "string" ? /^"?(\d{1,10})"?$/.exec(value)?.[1] : undefined;
  return digits === undefined ? undefined : Number(digits);
}

/** An upstream's word that nobody but the asker may have the answer, or that it may not be kept. */
export function forbidsStoring(directives: Directives): boolean {
  return ["private", "no-store", "no-cache"].some((name) => directives.has(name));
}

/**
 * How long an answer is fresh by its own `Cache-Control` and `Expires`, in seconds; 0 or less: it is
 * not, undefined: it does not say. `now`: milliseconds since 1970.
 */
export function ownLifetime(headers: Headers, now: number): number | undefined {
  const directives = readDirectives(headers.get("cache-control"));
  const told = secondsOf(directives, "s-maxage") ?? secondsOf(directives, "max-age");
  if (told !== undefined) return told;
  const expires = headers.get("expires");
  if (expires === null) return undefined;
  // Of several lines, which a Worker sees as one, the last counts; a date has one comma of its own.
  const last = expires.split(",").slice(-2).join(",").trim();
  const at = parseHttpDate(last);
  return at === undefined ? 0 : (at - now) / 1000;
}

/** The same as nginx's cache sees it: `X-Accel-Expires` goes before all others. */
export function lifetimeForNginx(headers: Headers, now: number): number | undefined {
  const [, at, seconds] = /^(@?)(\d{1,12})$/.exec(headers.get("x-accel-expires") ?? "") ?? [];
  if (seconds === undefined) return ownLifetime(headers, now);
  return at === "@" ? Number(seconds) - now / 1000 : Number(seconds);
}
