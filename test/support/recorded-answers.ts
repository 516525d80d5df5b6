import type { RawAnswer } from "./raw-http.ts";
import type { RecordedAnswer, RecordedRequest, UpstreamView } from "./recorded-cases.ts";
import { SALT } from "./recorded-cases.ts";

/** Answers brought to the form in which they are recorded, and compared in it. */
export interface AnswerSurroundings {
  /** On which the gateway listens. */
  readonly port: number;
  /** Names of headers that hold an id. */
  readonly volatile?: readonly string[] | undefined;
}

interface Echo {
  readonly port: number;
  readonly method: string;
  readonly uri: string;
  readonly headers: readonly (readonly [string, string])[];
  readonly body: unknown;
}

type Lines = Map<string, string[]>;

/** Of one connection, of no meaning to the other side, or as the platform frames the body. */
const HOP = new Set(
  "connection keep-alive proxy-connection te trailer transfer-encoding upgrade content-length host".split(
    " ",
  ),
);
const UNCOMPARED = new Set(
  "server date connection keep-alive transfer-encoding content-length x-echo-port content-type".split(
    " ",
  ),
);
/** Carries the client's address to the gateway; APISIX knew it from the connection. */
const CLIENT_IP_HEADER = "cf-connecting-ip";
/** The name of APISIX's HTTP client, where it asked another service; a Worker has its own way to say so. */
const ASKING_CLIENT = /^lua-resty-http\//;
const ASKED_BY_WORKER = "cf-worker";
const UUID = /[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/gi;
const MOST_TEXT = 4000;

/** What the client got, as it would have been recorded. `s` is 0 where nothing came. */
export function recordedForm(
  request: RecordedRequest,
  answer: RawAnswer,
  surroundings: AnswerSurroundings,
): RecordedAnswer {
  const steady = new Steady(request, surroundings);
  const [first = "", ...rest] = answer.head.split("\r\n");
  const headers = linesOf(rest.map(split));
  const port = headers.get("x-echo-port")?.[0];
  const type = headers.get("content-type")?.join(" | ");
  const common = {
    s: Number(first.split(" ")[1] ?? 0),
    ...(port === undefined ? {} : { p: Number(port) }),
    ...responseHeaders(headers, steady),
  };
  const text = bodyOf(answer, headers).toString();
  if (/^\s*<html>/i.test(text) && /<center>/.test(text)) return { ...common, html: true };
  const ct = type === undefined || type === "application/json" ? {} : { ct: type };
  return { ...common, ...ct, ...bodyForm(request, text, common.p, steady) };
}

/** Where `answer` is another one than was recorded; empty: nowhere. */
export function differences(
  request: RecordedRequest,
  recorded: RecordedAnswer,
  answer: RecordedAnswer,
): string[] {
  const { ports } = request;
  if (recorded.s !== answer.s) return [`status ${answer.s}, not ${recorded.s}: ${text(answer)}`];
  if (ports) {
    const isOneOf = answer.p === undefined ? recorded.p === undefined : ports.includes(answer.p);
    return isOneOf ? [] : [`port ${answer.p}, not one of ${ports}`];
  }
  if (recorded.p !== answer.p) return [`port ${answer.p}, not ${recorded.p}`];
  const pairs: [string, unknown, unknown][] = [
    ["upstream", seenBy(request, recorded.up), seenBy(request, answer.up)],
    ["headers", ...comparableHeaders(recorded.h ?? {}, answer.h ?? {})],
  ];
  if (!recorded.html) {
    // APISIX gives its own answers a type by the extension of the path, which is not a plugin's doing.
    if (recorded.p !== undefined) pairs.push(["content type", recorded.ct, answer.ct]);
    pairs.push(["body", comparableBody(recorded.b), comparableBody(answer.b)]);
    pairs.push(["the upstream's body", recorded.echo ?? 0, answer.echo ?? 0]);
  }
  return pairs
    .filter(([, wanted, found]) => canonical(wanted) !== canonical(found))
    .map(([what, wanted, found]) => `${what} ${canonical(found)}, not ${canonical(wanted)}`);
}

/** How often each `status:port` came among the requests of a group, as recorded. */
export function groupCounts(
  requests: readonly RecordedRequest[],
  answers: readonly RecordedAnswer[],
  group: string,
): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const [i, { g, ports }] of requests.entries()) {
    if (g !== group || ports) continue;
    const key = `${answers[i]?.s}:${answers[i]?.p ?? "-"}`;
    counts[key] = (counts[key] ?? 0) + 1;
  }
  return counts;
}

/** JSON with sorted keys. */
export function canonical(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonical).join()}]`;
  if (typeof value !== "object" || value === null) return JSON.stringify(value) ?? "nothing";
  const fields = Object.entries(value).filter(([, field]) => field !== undefined);
  const sorted = fields.sort(([a], [b]) => (a < b ? -1 : 1));
  return `{${sorted.map(([key, field]) => `${JSON.stringify(key)}:${canonical(field)}`).join()}}`;
}

/** Puts marks in the place of what is another one each time, unless the client sent it. */
class Steady {
  readonly #sent: string;
  readonly #port: string;
  readonly #volatile: readonly string[];

  constructor(request: RecordedRequest, { port, volatile = [] }: AnswerSurroundings) {
    this.#sent = [request.t, ...(request.h ?? []).flat(), request.b ?? ""].join("\n");
    this.#port = String(port);
    this.#volatile = volatile;
  }

  text(text: string): string {
    return text
      .replaceAll(SALT, "@S@")
      .replace(UUID, (id) => (this.#sent.includes(id) ? id : "{uuid}"))
      .replaceAll(`:${this.#port}`, ":{GW}")
      .replaceAll(`"${this.#port}"`, '"{GW}"');
  }

  header(name: string, value: string): string {
    if (/ratelimit-reset$/.test(name) || name === "retry-after" || name === "age")
      return "{number}";
    if (name === "x-mock-by") return "{version}";
    if (name === "x-forwarded-port" && value === this.#port) return "{GW}";
    if (this.#volatile.includes(name) && !this.#sent.includes(value)) return "{volatile}";
    const text = this.text(value);
    if (name !== "set-cookie") return text;
    return text
      .replace(/=[A-Za-z0-9+/=]{60,}/, "={token}")
      .replace(/Expires=[^;]+/i, "Expires={date}");
  }
}

function responseHeaders(headers: Lines, steady: Steady): Pick<RecordedAnswer, "h"> {
  const compared = [...headers].filter(([name]) => !UNCOMPARED.has(name));
  if (compared.length === 0) return {};
  const h = compared.map(([name, values]) => {
    const lines = values.map((value) => steady.header(name, value)).sort();
    return [name, lines.length === 1 ? (lines[0] as string) : lines] as const;
  });
  return { h: Object.fromEntries(h) };
}

function bodyForm(
  request: RecordedRequest,
  text: string,
  port: number | undefined,
  steady: Steady,
): Partial<RecordedAnswer> {
  const json = parsed(text);
  if (isEcho(json)) {
    return { p: port ?? json.port, ...upstreamView(request, json, steady), echo: 1 };
  }
  if (typeof json === "object" && json !== null) {
    return { b: JSON.parse(steady.text(JSON.stringify(json))) };
  }
  if (text === "") return {};
  const { around, echo } = withoutEcho(text);
  const seen = echo ? upstreamView(request, echo, steady) : {};
  return { ...seen, b: steady.text(around).slice(0, MOST_TEXT) };
}

/** The upstream's answer within what a plugin put around it. Where it was mangled too, its headers go. */
function withoutEcho(text: string): { around: string; echo?: Echo } {
  const from = text.indexOf('{"port":30');
  if (from < 0) return { around: text };
  for (let to = text.lastIndexOf("}"); to > from; to = text.lastIndexOf("}", to - 1)) {
    const echo = parsed(text.slice(from, to + 1));
    if (!isEcho(echo)) continue;
    return { around: `${text.slice(0, from)}{echo ${echo.port}}${text.slice(to + 1)}`, echo };
  }
  return { around: text.replace(/"headers":\[\[.*\]\]/s, '"headers":…') };
}

/** What the upstream saw otherwise than a gateway passes it on that changes nothing. */
function upstreamView(
  request: RecordedRequest,
  { method, uri, headers: sent, body }: Echo,
  steady: Steady,
): Pick<RecordedAnswer, "up"> {
  const seen = linesOf(sent);
  const target = steady.text(uri);
  const host = steady.text(seen.get("host")?.join(", ") ?? "");
  const plain = passedOn(request);
  const headers: Record<string, string | null> = {};
  for (const [name, values] of seen) {
    if (HOP.has(name) || name === CLIENT_IP_HEADER || name === ASKED_BY_WORKER) continue;
    const value = values.map((line) => steady.header(name, line)).join(", ");
    if (value !== plain.get(name)?.join(", ")) headers[name] = value;
  }
  for (const name of plain.keys()) if (!seen.has(name)) headers[name] = null;
  const view = {
    ...(method === request.m ? {} : { method }),
    ...(target === request.t ? {} : { uri: target }),
    // Where a mark stands in it, it is another one, and recorded so.
    ...(host === request.host ? {} : { host }),
    ...(Object.keys(headers).length === 0 ? {} : { headers }),
    ...(body === (request.b ?? "")
      ? {}
      : { body: typeof body === "string" ? steady.text(body) : body }),
  };
  return Object.keys(view).length === 0 ? {} : { up: view };
}

/** The header lines that reach an upstream where no plugin changes any. */
function passedOn({ h = [], host = "", src = "127.0.0.1" }: RecordedRequest): Lines {
  const headers = linesOf(h.filter(([name]) => !HOP.has(name.toLowerCase())));
  const forwardedFor = headers.get("x-forwarded-for") ?? [];
  headers.delete("forwarded");
  headers.set("x-real-ip", [src]);
  headers.set("x-forwarded-for", [...forwardedFor, src]);
  headers.set("x-forwarded-proto", ["http"]);
  headers.set("x-forwarded-host", [host]);
  headers.set("x-forwarded-port", [/:(\d+)$/.exec(host)?.[1] ?? "{GW}"]);
  return headers;
}

/**
 * Workers hand over, and pass on, the lines of one header as one line. So lines compare joined; those of a
 * response are recorded sorted.
 */
function comparableHeaders(
  recorded: NonNullable<RecordedAnswer["h"]>,
  found: NonNullable<RecordedAnswer["h"]>,
): [unknown, unknown] {
  const parts = (value: string | readonly string[]) => [value].flat().join(", ").split(", ").sort();
  const asRecorded = Object.entries(found).map(([name, value]) => {
    const wanted = recorded[name];
    const isSame = Array.isArray(wanted) && canonical(parts(wanted)) === canonical(parts(value));
    return [name, isSame ? wanted : value];
  });
  return [recorded, Object.fromEntries(asRecorded)];
}

/** JSON bodies as JSON, and of the query only the order within one name. */
function seenBy(request: RecordedRequest, view: UpstreamView = {}): unknown {
  const told = Object.entries(view.headers ?? {}).filter(
    (each) => !isClientPort(each) && !isAskingClient(each),
  );
  const headers = told.map(([name, value]) => {
    // A joined line ends where its last text does, whatever empty line came after that.
    return [name, value === null ? null : [value].flat().join(", ").trimEnd()];
  });
  return {
    ...view,
    uri: steadyTarget(view.uri ?? request.t),
    headers: Object.fromEntries(headers),
    body: comparableJson(view.body ?? request.b ?? ""),
  };
}

/** Recorded routes write `$remote_port` there, which a Worker does not hear of. */
function isClientPort([name, value]: readonly [string, unknown]): boolean {
  return name === "x-port" && value === "{volatile}";
}

function isAskingClient([name, value]: readonly [string, unknown]): boolean {
  return name === "user-agent" && typeof value === "string" && ASKING_CLIENT.test(value);
}

function steadyTarget(target: string): string {
  const at = target.indexOf("?");
  if (at < 0) return target;
  const values = new Map<string, string[]>();
  for (const argument of target.slice(at + 1).split("&")) {
    const name = argument.split("=")[0] as string;
    values.set(name, [...(values.get(name) ?? []), comparableArgument(name, argument)]);
  }
  const sorted = [...values].sort(([a], [b]) => (a < b ? -1 : 1));
  return `${target.slice(0, at)}?${sorted.flatMap(([, all]) => all).join("&")}`;
}

/** An argument that is an escaped object: Lua writes its keys in any order. */
function comparableArgument(name: string, argument: string): string {
  if (!argument.startsWith(`${name}=%7B`)) return argument;
  try {
    return `${name}=${canonical(parsed(decodeURIComponent(argument.slice(name.length + 1))))}`;
  } catch {
    return argument;
  }
}

function comparableJson(body: unknown): unknown {
  if (typeof body !== "string" || !/^\s*[[{]/.test(body)) return body;
  const json = parsed(body);
  return json === undefined ? body : { json };
}

const comparableBody = (body: unknown) => (typeof body === "string" ? body.trim() : (body ?? ""));

function text({ b, html }: RecordedAnswer): string {
  return html ? "a page of nginx" : canonical(b).slice(0, 300);
}

function isEcho(json: unknown): json is Echo {
  const { port, headers } = (json ?? {}) as Partial<Echo>;
  return typeof port === "number" && Array.isArray(headers);
}

/** Undefined where it is not JSON. */
function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function split(line: string): [string, string] {
  const colon = line.indexOf(":");
  return [line.slice(0, colon), line.slice(colon + 1).trim()];
}

function linesOf(pairs: readonly (readonly [string, string])[]): Lines {
  const lines: Lines = new Map();
  for (const [name, value] of pairs) {
    const key = name.toLowerCase();
    lines.set(key, [...(lines.get(key) ?? []), value]);
  }
  return lines;
}

function bodyOf({ body }: RawAnswer, headers: Lines): Buffer {
  if (!/chunked/i.test(headers.get("transfer-encoding")?.join() ?? "")) return body;
  const pieces: Buffer[] = [];
  for (let at = 0; ; ) {
    const line = body.indexOf("\r\n", at);
    const size = Number.parseInt(body.subarray(at, line).toString("latin1"), 16);
    if (line < 0 || !size) return Buffer.concat(pieces);
    pieces.push(body.subarray(line + 2, line + 2 + size));
    at = line + 2 + size + 2;
  }
}
