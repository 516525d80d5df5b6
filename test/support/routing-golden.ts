import { DEFAULT_URI_SETTINGS, type UriSettings } from "../../shared/routing/matching-uri.ts";
import { ROUTER_NAMES, type RouterName } from "../../shared/snapshot/format.ts";
import type { RouteValue, RoutingResources } from "./naive-matcher.ts";

/**
 * A file of test/golden/routing:
 *
 *     # comment
 *     routers: radixtree_uri …
 *     uri: deleteUriTailSlash …              settings that are on; the line may be missing
 *     service ID hosts=…
 *     ID path… name=value… vars=JSON         a route; lists by commas, `vars` takes the rest of the line
 *     ----
 *     METHOD Host target => answer           requests, see `parseSentRequest`
 *
 * An answer is `id path on host name=value…`, 404 for no route, 400 for a refused target or Host.
 */
export interface GoldenRouting {
  /** All before the dashed line, as written. */
  readonly head: string;
  readonly routers: readonly RouterName[];
  readonly uriSettings: UriSettings;
  readonly resources: RoutingResources;
  /** The lines below, without empty ones. */
  readonly requests: readonly string[];
}

const ATTRIBUTE = /^(host|hosts|methods|priority|status|service|remote)=(.*)$/;

export function parseRoutingGolden(text: string): GoldenRouting {
  const [head = "", tail = ""] = text.split(/\n----\n/);
  const routes: Record<string, RouteValue> = {};
  const services: Record<string, { hosts?: readonly string[] }> = {};
  let routers: readonly RouterName[] = [];
  let uriSettings = DEFAULT_URI_SETTINGS;
  for (const line of head.split("\n").filter((each) => each !== "" && !each.startsWith("#"))) {
    const [first = "", ...words] = line.trimEnd().split(" ");
    if (first === "routers:") routers = ROUTER_NAMES.filter((name) => words.includes(name));
    else if (first === "uri:") uriSettings = { ...uriSettings, ...settingsOn(words) };
    else if (first === "service") services[words[0] ?? ""] = parseService(words.slice(1));
    else routes[first] = parseRoute(line.trimEnd().slice(first.length + 1));
  }
  const requests = tail.split("\n").map((line) => line.trimEnd());
  return {
    head,
    routers,
    uriSettings,
    resources: { routes, services },
    requests: requests.filter((line) => line !== ""),
  };
}

function settingsOn(names: readonly string[]): Partial<UriSettings> {
  for (const name of names) {
    if (!(name in DEFAULT_URI_SETTINGS)) throw new Error(`no setting is called ${name}`);
  }
  return Object.fromEntries(names.map((name) => [name, true]));
}

function parseService(words: readonly string[]): { hosts?: readonly string[] } {
  const { attributes } = parseWords(words);
  const hosts = attributes.get("hosts");
  return hosts === undefined ? {} : { hosts: hosts.split(",") };
}

function parseRoute(text: string): RouteValue {
  const [plain = "", vars] = text.split(/(?:^| )vars=/);
  const { uris, attributes } = parseWords(plain.split(" "));
  const remote = attributes.get("remote")?.split(",");
  return {
    ...(uris.length === 1 ? { uri: uris[0] as string } : { uris }),
    ...listOf(attributes, "host", "hosts"),
    ...listOf(attributes, "methods", "methods"),
    ...(remote?.length === 1 ? { remote_addr: remote[0] as string } : {}),
    ...(remote && remote.length > 1 ? { remote_addrs: remote } : {}),
    ...(attributes.has("priority") ? { priority: Number(attributes.get("priority")) } : {}),
    ...(attributes.get("status") === "0" ? { status: 0 } : {}),
    ...(attributes.has("service") ? { service_id: attributes.get("service") as string } : {}),
    ...(vars === undefined ? {} : { vars: JSON.parse(vars) }),
  };
}

/** A path may hold a space: a word that neither begins a path nor is an attribute goes on the last one. */
function parseWords(words: readonly string[]) {
  const uris: string[] = [];
  const attributes = new Map<string, string>();
  for (const word of words) {
    const [, name, value] = ATTRIBUTE.exec(word) ?? [];
    if (name !== undefined && value !== undefined) attributes.set(name, value);
    else if (/^[/*]/.test(word) || uris.length === 0) uris.push(word);
    else uris.push(`${uris.pop()} ${word}`);
  }
  return { uris, attributes };
}

function listOf(attributes: ReadonlyMap<string, string>, name: string, field: string) {
  const text = attributes.get(name);
  if (text === undefined) return {};
  return { [field]: text === "" ? [] : text.split(",") };
}
