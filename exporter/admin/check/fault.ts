/** Why the Admin API refuses a write, as it answers. */
export interface AdminFault {
  readonly status: 400 | 404 | 405;
  readonly error_msg: string;
}

export function refused(error_msg: string, status: AdminFault["status"] = 400): AdminFault {
  return { status, error_msg };
}
