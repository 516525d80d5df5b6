import { type StatusObject, status } from "@grpc/grpc-js";
import { EtcdError, type EtcdErrorKind } from "./transport.ts";

/** gRPC's status, of which etcd3's own errors keep only the text. */
export type CallStatus = Pick<StatusObject, "code" | "details">;

/** Before etcd's texts, which are the only difference between answers with one code. */
const BY_TEXT: readonly (readonly [RegExp, EtcdErrorKind])[] = [
  [/required revision has been compacted/, "compacted"],
  [/required revision is a future revision/, "future-revision"],
  [/invalid auth token|revision of auth store is old|user name is empty/, "stale-token"],
  [/authentication failed|user name not found|common name/i, "unauthenticated"],
  [/permission denied/i, "denied"],
  [/requested lease not found/, "not-found"],
  // A value that is larger than etcd takes at all; what etcd sends is never too large for us.
  [/grpc: received message larger than max/, "refused"],
];

const BY_CODE: ReadonlyMap<number, EtcdErrorKind> = new Map([
  [status.INVALID_ARGUMENT, "refused"],
  [status.NOT_FOUND, "not-found"],
  [status.ALREADY_EXISTS, "refused"],
  [status.PERMISSION_DENIED, "denied"],
  [status.FAILED_PRECONDITION, "refused"],
  [status.UNIMPLEMENTED, "refused"],
  [status.UNAUTHENTICATED, "unauthenticated"],
]);

/** What a failed call means. Without a status the call never left this process. */
export function etcdError(call: string, seen: CallStatus | undefined, cause?: unknown): EtcdError {
  if (cause instanceof EtcdError) return cause;
  const text = seen?.details || (cause instanceof Error ? cause.message : String(cause));
  const kind = kindByText(text) ?? BY_CODE.get(seen?.code ?? status.UNAVAILABLE) ?? "unavailable";
  const code = seen ? `${status[seen.code]}: ` : "";
  return new EtcdError(kind, `${call}: ${code}${text}`, { cause });
}

export function kindByText(text: string): EtcdErrorKind | undefined {
  return BY_TEXT.find(([pattern]) => pattern.test(text))?.[1];
}

/** Says that auth is switched off at the server, where a login is neither needed nor possible. */
export function isAuthDisabled(seen: CallStatus | undefined): boolean {
  return /authentication is not enabled/.test(seen?.details ?? "");
}
