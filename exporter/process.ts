import { hostname } from "node:os";

/** What the exporter and its commands have of the process that they are. */

/** Aborts on the first SIGTERM or SIGINT; the second ends the process at once. */
export function stopSignal(): AbortSignal {
  const controller = new AbortController();
  for (const name of ["SIGTERM", "SIGINT"] as const) {
    process.on(name, () => {
      if (controller.signal.aborted) process.exit(130);
      controller.abort();
    });
  }
  return controller.signal;
}

/** Who moves the pointer, for a person who reads it. */
export function publisherName(what: string): string {
  return `${what} on ${hostname()}, process ${process.pid}`;
}
