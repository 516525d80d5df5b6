import { refusal } from "./answer.ts";
import type { StoredValue } from "./stored-values.ts";

/** What a client demands of the stored value before it is changed. */
export interface Preconditions {
  readonly ifMatch: string | undefined;
  readonly ifNoneMatch: string | undefined;
}

/**
 * `If-Match` holds the modifiedIndex that the client has seen, with or without quotes, several with commas,
 * or `*` for any value; `If-None-Match: *` is for what must not exist yet. Throws a `Refusal`.
 */
export function checkPreconditions(
  { ifMatch, ifNoneMatch }: Preconditions,
  stored: Pick<StoredValue, "modRevision"> | undefined,
): void {
  if (ifMatch !== undefined && !matches(ifMatch, stored)) {
    const found = stored ? `its modifiedIndex is ${stored.modRevision}` : "it does not exist";
    throw refusal(412, `precondition failed: If-Match is ${ifMatch}, but ${found}`);
  }
  if (ifNoneMatch !== undefined && matches(ifNoneMatch, stored)) {
    throw refusal(412, `precondition failed: If-None-Match is ${ifNoneMatch}, but it exists`);
  }
}

function matches(header: string, stored: { readonly modRevision: number } | undefined): boolean {
  if (!stored) return false;
  const wanted = header.split(",").map((entry) => entry.trim().replaceAll(/^"|"$/g, ""));
  return wanted.includes("*") || wanted.includes(String(stored.modRevision));
}

/** The same index as a header of an answer. */
export function entityTag(modRevision: number): string {
  return `"${modRevision}"`;
}
