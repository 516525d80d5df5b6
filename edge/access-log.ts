/** One line a request, for whoever collects the Worker's logs. */
export interface AccessLine {
  readonly method: string;
  readonly uri: string;
  readonly host: string;
  readonly client: string;
  readonly status: number;
  readonly route: string | undefined;
  readonly generation: number | undefined;
  /** Milliseconds until the response's head. The clock stands still while a Worker computes. */
  readonly ms: number;
  /** Why the gateway answered itself, where it did. */
  readonly error: string | undefined;
}

export type AccessLog = (line: AccessLine) => void;

export function jsonAccessLog(write: (text: string) => void): AccessLog {
  return (line) => write(JSON.stringify(line));
}
