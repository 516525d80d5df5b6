/** What a scripted upstream does on one connection, step by step; then it leaves the connection open. */
export type Step =
  /** Wait until this has come (Latin-1 text), or until so many bytes have. */
  | { readonly is: "await"; readonly text: string }
  | { readonly is: "await-bytes"; readonly count: number }
  /** Wait until the test says `go`. */
  | { readonly is: "await-go" }
  /** Latin-1: one character, one byte. */
  | { readonly is: "send"; readonly text: string; readonly times: number }
  /** Stop reading: the other side's writes pile up. */
  | { readonly is: "stop-reading" }
  | { readonly is: "pause"; readonly ms: number }
  | { readonly is: "end" }
  | { readonly is: "reset" };

/** One connection as the scripted upstream saw it. */
export interface Seen {
  /** Latin-1, at most the first 64 KiB. */
  readonly text: string;
  readonly bytes: number;
  /** Bytes that this machine has taken from the script, most of them on their way. */
  readonly sentBytes: number;
  /** The other side has closed its sending, or all of it. */
  readonly isEnded: boolean;
}

export const headOf = (): Step => ({ is: "await", text: "\r\n\r\n" });
export const until = (text: string): Step => ({ is: "await", text });
export const untilBytes = (count: number): Step => ({ is: "await-bytes", count });
export const untilGo = (): Step => ({ is: "await-go" });
export const send = (text: string, times = 1): Step => ({ is: "send", text, times });
export const stopReading = (): Step => ({ is: "stop-reading" });
export const pause = (ms: number): Step => ({ is: "pause", ms });
export const end = (): Step => ({ is: "end" });
export const reset = (): Step => ({ is: "reset" });

/** Reads a request's head and answers it with these bytes, then closes. */
export const answering = (text: string): Step[] => [headOf(), send(text), end()];
