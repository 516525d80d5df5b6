import { sha256Hex } from "../../../shared/snapshot/digest.ts";
import { BoundedMap } from "../../bounded-map.ts";
import { type Timers, within } from "../../upstream/timers.ts";
import type { Asking } from "./kept-document.ts";
import type { SignedIn } from "./session.ts";

/** Requests that a page sends at a time come with one refresh token, which may be good for one use only. */
const SHARED_FOR_MS = 60_000;
const MOST = 1_000;

interface Refresh {
  readonly work: Promise<SignedIn>;
  readonly startedAt: number;
}

/** What refresh tokens lately came to, in this isolate: by their digest. */
export class Refreshes {
  readonly #timers: Timers;
  readonly #now: () => number;
  readonly #recent = new BoundedMap<string, Refresh>(MOST);

  constructor({ timers, now }: { readonly timers: Timers; readonly now: () => number }) {
    this.#timers = timers;
    this.#now = now;
  }

  /** `refresh`, or what it came to for another request just now. Rejects as it does. */
  async once(
    token: string,
    of: string,
    refresh: () => Promise<SignedIn>,
    asking: Asking,
  ): Promise<SignedIn> {
    const key = await sha256Hex(new TextEncoder().encode(`${of} ${token}`));
    const recent = this.#recent.get(key);
    if (recent && this.#now() - recent.startedAt < SHARED_FOR_MS) {
      const late = () => new Error("another request's refresh takes too long");
      return within(this.#timers, asking.timeoutMs, recent.work, late);
    }
    const work = refresh();
    this.#recent.set(key, { work, startedAt: this.#now() });
    const forget = () => this.#recent.set(key, { work, startedAt: Number.NEGATIVE_INFINITY });
    // The token is used up once it was sent: the answer must be had even if this client leaves.
    asking.waitUntil(work.catch(forget));
    return work;
  }
}
