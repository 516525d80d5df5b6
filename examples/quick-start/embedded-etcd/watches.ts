import { endOf, type Header, keyOf, toMessage, type WatchRequest } from "./messages.ts";
import { type EtcdStore, isIn, type StoreEvent, type StoreRevision } from "./store.ts";

/** A bidirectional stream of the Watch service. */
export interface WatchStream {
  on(event: "data", listener: (request: WatchRequest) => void): unknown;
  on(event: "end" | "cancelled" | "error", listener: () => void): unknown;
  write(response: object): unknown;
  end(): unknown;
}

interface Watcher {
  readonly id: string;
  readonly key: string;
  readonly end: string | undefined;
  readonly withPrevious: boolean;
  readonly filters: ReadonlySet<string>;
  /** Revisions below it are not wanted. */
  readonly from: number;
}

/** Serves one stream: any number of watches, each seeing whole revisions in order. */
export function serveWatches(
  stream: WatchStream,
  store: EtcdStore,
  header: () => Header,
): () => void {
  const watchers = new Map<string, Watcher>();
  let nextId = 0;
  const stop = store.listen((entry) => {
    for (const watcher of watchers.values()) send(stream, watcher, [entry], header);
  });
  const create = (request: WatchRequest["create_request"]) => {
    const id = request.watch_id === "0" ? String(nextId++) : request.watch_id;
    const start = Number(request.start_revision);
    const watcher: Watcher = {
      id,
      key: keyOf(request.key),
      end: endOf(request.range_end),
      withPrevious: request.prev_kv,
      filters: new Set(request.filters),
      from: start === 0 ? store.revision + 1 : start,
    };
    stream.write({ header: header(), watch_id: id, created: true });
    if (start !== 0 && start < store.compactedRevision) {
      // etcd's own header says revision 0 here.
      const canceled = { watch_id: id, canceled: true, compact_revision: store.compactedRevision };
      stream.write({ header: { ...header(), revision: 0 }, ...canceled });
      return;
    }
    send(stream, watcher, store.since(watcher.from), header);
    watchers.set(id, watcher);
  };
  stream.on("data", (request) => {
    switch (request.request_union) {
      case "create_request":
        create(request.create_request);
        return;
      case "cancel_request": {
        const id = request.cancel_request.watch_id;
        if (watchers.delete(id)) stream.write({ header: header(), watch_id: id, canceled: true });
        return;
      }
      case "progress_request":
        stream.write({ header: header(), watch_id: "-1" });
    }
  });
  const finish = () => {
    stop();
    stream.end();
  };
  stream.on("end", finish);
  stream.on("cancelled", stop);
  stream.on("error", stop);
  return finish;
}

function send(
  stream: WatchStream,
  watcher: Watcher,
  entries: readonly StoreRevision[],
  header: () => Header,
): void {
  const events = entries
    .filter(({ revision }) => revision >= watcher.from)
    .flatMap((entry) => entry.events.filter((event) => isWatched(watcher, event)))
    .map((event) => toEvent(event, watcher.withPrevious));
  if (events.length > 0) stream.write({ header: header(), watch_id: watcher.id, events });
}

function isWatched({ key, end, filters }: Watcher, event: StoreEvent): boolean {
  if (filters.has(event.type === "Put" ? "Noput" : "Nodelete")) return false;
  return isIn(event.kv.key, key, end);
}

function toEvent({ type, kv, previous }: StoreEvent, withPrevious: boolean) {
  const prev_kv = withPrevious && previous ? toMessage(previous) : null;
  return { type, kv: toMessage(kv), prev_kv };
}
