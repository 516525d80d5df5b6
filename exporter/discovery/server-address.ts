import { isIP, isIPv6 } from "node:net";

/** Where a DNS server listens. */
export interface ServerAddress {
  /** An IP address, without brackets: asking for the server's own name would need a server first. */
  readonly host: string;
  readonly port: number;
}

const DNS_PORT = 53;

/** `address`, `address:port`, `[v6]` or `[v6]:port`. */
export function isDnsServer(text: string): boolean {
  const { host, port } = split(text);
  return isIP(host) !== 0 && Number(port) >= 1 && Number(port) <= 65_535;
}

/** Of a text that `isDnsServer`. */
export function parseDnsServer(text: string): ServerAddress {
  const { host, port } = split(text);
  return { host, port: Number(port) };
}

export function serverText({ host, port }: ServerAddress): string {
  return isIPv6(host) ? `[${host}]:${port}` : `${host}:${port}`;
}

function split(text: string): { readonly host: string; readonly port: string } {
  if (isIPv6(text)) return { host: text, port: String(DNS_PORT) };
  const [, v6, v4, port] = /^(?:\[([^\]]+)\]|([^:[\]]+))(?::(\d{1,5}))?$/.exec(text) ?? [];
  return { host: v6 ?? v4 ?? "", port: port ?? String(DNS_PORT) };
}
