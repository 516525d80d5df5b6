import type { OtherRoute, Reason } from "../explain/explain-match.ts";
import type { MatchReport } from "../explain/match-report.ts";
import type { Rule } from "../explain/route-fit.ts";
import type { Decided, Unmet } from "../explain/unmet.ts";
import { columns, counted } from "./text.ts";

/** `snapgate match` for a person. */
export function matchText(report: MatchReport): string {
  return [
    tableText(report.table),
    ...requestText(report.request),
    "",
    ...matchedText(report),
    ...othersText(report),
  ].join("\n");
}

function tableText(table: MatchReport["table"]): string {
  const router = `router ${table.router}`;
  if (table.from === "store") {
    const live = table.isLive ? "live" : "not live";
    return `generation ${table.generation} (${live}), ${router}`;
  }
  // Of a rejected key the edges may still have the last valid value, which is not known here.
  const rejected =
    table.rejected === 0 ? "" : `; without ${counted(table.rejected, "rejected value")}`;
  return `etcd at revision ${table.revision}, ${router}${rejected}`;
}

function requestText(request: MatchReport["request"]): string[] {
  if (!request) return [];
  const { method, uri, host, hostHeader, clientAddress, args } = request;
  const header = hostHeader === host ? "" : ` (Host: ${hostHeader})`;
  const unknown = clientAddress === "0.0.0.0" ? " (unknown; --client gives one)" : "";
  const shownArgs = args.map(([name, value]) => (value === true ? name : `${name}=${value}`));
  return columns([
    ["request", `${method} ${uri}`],
    ["host", host + header],
    ["client", clientAddress + unknown],
    ...(args.length > 0 ? [["query", shownArgs.join("  ")]] : []),
  ]);
}

function matchedText(report: MatchReport): string[] {
  const { match } = report;
  if (!match)
    return columns([["match", "none"], ...pluginsText(report), ["then", answerText(report)]]);
  const name = match.name === null ? "" : ` (${match.name})`;
  const params = Object.entries(match.params).map(([param, value]) => `${param} = ${value}`);
  return columns([
    ["match", `${match.key}${name}`],
    ["by", patternText(match.uri, match.host)],
    ...(params.length > 0 ? [["captured", params.join(", ")]] : []),
    ...pluginsText(report),
    ["then", answerText(report)],
  ]);
}

function pluginsText({ plugins }: MatchReport): string[][] {
  return plugins.length > 0 ? [["plugins", plugins.join(", ")]] : [];
}

function answerText({ answer, table }: Pick<MatchReport, "answer" | "table">): string {
  if (answer.is === "answered by the gateway") return `${answer.status}: ${answer.reason}`;
  const { type, scheme, nodes, service_name: service } = answer.upstream;
  const shown = nodes.map(({ host, port, weight }) => {
    return `${host}${port === undefined ? "" : `:${port}`} (weight ${weight})`;
  });
  // Nodes of a service are found when they are published.
  const unknown =
    service !== undefined && table.from === "etcd"
      ? `what DNS says of ${service}`
      : "no node, so 503";
  const list = shown.length === 0 ? unknown : list3(shown);
  return `sent on to ${answer.upstreamKey} (${type}, ${scheme}): ${list}`;
}

function othersText({ others, rest }: MatchReport): string[] {
  const counts = Object.entries(rest) as [Reason, number][];
  const rows = others.flatMap((other) => {
    const [first = "", ...more] = reasonsOf(other);
    const name = other.name === undefined ? "" : ` (${other.name})`;
    const head = [`routes/${other.id}${name}`, patternText(other.uri, other.host), first];
    return [head, ...more.map((reason) => ["", "", reason])];
  });
  const left = counts.map(([reason, count]) => `${count} ${REASONS[reason]}`);
  return [
    ...(rows.length > 0 ? ["", "why not the others, the closest first:"] : []),
    ...columns(rows).map((line) => `  ${line}`),
    ...(left.length > 0 ? [`and ${rows.length > 0 ? "more" : "others"}: ${left.join(", ")}`] : []),
  ];
}

const REASONS: Readonly<Record<Reason, string>> = {
  disabled: "disabled",
  unsupported: "with a condition that no edge can evaluate",
  host: "for another host",
  path: "for another path",
  method: "for another method",
  address: "for other clients",
  vars: "whose vars do not hold",
  fault: "whose vars cannot be evaluated",
  loses: "that come later",
};

const RULES: Readonly<Record<Rule, string>> = {
  host: "would match, but its host is less exact",
  path: "would match, but its path is less exact",
  priority: "would match, but its priority is lower",
  patternBytes: "would match, but its path is the shorter one",
  key: "would match, but its key comes later",
};

function reasonsOf({ unmet, losesBy }: OtherRoute): string[] {
  if (unmet.length > 0) return unmet.flatMap(unmetText);
  return [losesBy ? RULES[losesBy] : "would match, but evaluating another route failed before it"];
}

function unmetText(unmet: Unmet): string[] {
  switch (unmet.condition) {
    case "disabled":
      return ["disabled: its status is 0"];
    case "unsupported":
      return [`${unmet.path}: ${unmet.reason}`];
    case "fault":
      return [`vars: ${unmet.reason}, which is answered with 500`];
    case "vars":
      return unmet.comparisons.map(decidedText);
    default:
      return [`${unmet.condition}: wants ${list3(unmet.wanted)}`];
  }
}

function decidedText({ path, comparison, found, holds }: Decided): string {
  const shown = found === undefined ? "nothing" : JSON.stringify(found);
  const must = holds ? " holds, but must not" : "";
  return `${path}: ${JSON.stringify(comparison)}${must}; found ${shown}`;
}

function patternText(uri: string, host: string | null | undefined): string {
  return host === null || host === undefined ? uri : `${host}${uri}`;
}

function list3(texts: readonly string[]): string {
  const more = texts.length > 3 ? ` and ${texts.length - 3} more` : "";
  return texts.slice(0, 3).join(", ") + more;
}
