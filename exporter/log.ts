import { pino } from "pino";

/** Structured events. `fields` are data, `message` is a constant sentence that can be searched for. */
export interface Log {
  debug(message: string, fields?: object): void;
  info(message: string, fields?: object): void;
  warn(message: string, fields?: object): void;
  error(message: string, fields?: object): void;
}

/** Logs to `destination`: one JSON object an event, or one readable line. */
export function createLog(
  options: { readonly level: string; readonly format: "json" | "text" },
  destination: { write(line: string): void },
): Log {
  const target =
    options.format === "json"
      ? destination
      : { write: (line: string) => destination.write(toText(line)) };
  const logger = pino(
    { level: options.level, base: null, timestamp: pino.stdTimeFunctions.isoTime },
    target,
  );
  return {
    debug: (message, fields = {}) => logger.debug(fields, message),
    info: (message, fields = {}) => logger.info(fields, message),
    warn: (message, fields = {}) => logger.warn(fields, message),
    error: (message, fields = {}) => logger.error(fields, message),
  };
}

export const silentLog: Log = {
  debug: () => {},
  info: () => {},
  warn: () => {},
  error: () => {},
};

/** An error with its causes, in one line. */
export function errorText(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const cause = error.cause === undefined ? "" : ` (${errorText(error.cause)})`;
  const shown = error.message === "" ? error.name : error.message;
  return cause !== "" && shown.includes(cause.slice(2, -1)) ? shown : shown + cause;
}

function toText(line: string): string {
  const { level, time, msg, ...fields } = JSON.parse(line) as Record<string, unknown>;
  const name = pino.levels.labels[level as number] ?? String(level);
  const rest = Object.entries(fields).map(([key, value]) => {
    return `${key}=${typeof value === "string" ? value : JSON.stringify(value)}`;
  });
  return `${[time, name.toUpperCase().padEnd(5), msg, ...rest].join(" ")}\n`;
}
