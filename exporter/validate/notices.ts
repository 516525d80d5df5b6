import { type PluginMap, unservedPlugins } from "../../shared/plugins/support.ts";
import { KINDS } from "../../shared/resources/kinds.ts";
import type { Reach } from "../../shared/resources/reach.ts";
import type { Resource } from "../../shared/resources/resource.ts";
import { patternsThatMatchNothing } from "../../shared/resources/route-conditions.ts";
import { scriptRefusal, unmatchable } from "../../shared/resources/route-support.ts";
import type { Upstream } from "../../shared/resources/upstream.ts";
import {
  balancerRefusal,
  type Refusal,
  upstreamIgnored,
  upstreamRefusal,
} from "../../shared/resources/upstream-support.ts";
import type { Notice } from "../rejection.ts";
import { hasPlugins, pluginNotices } from "./plugin-notices.ts";

/** What the edge will not do of a valid resource (invariant 8). `key` is the whole etcd key. */
export function noticesOf(resource: Resource, key: string, reach: Reach): readonly Notice[] {
  const { unserved } = KINDS[resource.kind];
  if (unserved) return [{ key, path: "", effect: "unserved", ...unserved }];
  const value = resource.value as Partial<Record<string, unknown>>;
  const notices: Notice[] = [];
  const refused = (refusal: Refusal | undefined, below = "") => {
    if (refusal) notices.push({ key, effect: "refused", ...refusal, path: below + refusal.path });
  };
  const ofUpstream = (upstream: Upstream, below: string) => {
    const refusal = upstreamRefusal(upstream, resource.key, reach) ?? balancerRefusal(upstream);
    return upstreamNotices(upstream, refusal, key, below);
  };
  if (isKind(resource, "routes")) {
    refused(unmatchable(resource.value));
    for (const found of patternsThatMatchNothing(resource.value)) {
      notices.push({ key, effect: "ignored", ...found });
    }
  }
  if (isKind(resource, "routes") || isKind(resource, "services")) {
    refused(scriptRefusal(resource.value));
    if (resource.value.upstream) notices.push(...ofUpstream(resource.value.upstream, "upstream."));
  }
  if (isKind(resource, "upstreams")) notices.push(...ofUpstream(resource.value, ""));
  const plugins = hasPlugins(resource.kind) ? value.plugins : undefined;
  const unservedOnes = unservedPlugins(plugins as PluginMap | undefined);
  for (const { name, support } of unservedOnes) {
    const effect = support.is === "refused" ? "refused" : "ignored";
    notices.push({
      key,
      path: `plugins.${name}`,
      effect,
      reason: support.reason,
      remedy: support.remedy,
    });
  }
  const ignored = new Set(
    unservedOnes.flatMap(({ name, support }) => (support.is === "ignored" ? [name] : [])),
  );
  const ofSettings = pluginNotices(resource, (name) => ignored.has(name));
  notices.push(...ofSettings.map((notice) => ({ key, ...notice })));
  return notices;
}

function upstreamNotices(
  upstream: Upstream,
  refusal: Refusal | undefined,
  key: string,
  below: string,
): Notice[] {
  const refused: Notice[] = refusal
    ? [{ key, effect: "refused", ...refusal, path: below + refusal.path }]
    : [];
  const ignored = upstreamIgnored(upstream).map(([path, reason, remedy]): Notice => {
    const toDo = remedy ?? "nothing to do";
    return { key, path: below + path, effect: "ignored", reason, remedy: toDo };
  });
  return [...refused, ...ignored];
}

function isKind<K extends Resource["kind"]>(resource: Resource, kind: K): resource is Resource<K> {
  return resource.kind === kind;
}
