import { IpRangeError, type IpRanges, parseIpRanges } from "../../shared/routing/ip-ranges.ts";
import { ConfigurationRefused } from "./plugin.ts";

/** Addresses and networks of a configuration; throws `ConfigurationRefused` where one of them is neither. */
export function addressList(list: readonly string[]): IpRanges {
  try {
    return parseIpRanges(list);
  } catch (error) {
    if (!(error instanceof IpRangeError)) throw error;
    throw new ConfigurationRefused(error.message);
  }
}
