import { randomInt } from "node:crypto";
import { readFileSync } from "node:fs";
import type { Clock } from "../clock.ts";
import type { DnsConfig } from "../config.ts";
import { DnsClient } from "./dns-client.ts";
import { askByNetwork } from "./dns-exchange.ts";
import { type FindNodes, findNodesByDns } from "./find-nodes.ts";
import { parseResolvConf, type ResolvConf } from "./resolv-conf.ts";

const RESOLV_CONF = "/etc/resolv.conf";
const IDS = 65_536;

/**
 * The servers of the settings, else those of the machine. Its search domains hold for both, as in APISIX:
 * `servers` says who is asked, and not for what.
 */
export function openDns({ servers, order, timeoutMs }: DnsConfig, clock: Clock): FindNodes {
  const machine = readResolvConf();
  const ask = askByNetwork(() => randomInt(IDS));
  const client = new DnsClient({ ask, servers: servers ?? machine.servers, clock, timeoutMs });
  return findNodesByDns(client, order, machine);
}

function readResolvConf(): ResolvConf {
  try {
    return parseResolvConf(readFileSync(RESOLV_CONF, "utf8"));
  } catch {
    // Not every machine has one; resolv.conf(5) says what holds then.
    return parseResolvConf("");
  }
}
