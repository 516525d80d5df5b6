import type { Resource } from "../../shared/resources/resource.ts";
import type { IndexedRoute } from "../../shared/routing/route-entry.ts";
import type { RouterName } from "../../shared/snapshot/format.ts";
import { indexedRoute } from "../compile/indexed-route.ts";
import type { Notice, Rejection } from "../rejection.ts";
import type { ResourceTable } from "../resource-table.ts";
import { conflictingRules } from "../validate/global-rules.ts";
import { noticesOf } from "../validate/notices.ts";
import { danglingReferences } from "../validate/references.ts";
import { findShadows } from "./find-shadows.ts";
import { compareFindings, type Finding, type Severity } from "./finding.ts";
import { lintRoute } from "./lint-route.ts";

/** Everything that can be said of a configuration, the worst first. Takes one look at each resource. */
export function lint(table: ResourceTable, router: RouterName): readonly Finding[] {
  const whole = (key: string) => `${table.prefix}/${key}`;
  const exists = (key: string) => table.has(key);
  const findings = table.rejections().map(ofRejection);
  const matching: IndexedRoute[] = [];
  for (const resource of table.all()) {
    const key = whole(resource.key);
    for (const notice of noticesOf(resource, key, table.reach)) findings.push(ofNotice(notice));
    for (const notice of danglingReferences(resource, exists, whole)) {
      findings.push({ ...ofNotice(notice), severity: "error", rule: "dangling" });
    }
    if (resource.kind !== "routes") continue;
    const route = indexedRoute(resource as Resource<"routes">, table);
    if (!route) continue;
    matching.push(route);
    findings.push(...lintRoute(router, resource as Resource<"routes">, route, key));
  }
  for (const notice of conflictingRules(table.ofKind("global_rules"), whole)) {
    findings.push({ ...ofNotice(notice), severity: "warning", rule: "conflict" });
  }
  findings.push(...shadowFindings(router, matching, whole));
  return findings.sort(compareFindings);
}

function ofRejection({ key, path, found, wanted, remedy }: Rejection): Finding {
  const problem = `found ${found}, want ${wanted}; the value is not used`;
  return { severity: "error", rule: "rejected", key, path, problem, remedy };
}

function ofNotice({ key, path, effect, reason, remedy }: Notice): Finding {
  const severity = severityOf(path, effect);
  return { severity, rule: effect, key, path, problem: reason, remedy };
}

function severityOf(path: string, effect: Notice["effect"]): Severity {
  if (effect === "refused") return "warning";
  // Nobody writes a condition so that it holds nowhere.
  return path.startsWith("vars") ? "warning" : "note";
}

function* shadowFindings(
  router: RouterName,
  routes: readonly IndexedRoute[],
  whole: (key: string) => string,
): Generator<Finding> {
  const { shadowed, overlapped } = findShadows(router, routes);
  const wholeRoute = (id: string) => whole(`routes/${id}`);
  for (const [id, by] of shadowed) {
    const others = by.map(wholeRoute);
    yield {
      severity: "warning",
      rule: "shadowed",
      key: wholeRoute(id),
      path: "",
      problem: `it never matches: ${others.join(", ")} always come${others.length > 1 ? "" : "s"} first`,
      remedy: "take it out, give it a higher priority, or narrow what comes first",
    };
  }
  for (const [id, { by, uri }] of overlapped) {
    yield {
      severity: "warning",
      rule: "overlap",
      key: wholeRoute(id),
      path: "",
      problem: `${wholeRoute(by)} has ${uri} too, and comes first by nothing but its key`,
      remedy: "give one of them a higher priority",
    };
  }
}
