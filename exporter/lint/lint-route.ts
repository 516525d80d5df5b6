import { type Expression, parseExpression } from "../../shared/expression/parse.ts";
import { isCostly } from "../../shared/expression/pcre.ts";
import type { Resource } from "../../shared/resources/resource.ts";
import type { IndexedRoute } from "../../shared/routing/route-entry.ts";
import { entriesOf } from "../../shared/routing/route-entry.ts";
import type { RouterName } from "../../shared/snapshot/format.ts";
import type { Finding } from "./finding.ts";
import { keyOf, shapeOfPath, shapeTextOf } from "./path-cover.ts";
import { unreachableHost, unreachablePath } from "./unreachable.ts";

/** What can be said of a route without looking at others; `key` is the whole one. */
export function lintRoute(
  router: RouterName,
  { value }: Resource<"routes">,
  route: IndexedRoute,
  key: string,
): readonly Finding[] {
  const warn = (rule: string, path: string, problem: string, remedy: string): Finding => {
    return { severity: "warning", rule, key, path, problem, remedy };
  };
  const findings: Finding[] = [];
  const pathOf = (index: number) => (value.uris ? `uris[${index}]` : "uri");
  for (const [index, uri] of route.uris.entries()) {
    const why = unreachablePath(router, uri);
    if (why !== undefined) {
      findings.push(warn("unreachable", pathOf(index), `no request has it: ${why}`, "correct it"));
    } else {
      const problem = writtenAsUrl(uri);
      if (problem) findings.push(warn("undecoded", pathOf(index), problem, REMEDY_DECODED));
    }
  }
  for (const [index, host] of route.hosts.entries()) {
    const why = unreachableHost(router, host);
    if (why === undefined) continue;
    findings.push(
      warn("unreachable", hostPath(value, index), `no request has it: ${why}`, "correct it"),
    );
  }
  for (const [index, earlier] of repeatedPaths(router, route)) {
    const problem = `it accepts the same paths as ${pathOf(earlier)}`;
    findings.push(warn("duplicate", pathOf(index), problem, "keep one of them"));
  }
  for (const [index, host] of route.hosts.entries()) {
    if (route.hosts.indexOf(host) === index) continue;
    const path = hostPath(value, index);
    findings.push(warn("duplicate", path, `${host} is there before`, "take it out"));
  }
  for (const [index, method] of route.methods.entries()) {
    // A Worker is not asked: its requests are no tunnels.
    if (method !== "CONNECT") continue;
    const problem = `no request at the edge has the method ${method}`;
    findings.push({
      ...warn("method", `methods[${index}]`, problem, "take it out, if only the edge serves it"),
      severity: "note",
    });
  }
  return [...findings, ...costlyPatterns(value.vars, warn)];
}

const REMEDY_DECODED =
  "write the path as it reads after decoding, and conditions on the query in vars";

/** Paths are matched decoded and without the query. */
function writtenAsUrl(uri: string): string | undefined {
  if (/[?#]/.test(uri))
    return "it has a query or fragment, which is not matched as part of the path";
  const encoded = /%[0-9a-fA-F]{2}/.exec(uri)?.[0];
  return encoded && `it has ${encoded}, but paths are matched after they were decoded`;
}

function hostPath(value: Resource<"routes">["value"], index: number): string {
  if (value.hosts) return `hosts[${index}]`;
  return value.host === undefined ? "service_id" : "host";
}

/** Positions of paths that are entered like one before, and that one's position. */
function* repeatedPaths(router: RouterName, route: IndexedRoute): Generator<[number, number]> {
  const seen = new Map<string, number>();
  for (const entry of entriesOf(router, { ...route, hosts: [] })) {
    const shape = shapeOfPath(entry);
    const accepted = [entry.isPrefix, entry.key, shapeTextOf(shape), keyOf(shape)].join("\n");
    const earlier = seen.get(accepted);
    if (earlier === undefined) seen.set(accepted, entry.position);
    else yield [entry.position, earlier];
  }
}

function costlyPatterns(
  vars: readonly unknown[] | undefined,
  warn: (rule: string, path: string, problem: string, remedy: string) => Finding,
): Finding[] {
  return comparisonsOf(parseExpression(vars ?? [])).flatMap((comparison) => {
    if (comparison.operator !== "~~" && comparison.operator !== "~*") return [];
    const { pattern, path, negated } = comparison;
    if (!pattern || !isCostly(pattern.text, { ignoreCase: pattern.ignoreCase })) return [];
    const problem = "the regular expression can take a very long time on a text made for it";
    const remedy = "leave no repetition inside a repetition that can take the same text";
    return [warn("costly", `vars${path}[${negated ? 3 : 2}]`, problem, remedy)];
  });
}

type Comparison = Extract<Expression, { readonly is: "comparison" }>;

function comparisonsOf(expression: Expression): readonly Comparison[] {
  if (expression.is === "always") return [];
  return expression.is === "comparison" ? [expression] : expression.of.flatMap(comparisonsOf);
}
