export interface ListenAddress {
  readonly host: string;
  readonly port: number;
}

/** Of `host:port`, where an IPv6 host stands in brackets. */
export function listenAddress(text: string): ListenAddress {
  const colon = text.lastIndexOf(":");
  return {
    host: text.slice(0, colon).replace(/^\[|\]$/g, ""),
    port: Number(text.slice(colon + 1)),
  };
}
