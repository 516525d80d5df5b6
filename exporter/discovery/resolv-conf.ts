import { isDnsServer, parseDnsServer, type ServerAddress } from "./server-address.ts";

/** What resolv.conf(5) says, as far as it matters here. */
export interface ResolvConf {
  readonly servers: readonly ServerAddress[];
  /** Domains that are put behind a name in turn. */
  readonly search: readonly string[];
  /** A name with so many dots is first tried as it is. */
  readonly ndots: number;
}

/** Without servers, resolv.conf(5) has the machine's own asked. */
const LOCAL_SERVER: ServerAddress = { host: "127.0.0.1", port: 53 };
const MAX_NDOTS = 15;

export function parseResolvConf(text: string): ResolvConf {
  const servers: ServerAddress[] = [];
  let search: readonly string[] = [];
  let ndots = 1;
  for (const line of text.split("\n")) {
    const [keyword, ...words] = line
      .replace(/[#;].*$/, "")
      .trim()
      .split(/\s+/);
    const [first = ""] = words;
    if (keyword === "nameserver" && isDnsServer(first)) servers.push(parseDnsServer(first));
    if (keyword === "search" || keyword === "domain") search = words.filter((word) => word !== ".");
    if (keyword !== "options") continue;
    for (const word of words) {
      const dots = /^ndots:(\d+)$/.exec(word)?.[1];
      if (dots !== undefined) ndots = Math.min(Number(dots), MAX_NDOTS);
    }
  }
  return { servers: servers.length > 0 ? servers : [LOCAL_SERVER], search, ndots };
}

/** The absolute names that `host` may stand for, in the order in which they are tried. */
export function searchedNames(
  host: string,
  { search, ndots }: Pick<ResolvConf, "search" | "ndots">,
): readonly string[] {
  if (host.endsWith(".")) return [host.slice(0, -1)];
  const inDomains = search.map((domain) => `${host}.${domain.replace(/\.$/, "")}`);
  const dots = host.split(".").length - 1;
  return dots >= ndots ? [host, ...inDomains] : [...inDomains, host];
}
