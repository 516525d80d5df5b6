import type { ClientDuplexStream } from "@grpc/grpc-js";
import type { IWatchRequest, IWatchResponse } from "etcd3";
import type { Clock } from "../clock.ts";
import type { CallTrace } from "./etcd3-call.ts";
import { etcdError, kindByText } from "./etcd3-errors.ts";
import { header, watchEvent } from "./etcd3-messages.ts";
import { EtcdError, type WatchMessage, type WatchStream } from "./transport.ts";

export type RawWatch = ClientDuplexStream<IWatchRequest, IWatchResponse>;

/** How long a cancelled stream may take to say that it has ended. */
const CANCEL_WAIT_MS = 250;

export interface WatchStreamDeps {
  readonly clock: Clock;
  readonly trace: CallTrace;
  /** Told once, with what ended the stream, unless `cancel` did. */
  readonly onFailure: (error: EtcdError) => void;
}

/** etcd3's raw watch stream, holding one watch, read at the pace of `next`. */
export function watchStream(raw: RawWatch, deps: WatchStreamDeps): WatchStream {
  const ready: WatchMessage[] = [];
  let watchId: string | undefined;
  let failure: EtcdError | undefined;
  let wake: (() => void) | undefined;

  const fail = (error: EtcdError) => {
    if (failure) return;
    failure = error;
    deps.onFailure(error);
    wake?.();
  };
  const receive = (response: IWatchResponse) => {
    if (response.canceled) {
      fail(refusal(response));
      return;
    }
    if (response.created) watchId = response.watch_id;
    ready.push(message(response, watchId));
    raw.pause();
    wake?.();
  };

  raw.on("data", receive);
  raw.on("error", (error) => fail(etcdError("watch", deps.trace.status(), error)));
  raw.on("end", () => fail(etcdError("watch", deps.trace.status(), "the stream ended")));

  return {
    next: async () => {
      while (ready.length === 0 && !failure) {
        await new Promise<void>((resolve) => {
          wake = resolve;
          raw.resume();
        });
      }
      const first = ready.shift();
      if (first) return first;
      throw failure;
    },
    requestProgress: () => {
      if (!failure) raw.write({ progress_request: {} });
    },
    cancel: async (reason) => {
      failure ??= new EtcdError("unavailable", "watch: cancelled");
      wake?.();
      raw.off("data", receive);
      const ended = new Promise<void>((resolve) => raw.once("status", () => resolve()));
      // On an error of a stream that it may still write to, etcd3 closes every channel to the host:
      // right for a host that does not answer, wrong for one that is merely no longer needed.
      if (reason === "done") raw.end();
      raw.cancel();
      raw.resume();
      await Promise.race([ended, deps.clock.sleep(CANCEL_WAIT_MS)]);
    },
  };
}

function message(response: IWatchResponse, watchId: string | undefined): WatchMessage {
  const of = { header: header(response.header) };
  if (response.created) return { kind: "created", ...of };
  if (response.events.length > 0) {
    return { kind: "events", ...of, events: response.events.map(watchEvent) };
  }
  return { kind: response.watch_id === watchId ? "progress" : "pulse", ...of };
}

/** A watch that etcd refused or gave up; before 3.5 a compaction comes without any text. */
function refusal({ compact_revision, cancel_reason }: IWatchResponse): EtcdError {
  const compacted = Number(compact_revision);
  if (compacted > 0) {
    return new EtcdError(
      "compacted",
      `watch: everything before revision ${compacted} is compacted`,
    );
  }
  const text = cancel_reason || "cancelled by etcd without a reason";
  return new EtcdError(kindByText(text) ?? "unavailable", `watch: ${text}`);
}
