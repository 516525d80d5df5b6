import { describe, expect, it } from "vitest";
import type { IndexedRoute } from "../../../shared/routing/route-entry.ts";
import { RouteTree } from "../../../shared/routing/route-tree.ts";
import type { Body } from "../../../shared/snapshot/body-chunk.ts";
import { BodyTree } from "../../../shared/snapshot/body-tree.ts";
import type { TreeNode } from "../../../shared/snapshot/paged-tree.ts";
import { type FreshChunks, TreeChunks } from "../../../shared/snapshot/tree-chunks.ts";
import { type Random, runSeed, seededRandom } from "../../support/random.ts";

/** A tree and a store that has every chunk that was written once it is live, as a publisher has it. */
class Published<E> {
  readonly #tree: { readonly root: TreeNode<E> | undefined };
  readonly #chunks: TreeChunks<E>;
  readonly #known = new Set<string>();

  constructor(tree: { readonly root: TreeNode<E> | undefined }, chunks: TreeChunks<E>) {
    this.#tree = tree;
    this.#chunks = chunks;
  }

  /** How many chunks it writes. */
  async publish(): Promise<number> {
    const fresh: FreshChunks = new Map();
    const { confirm } = await this.#chunks.write(this.#tree.root, this.#known, fresh);
    confirm();
    return fresh.size;
  }
}

const ROUTES = 4000;

function aBody(i: number, port = 8080): Body {
  const key = `routes/${i}`;
  const json = JSON.stringify({ value: { uri: `/r${i}`, port }, modRevision: 10_000 + i });
  return { key, json, length: json.length };
}

const aRoute = (random: Random, i: number): IndexedRoute => ({
  id: String(i),
  uris: [`/team-${random.below(20)}/service-${random.below(200)}/operation-${i}`],
  hosts: random.chance(0.8) ? [`tenant-${random.below(300)}.example.com`] : [],
  methods: [],
  priority: 0,
  remoteAddrs: [],
});

describe("publishing one change", () => {
  it("of any body writes one leaf and the branches above it, a key that cuts among them", async () => {
    const tree = new BodyTree(1000);
    const published = new Published(tree, new TreeChunks(tree.codec));
    tree.apply(Array.from({ length: ROUTES }, (_, i) => [`routes/${i}`, aBody(i)] as const));
    expect(await published.publish()).toBeGreaterThan(400);
    for (let i = 0; i < ROUTES; i++) {
      tree.apply([[`routes/${i}`, aBody(i, 8081)]]);
      expect(await published.publish(), `route ${i}`).toBe(3);
    }
  });

  it("of what a route matches writes two pages, the branches above both, and seldom one more", async () => {
    const random = seededRandom(runSeed());
    const tree = new RouteTree("radixtree_host_uri", 1000, 32);
    const published = new Published(tree, new TreeChunks(tree.codec));
    tree.apply(Array.from({ length: ROUTES }, (_, i) => [String(i), aRoute(random, i)] as const));
    expect(await published.publish()).toBeGreaterThan(300);
    const writes: number[] = [];
    for (let i = 0; i < 500; i++) {
      const id = random.below(ROUTES);
      tree.apply([[String(id), aRoute(random, id)]]);
      writes.push(await published.publish());
    }
    writes.sort((a, b) => a - b);
    const where = `seed ${random.seed}`;
    expect(writes[250], where).toBeLessThanOrEqual(5);
    expect(writes[490], where).toBeLessThanOrEqual(9);
  });

  it("of a route that comes back as it was writes again only what it had changed", async () => {
    const random = seededRandom(runSeed());
    const tree = new RouteTree("radixtree_uri", 1000, 32);
    const published = new Published(tree, new TreeChunks(tree.codec));
    const routes = Array.from({ length: ROUTES }, (_, i) => aRoute(random, i));
    tree.apply(routes.map((route) => [route.id, route] as const));
    await published.publish();
    for (const route of routes.slice(0, 300)) {
      tree.apply([[route.id, undefined]]);
      tree.apply([[route.id, route]]);
      expect(await published.publish(), `seed ${random.seed}, route ${route.id}`).toBeLessThan(12);
    }
  });
});
