import type { Exchange } from "../exchange.ts";
import type { Outcome } from "../outcome.ts";
import type { PluginDeps, PluginHandlers } from "../plugin.ts";
import { Backlog } from "./backlog.ts";
import { Batch, type BatchSettings, type Written } from "./batch.ts";
import {
  EntryFormat,
  type FormatSettings,
  type LogEntry,
  type LoggedRequest,
  loggedRequest,
} from "./log-entry.ts";
import { BodyObserver, type BodySettings } from "./logged-bodies.ts";

/** What every logger's configuration has. */
export interface LoggerSettings extends BatchSettings, FormatSettings, BodySettings {}

/** What every logger's metadata has. */
export interface LoggerMetadata extends FormatSettings {
  readonly max_pending_entries?: number;
}

/** How one logger writes its entries and where it sends them. */
export interface LogSink<E extends Written> {
  /** Undefined: this request is not logged. */
  write(entry: LogEntry, logged: LoggedRequest): E | undefined;
  /** Rejects where the entries did not arrive. */
  deliver(entries: readonly E[]): Promise<void>;
}

/** The default of the metadata's schema. */
const MOST_PENDING = 8192;

/** Makes the handlers of each place that configures a logger; one for each plugin and isolate. */
export class Logger {
  readonly #deps: PluginDeps;
  readonly #backlog: Backlog;

  constructor(deps: PluginDeps) {
    this.#deps = deps;
    this.#backlog = new Backlog(deps.log);
  }

  handlers<E extends Written>(
    settings: LoggerSettings,
    metadata: object | undefined,
    sink: LogSink<E>,
  ): PluginHandlers {
    const format = new EntryFormat(settings, metadata ?? {});
    const bodies = new BodyObserver(settings, format.hasRequestBody);
    const batch = this.batch<E>(settings, metadata, (entries) => sink.deliver(entries));
    const log = async (exchange: Exchange, outcome: Outcome) => {
      const logged = loggedRequest(exchange, outcome, await bodies.bodiesOf(exchange));
      const written = sink.write(format.make(logged), logged);
      if (written !== undefined) batch.add(written, exchange.waitUntil);
    };
    const access = async (exchange: Exchange) => {
      await bodies.watchRequest(exchange);
      return undefined;
    };
    return {
      log,
      ...(bodies.wantsRequest ? { access } : {}),
      ...(bodies.wantsResponse
        ? { bodyFilter: (exchange: Exchange) => bodies.responseFilter(exchange) }
        : {}),
    };
  }

  /** For what is no entry of a log. */
  batch<E extends Written>(
    settings: BatchSettings,
    metadata: object | undefined,
    deliver: LogSink<E>["deliver"],
  ): Batch<E> {
    const { max_pending_entries: mostPending = MOST_PENDING }: LoggerMetadata = metadata ?? {};
    const backlog = this.#backlog;
    return new Batch<E>({ settings, backlog, mostPending, deliver }, this.#deps);
  }
}
