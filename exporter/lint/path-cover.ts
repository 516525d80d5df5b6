import type { RouteEntry } from "../../shared/routing/route-entry.ts";

/**
 * Which path patterns accept all that another accepts, among those under one key of the index. As with
 * hosts, a pattern belongs to a shape, and has a key under every shape that is wider.
 */

/** A pattern, as far as it matters what it accepts. */
export type ShapedPath =
  /** Everything under its key. */
  | { readonly is: "all" }
  /** Text and `:name` segments; `isOpen`: then a last `*`. */
  | {
      readonly is: "segments";
      readonly segments: readonly string[];
      readonly isOpen: boolean;
      readonly shape: string;
      readonly key: string;
    }
  /** Stars elsewhere: only the same pattern is known to accept as much. */
  | { readonly is: "stars"; readonly key: string };

/** What all patterns of it share; `PathShape` of `all` is empty. */
export type PathShape = string;

const STARS = "stars";

export function shapeOfPath({
  pattern,
  capture,
}: Pick<RouteEntry, "pattern" | "capture">): ShapedPath {
  if (capture === "none" || capture === "tail") return { is: "all" };
  // The names of captures do not matter.
  const segments = pattern.split("/").map((segment) => {
    return segment.startsWith(":") || segment.startsWith("*") ? segment.charAt(0) : segment;
  });
  const key = segments.join("/");
  const star = segments.indexOf("*");
  if (star >= 0 && star < segments.length - 1) return { is: "stars", key };
  const isOpen = star >= 0;
  const kept = isOpen ? segments.slice(0, -1) : segments;
  return { is: "segments", segments: kept, isOpen, shape: shapeText(kept, isOpen), key };
}

export function shapeTextOf(path: ShapedPath): PathShape {
  if (path.is === "all") return "";
  return path.is === "stars" ? STARS : path.shape;
}

export function keyOf(path: ShapedPath): string {
  return path.is === "all" ? "" : path.key;
}

/** The key of the patterns of `shape` that accept all that `path` accepts; undefined: none can. */
export function widerPath(path: ShapedPath, shape: PathShape): string | undefined {
  if (shape === "") return "";
  if (path.is === "all") return undefined;
  if (shape === STARS) return path.is === "stars" ? path.key : undefined;
  const segments = path.is === "stars" ? path.key.split("/") : path.segments;
  const isOpen = shape.endsWith("*");
  const wanted = isOpen ? shape.length - 1 : shape.length;
  if (isOpen ? segments.length + Number(isOpenPath(path)) <= wanted : !isClosed(path, wanted)) {
    return undefined;
  }
  const wider: string[] = [];
  for (let i = 0; i < wanted; i++) {
    const segment = segments[i];
    // What a star stands for may have slashes in it, so it fills no segment.
    if (segment === undefined || segment === "*") return undefined;
    const captures = shape.charAt(i) === ":";
    if (captures && segment === "") return undefined;
    wider.push(captures ? ":" : segment);
  }
  return [...wider, ...(isOpen ? ["*"] : [])].join("/");
}

function isOpenPath(path: ShapedPath): boolean {
  return path.is === "segments" && path.isOpen;
}

function isClosed(path: ShapedPath, length: number): boolean {
  return path.is === "segments" && !path.isOpen && path.segments.length === length;
}

/** A character a segment: `:` captures one, `=` is text; `*` last takes all that follows. */
function shapeText(segments: readonly string[], isOpen: boolean): PathShape {
  const kinds = segments.map((segment) => (segment === ":" ? ":" : "=")).join("");
  return isOpen ? `${kinds}*` : kinds;
}
