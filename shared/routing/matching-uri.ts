import { decodePath, normaliseUri } from "./normalise.ts";

/** APISIX's settings of these names. They change matching, never what is forwarded. */
export interface UriSettings {
  readonly deleteUriTailSlash: boolean;
  readonly normalizeUriLikeServlet: boolean;
  readonly matchUriEncodedSlash: boolean;
}

/** As nginx made it. */
export const DEFAULT_URI_SETTINGS: UriSettings = {
  deleteUriTailSlash: false,
  normalizeUriLikeServlet: false,
  matchUriEncodedSlash: false,
};

/** The path of one request, as its two readers see it. */
export interface MatchingUri {
  /** The variable `uri`: what plugins and `vars` see. */
  readonly uri: string;
  /** What the router takes and captures parameters from; differs by the `%2F` that it keeps. */
  readonly matched: string;
}

const ENCODED_SLASH = /%2f/i;
const DOTS = /^(\.|%2e){1,2}$/i;

/** Undefined where APISIX answers 400: as `normaliseUri`, or the servlet rules refuse the path. */
export function matchingUri(target: string, settings: UriSettings): MatchingUri | undefined {
  const normalised = normaliseUri(target);
  if (normalised === undefined) return undefined;
  let uri: string | undefined = normalised;
  if (settings.deleteUriTailSlash && uri.endsWith("/")) uri = uri.slice(0, -1);
  // Begins again from the path with its slash, as APISIX does: with both, the slash stays.
  if (settings.normalizeUriLikeServlet) uri = withoutPathParameters(normalised);
  if (uri === undefined) return undefined;
  if (!settings.matchUriEncodedSlash) return { uri, matched: uri };
  return { uri, matched: keepingEncodedSlashes(target, uri) ?? uri };
}

/**
 * Every segment cut at its `;`. Where there is one, a trailing slash goes too, as it does in APISIX.
 * Undefined: a segment that would be dots or empty without its parameters, which some servers resolve.
 */
function withoutPathParameters(uri: string): string | undefined {
  if (!uri.includes(";")) return uri;
  const segments = uri.split("/");
  if (segments.at(-1) === "") segments.pop();
  for (const [i, segment] of segments.entries()) {
    const end = segment.indexOf(";");
    if (end < 0) continue;
    const kept = segment.slice(0, end);
    if (kept === "" && i < segments.length - 1) return undefined;
    if (DOTS.test(kept)) return undefined;
    segments[i] = kept;
  }
  return segments.join("/");
}

/**
 * The target's path with everything decoded but its encoded slashes, which become `%2F`. Undefined where
 * it has none, or where decoding alone does not give `uri`: then the path was cleaned as well, and what
 * was cleaned away must not come back.
 */
function keepingEncodedSlashes(target: string, uri: string): string | undefined {
  const [path = ""] = target.split(/[?#]/, 1);
  if (!ENCODED_SLASH.test(path) || decodePath(path) !== uri) return undefined;
  return path.split(ENCODED_SLASH).map(decodePath).join("%2F");
}
