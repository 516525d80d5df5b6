import { toNumber } from "../../shared/expression/lua-number.ts";
import { type IpRanges, isIpAddress } from "../../shared/routing/ip-ranges.ts";
import { addressList } from "./address-list.ts";
import type { Exchange } from "./exchange.ts";
import { definePlugin } from "./plugin.ts";

interface RealIpConfiguration {
  /** The variable that has the address. */
  readonly source: string;
  readonly trusted_addresses?: readonly string[];
  readonly recursive: boolean;
}

/**
 * `real-ip`: the client's address is what a variable says, where whoever says it is trusted (reference 8.2).
 * It counts for all that comes after: plugins, balancing, what the upstream is told, and logs.
 */
export const realIp = definePlugin<RealIpConfiguration>(() => ({
  build({ source, trusted_addresses: list, recursive }) {
    const trusted = list && addressList(list);
    return {
      rewrite(exchange) {
        if (trusted && !trusted.has(exchange.client.address)) return undefined;
        const told = toldAddress(exchange, source, recursive ? trusted : undefined);
        const found = told === undefined ? undefined : parseAddress(told);
        if (found) setAddress(exchange, found);
        return undefined;
      },
    };
  },
}));

function toldAddress(
  exchange: Exchange,
  source: string,
  passed: IpRanges | undefined,
): string | undefined {
  if (source === "http_x_forwarded_for") {
    const list = exchange.header("x-forwarded-for");
    return list === null ? undefined : lastAddress(list, passed);
  }
  const value = exchange.variables.get(source);
  return typeof value === "string" ? value : undefined;
}

/** The last of the list, or the last that is none of `passed`; the first, where all of them are. */
function lastAddress(list: string, passed: IpRanges | undefined): string {
  const [first = "", ...others] = list.split(/, */);
  if (!passed) return others.at(-1) ?? first;
  return others.findLast((address) => !passed.has(address)) ?? first;
}

interface FoundAddress {
  readonly address: string;
  readonly port: number | undefined;
}

/** `10.0.0.1`, `10.0.0.1:80`, `::1`, `[::1]` or `[::1]:80`; undefined for anything else. */
function parseAddress(text: string): FoundAddress | undefined {
  const [, bracketed, bare, plain, portText] =
    /^(?:\[([^\]]*)\]|([^:]*:[^:]*:.*)|([^:]*))(?::([^:]*))?$/s.exec(text) ?? [];
  const address = bracketed ?? bare ?? plain ?? "";
  // Brackets are for IPv6 alone.
  if (!isIpAddress(address) || (bracketed !== undefined && !address.includes(":")))
    return undefined;
  const port = toNumber(portText);
  return port !== undefined && (port < 1 || port > 65_535) ? undefined : { address, port };
}

function setAddress(exchange: Exchange, { address, port }: FoundAddress): void {
  // The peer stays known, however often the address changes.
  exchange.setVariable("realip_remote_addr", exchange.variables.get("realip_remote_addr"));
  exchange.clientAddress = address;
  exchange.setVariable("remote_port", port === undefined ? undefined : String(port));
}
