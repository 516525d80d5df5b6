import { type HostShape, shapeOfHost, widerHost } from "./host-cover.ts";
import { keyOf, type PathShape, shapeTextOf, widerPath } from "./path-cover.ts";
import type { Way } from "./way.ts";

/** So many ways that share all keys with another are looked at; others may go unnoticed. */
const MOST_COMPARED = 100;

/**
 * All ways of one list of the index, so that those that accept as much as another are found without
 * comparing each with each: by tuple space search, as packet filters do it. A way lies under the shapes of
 * its host and path, its keys in these, and one rule of its `vars`. For a way, each pair of shapes that
 * occurs is asked once, under the keys that the way has there, for every rule that it has itself.
 */
export class WaysUnderKey {
  readonly #shapes = new Map<string, { readonly host: HostShape; readonly path: PathShape }>();
  readonly #ways = new Map<string, Way[]>();

  constructor(ways: readonly Way[]) {
    for (const way of ways) this.#add(way);
  }

  /** Ways of other routes whose host, path and `vars` accept all that those of `way` accept. */
  *widerThan(way: Way): Generator<Way> {
    const { id, rules } = way.route;
    for (const [shapes, { host, path }] of this.#shapes) {
      const hostKey = widerHost(way.host, host);
      const pathKey = hostKey === undefined ? undefined : widerPath(way.path, path);
      if (hostKey === undefined || pathKey === undefined) continue;
      for (const rule of ["", ...rules]) {
        const found = this.#ways.get(bucket(shapes, hostKey, pathKey, rule)) ?? [];
        for (const wider of found.slice(0, MOST_COMPARED)) {
          const isOther = wider.route.id !== id;
          if (isOther && wider.route.rules.every((each) => rules.includes(each))) yield wider;
        }
      }
    }
  }

  #add(way: Way): void {
    const host = shapeOfHost(way.host);
    const path = shapeTextOf(way.path);
    const shapes = `${host.shape} ${path}`;
    this.#shapes.set(shapes, { host: host.shape, path });
    const key = bucket(shapes, host.key, keyOf(way.path), way.route.rules[0] ?? "");
    const held = this.#ways.get(key);
    if (held) held.push(way);
    else this.#ways.set(key, [way]);
  }
}

function bucket(shapes: string, hostKey: string, pathKey: string, rule: string): string {
  return [shapes, hostKey, pathKey, rule].join("\n");
}
