import { type Exit, exitWith } from "./exit.ts";
import { sendableStatus } from "./sendable-status.ts";

/** How a plugin is told to turn requests away. */
export interface RejectionConfiguration {
  readonly rejected_code: number;
  readonly rejected_msg?: string;
}

/** Throws `ConfigurationRefused` for a status that no answer can have: the schema knows no highest. */
export function rejectionOf(configuration: RejectionConfiguration, message: string): Exit {
  const { rejected_code: status, rejected_msg: own } = configuration;
  return exitWith(sendableStatus(status), own ?? message);
}
