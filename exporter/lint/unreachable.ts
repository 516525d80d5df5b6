import { captureKind, pathEntry } from "../../shared/routing/path-pattern.ts";
import { utf8String } from "../../shared/routing/uri-bytes.ts";
import type { RouterName } from "../../shared/snapshot/format.ts";

/** Why no request can have a path that this pattern accepts; undefined: some can. */
export function unreachablePath(router: RouterName, uri: string): string | undefined {
  const pattern = utf8String(uri);
  const { kind, text } = pathEntry(router, pattern);
  // `*`; and what a setting of the edge makes of `/`.
  if (text === "") return undefined;
  if (!text.startsWith("/")) return "the path of a request begins with /";
  // Behind a prefix without captures nothing is looked at.
  const isWhole = kind === "exact" || captureKind(pattern, text.length) !== "none";
  const seen = isWhole ? pattern : text;
  if (seen.includes("\0")) return "a path has no NUL";
  if (seen.includes("//")) return "slashes in a row are made one before a path is matched";
  const dots = isWhole ? /\/\.\.?(\/|$)/ : /\/\.\.?\//;
  return dots.test(seen) ? "dot segments are resolved before a path is matched" : undefined;
}

/** Why no request can have a host that this pattern accepts; undefined: some can. */
export function unreachableHost(router: RouterName, host: string): string | undefined {
  const text = host.replace(/^\*/, "");
  const name = text.replace(/^\[[^\]]*\]/, "");
  if (name.includes(":")) {
    // Elsewhere it is held against the Host header as sent.
    return router === "radixtree_host_uri"
      ? `${router} matches hosts without their port`
      : undefined;
  }
  if (text.includes("..")) return "a host has no two dots in a row";
  return text.endsWith(".") ? "a host is matched without its last dot" : undefined;
}
