import type { BucketAsk, BucketState } from "./leaky-bucket.ts";
import type { WindowAsk, WindowState } from "./window.ts";

/**
 * What is written is a little more than what was let pass, so that the next requests need no write: each
 * would wait for the disk. A counter that has lost its memory goes on from there: it lets that little
 * less pass, and never more. Times are milliseconds since 1970.
 */

/** Of a limit, a rate or a burst. */
const SHARE = 0.01;

/** Undefined: what is written covers it. */
export function windowToWrite(
  written: WindowState | undefined,
  state: WindowState,
  { limit }: WindowAsk,
): WindowState | undefined {
  const { consumed, endsAt } = state;
  if (written?.endsAt === endsAt && written.consumed >= consumed) return undefined;
  const ahead = Math.min(consumed + Math.floor(limit * SHARE), limit);
  return { ...state, consumed: Math.max(consumed, ahead) };
}

/** Undefined: what is written covers it. */
export function bucketToWrite(
  written: BucketState | undefined,
  state: BucketState,
  { rate, burst }: BucketAsk,
): BucketState | undefined {
  const { excess, at } = state;
  // Both leak alike, so that one that is fuller now stays so until the next request.
  if (written && written.excess - (rate * (at - written.at)) / 1000 >= excess) return undefined;
  return { excess: excess + Math.max(rate, burst) * SHARE, at };
}
