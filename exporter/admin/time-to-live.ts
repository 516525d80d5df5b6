import { refusal } from "./answer.ts";

/** etcd grants no longer lease; in seconds. */
const LONGEST = 9_000_000_000;

/**
 * The seconds of `?ttl=`; undefined where there is none. As in APISIX any number will do: what is below one
 * becomes the shortest lease that etcd grants. Throws a `Refusal`.
 */
export function readTimeToLive(query: URLSearchParams): number | undefined {
  const text = query.get("ttl");
  if (text === null) return undefined;
  const seconds = text.trim() === "" ? Number.NaN : Number(text);
  if (!Number.isFinite(seconds)) throw refusal(400, "invalid argument ttl: should be a number");
  if (seconds > LONGEST) throw refusal(400, `invalid argument ttl: should be at most ${LONGEST}`);
  return Math.max(1, Math.ceil(seconds));
}
