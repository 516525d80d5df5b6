import { isReference } from "../../shared/json-schema/check-schema.ts";
import { faultIn, faultOf, type ValueFault } from "../../shared/json-schema/value-fault.ts";
import { IpRangeError, parseIpRanges } from "../../shared/routing/ip-ranges.ts";

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

/** The first entry of a list, the named field, that is neither an address nor a network. */
export function addressListFault(field: string, list: unknown): ValueFault | undefined {
  if (!Array.isArray(list)) return undefined;
  const index = list.findIndex(
    (entry) => typeof entry === "string" && !isReference(entry) && !isIpRanges(entry),
  );
  if (index < 0) return undefined;
  const words = `invalid ip address: ${list[index]}`;
  const fault = faultOf(list[index], "an address, or a network such as 10.0.0.0/8", words);
  return faultIn(field, faultIn(index, fault));
}
