import type { BuildRouter, BuiltRouter } from "./contender.ts";
import { makeRequests, type StreamKind, type TableRequest } from "./requests.ts";
import { makeTable, type TableKind } from "./route-table.ts";

/** What to build, and which requests to make of it. The same everywhere: all is made from the seed. */
export interface TableSpec {
  readonly kind: TableKind;
  readonly size: number;
  readonly seed: number;
  /** Requests of each stream. */
  readonly requests: number;
}

export interface BuildOutcome {
  readonly ms: number;
  readonly remark: string;
}

/** What the benchmark asks of a stand; the packed index comes with `build`. */
export type StandCall =
  | { readonly is: "build"; readonly spec: TableSpec }
  | { readonly is: "answers" | "prepare"; readonly stream: StreamKind; readonly count: number }
  | { readonly is: "round"; readonly stream: StreamKind };

/** One contender, alone in its process or isolate, is an actor. */
export function open(contender: { readonly build: BuildRouter }) {
  const stand = new Stand(contender.build);
  return (call: StandCall, packed: Uint8Array): unknown => {
    switch (call.is) {
      case "build":
        return stand.build(call.spec, packed);
      case "answers":
        return stand.answers(call.stream, call.count);
      case "prepare":
        return stand.prepare(call.stream, call.count);
      case "round":
        return stand.round(call.stream);
    }
  };
}

/**
 * Every round matches requests that follow those of the round before, and their hosts and paths are new
 * strings, as a server's are: V8 keeps a string's hash with it, so one that comes again would be found in
 * a Map for less than it costs.
 */
class Stand {
  readonly #build: BuildRouter;
  #router: BuiltRouter | undefined;
  readonly #streams = new Map<StreamKind, Stream>();

  constructor(build: BuildRouter) {
    this.#build = build;
  }

  /** Throws what the contender throws. */
  build({ kind, size, seed, requests }: TableSpec, packed: Uint8Array): BuildOutcome {
    const table = makeTable(kind, size, seed);
    for (const stream of ["zipf", "spread"] as const) {
      this.#streams.set(stream, new Stream(makeRequests(table, stream, requests, seed + 1)));
    }
    const started = performance.now();
    this.#router = this.#build({ table, packed });
    return { ms: performance.now() - started, remark: this.#router.remark ?? "" };
  }

  /** The ids found for the first `count` requests; null: none. */
  answers(kind: StreamKind, count: number): (string | null)[] {
    const router = this.#built();
    return this.#stream(kind)
      .first(count)
      .map(({ method, host, path, values }) => router.match(method, host, path, values) ?? null);
  }

  /** Makes the requests of the next round. */
  prepare(kind: StreamKind, count: number): void {
    this.#stream(kind).renew(count);
    settle();
  }

  /** Matches them. Returns for how many there was a route. */
  round(kind: StreamKind): number {
    const router = this.#built();
    let found = 0;
    for (const { method, host, path, values } of this.#stream(kind).renewed) {
      if (router.match(method, host, path, values) !== undefined) found++;
    }
    return found;
  }

  #stream(kind: StreamKind): Stream {
    const stream = this.#streams.get(kind);
    if (!stream) throw new Error("nothing is built");
    return stream;
  }

  #built(): BuiltRouter {
    if (!this.#router) throw new Error("nothing is built");
    return this.#router;
  }
}

class Stream {
  renewed: readonly TableRequest[] = [];
  readonly #requests: readonly TableRequest[];
  #next = 0;

  constructor(requests: readonly TableRequest[]) {
    this.#requests = requests;
  }

  first(count: number): readonly TableRequest[] {
    return this.#requests.slice(0, count);
  }

  renew(count: number): void {
    const requests = this.#requests;
    const from = this.#next;
    this.renewed = Array.from({ length: count }, (_, i) => {
      const request = requests[(from + i) % requests.length] as TableRequest;
      return { ...request, host: renewed(request.host), path: renewed(request.path) };
    });
    this.#next = (from + count) % requests.length;
  }
}

const encoder = new TextEncoder();
const decoder = new TextDecoder();

function renewed(text: string): string {
  return decoder.decode(encoder.encode(text));
}

const SETTLE_OBJECTS = 1_000_000;

/**
 * Garbage of several times the young generation: what was made for the round is out of it by then, and
 * no contender pays for moving it.
 */
function settle(): number {
  let last: readonly number[] = [];
  for (let i = 0; i < SETTLE_OBJECTS; i++) last = [i, last.length, i, i];
  return last.length;
}
