import { type AdminKind, adminKind } from "./admin-kinds.ts";
import { type AdminFault, refused } from "./fault.ts";

/** What a path below `/apisix/admin/` names. */
export interface ResourcePath {
  readonly kind: AdminKind;
  /** Of a secret with its manager. */
  readonly id?: string | undefined;
  /** Of a credential. */
  readonly consumer?: string | undefined;
  /** What follows the id: for PATCH the way into the value. Elsewhere it is ignored. */
  readonly rest: readonly string[];
}

/** `routes/1`, `secrets/vault/1`, `consumers/jack/credentials/c1`; without a leading slash. */
export function parseResourcePath(path: string): ResourcePath | AdminFault {
  const [name = "", first, second, third, ...more] = path.split("/");
  const idOf = (segment: string | undefined) => (segment === "" ? undefined : segment);
  if (name === "consumers" && second === "credentials") {
    const kind = adminKind("credentials");
    if (kind) return { kind, consumer: idOf(first), id: idOf(third), rest: more };
  }
  const kind = name === "credentials" ? undefined : adminKind(name);
  if (kind === undefined) return refused(`Unsupported resource type: ${name}`, 404);
  if (kind.name !== "secrets") {
    const rest = [second, third, ...more].filter((segment) => segment !== undefined);
    return { kind, id: idOf(first), rest };
  }
  const id = idOf(first) && idOf(second) ? `${first}/${second}` : undefined;
  return { kind, id, rest: [third, ...more].filter((segment) => segment !== undefined) };
}
