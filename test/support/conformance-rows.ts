/** What an upstream may send, part by part of RFC 9112, and what becomes of it over a socket. */
export interface ConformanceRow {
  /** Of RFC 9112, unless another RFC is named. */
  readonly section: string;
  readonly sends: string;
  /** All that the upstream sends, in Latin-1; then it leaves the connection open, or ends it. */
  readonly bytes: string;
  readonly thenEnds?: true;
  readonly method?: "HEAD";
  /** `refused`: 502, and no other node is asked. `tried elsewhere`: a broken connection. `cut`: the body is. */
  readonly becomes: "refused" | "tried elsewhere" | "cut" | Answer;
}

export interface Answer {
  readonly status?: number;
  readonly reason?: string;
  readonly body: string;
  /** Of the client's answer; null: there is none of this name. */
  readonly headers?: Readonly<Record<string, string | null>>;
}

export const ok: Answer = { body: "ok" };
export const empty: Answer = { body: "" };
export const head = (lines: string, body = "ok") => `HTTP/1.1 200 OK\r\n${lines}\r\n\r\n${body}`;
export const sized = (lines: string) => head(`${lines}\r\nContent-Length: 2`);
export const starting = (line: string) => `${line}\r\nContent-Length: 2\r\n\r\nok`;
export const chunks = (body: string, lines = "Transfer-Encoding: chunked") => head(lines, body);
export const many = (count: number, line: string) => Array(count).fill(line).join("\r\n");

export type Section = readonly [section: string, rows: readonly Omit<ConformanceRow, "section">[]];
