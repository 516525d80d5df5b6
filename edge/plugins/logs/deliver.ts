import { within } from "../../upstream/timers.ts";
import type { PluginDeps } from "../plugin.ts";

/** A request to the service that gets the entries. */
export interface Delivery {
  readonly url: string;
  readonly method?: "GET" | "POST";
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string | Uint8Array<ArrayBuffer>;
  /** Milliseconds, for all of it. */
  readonly timeoutMs: number;
}

export interface Delivered {
  readonly status: number;
  readonly text: string;
}

/** Who did not take the entries, and why. */
export class NotDelivered extends Error {
  override readonly name = "NotDelivered";
}

/** What of an answer a message quotes, in UTF-16 units. */
const QUOTED = 300;

/** Throws `NotDelivered` where no answer comes in time, or where `isTaken` does not take its status. */
export async function deliver(
  { fetch, timers }: Pick<PluginDeps, "fetch" | "timers">,
  { url, method = "POST", headers, body, timeoutMs }: Delivery,
  isTaken: (status: number) => boolean,
): Promise<Delivered> {
  const leaving = new AbortController();
  const late = () => {
    leaving.abort();
    return new Error(`no answer in ${timeoutMs} ms`);
  };
  const asked = async () => {
    const { signal } = leaving;
    // As in APISIX, where a redirect is an answer like others.
    const init: RequestInit = { method, headers, redirect: "manual", signal };
    const answer = await fetch(url, body === undefined ? init : { ...init, body });
    return { status: answer.status, text: await answer.text() };
  };
  const answer = await within(timers, timeoutMs, asked(), late).catch((cause: unknown) => {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new NotDelivered(`${hostOf(url)}: ${reason}`, { cause });
  });
  if (isTaken(answer.status)) return answer;
  const said = answer.text.slice(0, QUOTED);
  throw new NotDelivered(`${hostOf(url)} answered ${answer.status}: ${said}`);
}

/** Without path and query, which may hold a token. */
function hostOf(url: string): string {
  return URL.canParse(url) ? new URL(url).host : "an address that is no URL";
}

export const isBelow400 = (status: number) => status < 400;
export const isBelow300 = (status: number) => status < 300;
export const is200 = (status: number) => status === 200;
