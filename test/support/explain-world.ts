import { IndexedTable } from "../../exporter/explain/indexed-table.ts";
import { type MatchReport, reportMatch } from "../../exporter/explain/match-report.ts";
import type { RoutingTable } from "../../exporter/explain/routing-table.ts";
import { readWritten } from "../../exporter/explain/sent-request.ts";
import type { UriSettings } from "../../shared/routing/matching-uri.ts";
import type { RouterName } from "../../shared/snapshot/format.ts";
import { type Puts, ResourceWorld } from "./resource-world.ts";

/** A request as a test writes it: `GET http://a.test/x`, and what else there is. */
export interface AskedRequest {
  readonly headers?: Readonly<Record<string, string>>;
  readonly client?: string;
  readonly body?: string;
  readonly uri?: UriSettings;
  readonly most?: number;
}

const SURROUNDINGS = { now: () => 0, requestId: () => "0".repeat(32) };

/** What etcd would hold, ready to be asked. */
export async function tableOf(puts: Puts, router: RouterName = "radixtree_host_uri") {
  const world = new ResourceWorld();
  world.put(puts);
  return IndexedTable.build({ table: world.table, revision: 7 }, router);
}

export function ask(
  table: RoutingTable,
  line: string,
  { headers = {}, client, body, uri, most = 10 }: AskedRequest = {},
): Promise<MatchReport> {
  const [method = "", url = ""] = line.split(" ");
  const bytes = body === undefined ? undefined : new TextEncoder().encode(body);
  const written = {
    method,
    url,
    headers: Object.entries(headers),
    clientAddress: client,
    body: bytes,
  };
  return reportMatch(table, readWritten(written, uri ? { uri } : {}, SURROUNDINGS), most);
}
