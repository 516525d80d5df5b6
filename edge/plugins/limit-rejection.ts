import type { Exit } from "./exit.ts";

/** How the limiting plugins say no. */
export interface Rejection {
  readonly rejected_code: number;
  readonly rejected_msg?: string;
}

export function rejected({ rejected_code: status, rejected_msg: message }: Rejection): Exit {
  return message === undefined ? { status } : { status, body: { error_msg: message } };
}
