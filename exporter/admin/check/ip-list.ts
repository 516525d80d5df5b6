import { IpRangeError, parseIpRanges } from "../../../shared/routing/ip-ranges.ts";
import { isReference } from "../schema/check-schema.ts";

/** Whether the text is an address or a network; a schema's pattern takes a few that are neither. */
export function isIpRanges(text: string): boolean {
  try {
    parseIpRanges([text]);
    return true;
  } catch (error) {
    if (error instanceof IpRangeError) return false;
    throw error;
  }
}

/** The words for the first entry that is neither an address nor a network. */
export function addressListFault(list: unknown): string | undefined {
  if (!Array.isArray(list)) return undefined;
  const wrong = list.find(
    (entry) => typeof entry === "string" && !isReference(entry) && !isIpRanges(entry),
  );
  return wrong === undefined ? undefined : `invalid ip address: ${wrong}`;
}
