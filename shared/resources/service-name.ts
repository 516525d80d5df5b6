import { isIpAddress } from "../routing/ip-ranges.ts";

/** `service_name` of an upstream that is discovered by DNS: `name`, `name:port`, or an address. */
export interface DnsServiceName {
  /** A domain name as written, or an IP address, IPv6 in brackets. */
  readonly host: string;
  /** Wins over the port of SRV records. */
  readonly port: number | undefined;
}

/** RFC 1035 2.3.4, and what services are called in practice: `_http._tcp.shop.test`. */
const LABEL = /^[A-Za-z0-9_]([A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?$/;
const MAX_NAME_LENGTH = 253;

/** Undefined for what no DNS server can be asked for. */
export function parseDnsServiceName(text: string): DnsServiceName | undefined {
  const [, host = "", written] = /^(\[[^\]]*\]|[^:]*)(?::(\d{1,5}))?$/.exec(text) ?? [];
  const port = written === undefined ? undefined : Number(written);
  if (port !== undefined && (port < 1 || port > 65_535)) return undefined;
  return isIpAddress(host) || isDomainName(host) ? { host, port } : undefined;
}

export function isDomainName(host: string): boolean {
  const name = host.endsWith(".") ? host.slice(0, -1) : host;
  return name.length <= MAX_NAME_LENGTH && name.split(".").every((label) => LABEL.test(label));
}
