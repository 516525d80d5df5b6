import { ConfigurationRefused } from "./plugin.ts";

/** The status, unless no Worker can answer with it. Throws `ConfigurationRefused`. */
export function sendableStatus(status: number): number {
  if (status >= 200 && status <= 599) return status;
  throw new ConfigurationRefused(`a Worker cannot answer with the status ${status}`);
}
