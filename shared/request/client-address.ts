import { type IpRanges, isIpAddress } from "../routing/ip-ranges.ts";

/** Where the client's address is unknown. It is nobody's, so no rule about addresses lets it pass. */
const UNKNOWN_ADDRESS = "0.0.0.0";

/**
 * The client's address from the header that has it. With `trustedProxies` the header is a list to which
 * every proxy has added: read from the right, past the proxies that are trusted, as nginx does with
 * `real_ip_recursive`. The last address that can be read counts, so nobody gets past with nonsense.
 */
export function clientAddress(header: string | null, trustedProxies: IpRanges | undefined): string {
  if (header === null) return UNKNOWN_ADDRESS;
  if (trustedProxies === undefined) return header;
  let found = UNKNOWN_ADDRESS;
  for (const entry of header.split(",").toReversed()) {
    const address = withoutPort(entry.trim());
    if (!isIpAddress(address)) return found;
    found = address;
    if (!trustedProxies.has(address)) return found;
  }
  return found;
}

/** The only peer whose X-Real-IP counts in APISIX's configuration as it comes (`real_ip_from`). */
const OWN_MACHINE = "127.0.0.1";

/**
 * `address`, or what X-Real-IP says where the request came from this machine itself, from a proxy or a test
 * beside the gateway. On Cloudflare nobody has that address.
 */
export function realAddress(address: string, { headers }: Pick<Request, "headers">): string {
  if (address !== OWN_MACHINE) return address;
  const told = withoutPort(headers.get("x-real-ip") ?? "");
  return isIpAddress(told) ? told : address;
}

/** `1.2.3.4:80`, `[::1]:80` and `[::1]` have an address in them; a bare IPv6 address has no port. */
function withoutPort(text: string): string {
  return /^\[([^\]]*)\](?::\d+)?$/.exec(text)?.[1] ?? /^([^:]*):\d+$/.exec(text)?.[1] ?? text;
}
