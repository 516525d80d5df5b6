import { describe, expect, it } from "vitest";
import { allEntries, PagedTree, type TreeNode } from "../../../shared/snapshot/paged-tree.ts";
import { type Random, runSeed, seededRandom } from "../../support/random.ts";

interface Entry {
  readonly key: string;
  readonly order: number;
}

const LIMIT = 12;

const tree = new PagedTree<Entry>({
  keyOf: ({ key }) => key,
  compare: (a, b) => (a.key === b.key ? a.order - b.order : a.key < b.key ? -1 : 1),
  weigh: ({ order }) => 1 + (order % 3),
  limit: LIMIT,
});

type Root = TreeNode<Entry> | undefined;

function leaves(node: Root): Entry[][] {
  if (!node) return [];
  return node.is === "leaf" ? [[...node.entries]] : [...leaves(node.left), ...leaves(node.right)];
}

function leafNodes(node: TreeNode<Entry>): TreeNode<Entry>[] {
  return node.is === "leaf" ? [node] : [...leafNodes(node.left), ...leafNodes(node.right)];
}

const entryOf = (random: Random): Entry => ({
  key: `k${random.below(80)}`,
  order: random.below(5),
});

describe("a paged tree", () => {
  it("has the same parts whatever the order in which its entries came and went", () => {
    const random = seededRandom(runSeed());
    for (let round = 0; round < 40; round++) {
      let root: Root;
      const held = new Map<string, Entry>();
      for (let step = 0; step < 150; step++) {
        const entry = entryOf(random);
        const name = `${entry.key} ${entry.order}`;
        if (held.has(name)) {
          root = tree.change(root, [held.get(name) as Entry], []);
          held.delete(name);
        } else {
          root = tree.change(root, [], [entry]);
          held.set(name, entry);
        }
        const where = `seed ${random.seed}, round ${round}, step ${step}`;
        expect(root, where).toEqual(tree.build([...held.values()]));
      }
    }
  });

  it("has the same parts though many entries came and went at once", () => {
    const random = seededRandom(runSeed());
    for (let round = 0; round < 60; round++) {
      let root: Root;
      const held = new Map<string, Entry>();
      for (let step = 0; step < 25; step++) {
        const removed = [...held.values()].filter(() => random.chance(0.3));
        for (const { key, order } of removed) held.delete(`${key} ${order}`);
        const added = new Map<string, Entry>();
        for (let left = random.below(40); left > 0; left--) {
          const entry = entryOf(random);
          const name = `${entry.key} ${entry.order}`;
          if (!held.has(name)) added.set(name, entry);
        }
        for (const [name, entry] of added) held.set(name, entry);
        root = tree.change(root, removed, [...added.values()]);
        const where = `seed ${random.seed}, round ${round}, step ${step}`;
        expect(root, where).toEqual(tree.build([...held.values()]));
      }
    }
  });

  it("never parts the entries of one key, and cuts whatever is too large and can be cut", () => {
    const random = seededRandom(runSeed());
    const entries = new Map<string, Entry>();
    for (let i = 0; i < 600; i++) {
      const entry = entryOf(random);
      entries.set(`${entry.key} ${entry.order}`, entry);
    }
    const parts = leaves(tree.build([...entries.values()]));
    expect(parts.length).toBeGreaterThan(20);
    const keys = parts.map((part) => new Set(part.map(({ key }) => key)));
    expect(new Set(keys.flatMap((own) => [...own])).size).toBe(
      keys.reduce((sum, own) => sum + own.size, 0),
    );
    for (const [i, part] of parts.entries()) {
      const weight = part.reduce((sum, { order }) => sum + 1 + (order % 3), 0);
      if (weight > LIMIT) expect(keys[i]?.size).toBe(1);
    }
  });

  it("of a changed entry keeps all but the parts on the way to it", () => {
    const entries = Array.from({ length: 4000 }, (_, i) => ({ key: `key-${i}`, order: 0 }));
    const root = tree.build(entries) as TreeNode<Entry>;
    const nodes = new Set<TreeNode<Entry>>();
    const note = (node: TreeNode<Entry>) => {
      nodes.add(node);
      if (node.is === "split") {
        note(node.left);
        note(node.right);
      }
    };
    note(root);
    const changed = tree.change(root, [], [{ key: "key-2000", order: 1 }]) as TreeNode<Entry>;
    let fresh = 0;
    const count = (node: TreeNode<Entry>) => {
      if (nodes.has(node)) return;
      fresh += 1;
      if (node.is === "split") {
        count(node.left);
        count(node.right);
      }
    };
    count(changed);
    expect(fresh).toBeLessThan(60);
    expect(allEntries(root)).toHaveLength(4000);
    expect(allEntries(changed)).toHaveLength(4001);
  });

  it("keeps the parts that hold the same, though the key that cut first goes and comes back", () => {
    const entries = Array.from({ length: 4000 }, (_, i) => ({ key: `key-${i}`, order: 0 }));
    const root = tree.build(entries) as TreeNode<Entry>;
    if (root.is !== "split") throw new Error("it is cut");
    const cut = entries.filter(({ key }) => key === root.key);
    const without = tree.change(root, cut, []) as TreeNode<Entry>;
    const again = tree.change(without, [], cut) as TreeNode<Entry>;
    const before = new Set(leafNodes(root));
    expect(again).toEqual(root);
    expect(leafNodes(without).filter((leaf) => !before.has(leaf)).length).toBeLessThan(6);
    expect(leafNodes(again).filter((leaf) => !before.has(leaf)).length).toBeLessThan(6);
    expect(tree.change(root, cut, cut)).toEqual(root);
  });

  it("finds the greatest key that is not more, and that is less", () => {
    const random = seededRandom(runSeed());
    const keys = [...new Set(Array.from({ length: 200 }, () => `k${random.below(900)}`))].sort();
    const root = tree.build(keys.map((key) => ({ key, order: 0 }))) as TreeNode<Entry>;
    for (let i = 0; i < 2000; i++) {
      const wanted = `k${random.below(999)}`;
      const atMost = keys.findLast((key) => key <= wanted);
      const below = keys.findLast((key) => key < wanted);
      expect(tree.floor(root, wanted), `seed ${random.seed}, ${wanted}`).toBe(atMost);
      expect(tree.floor(root, wanted, true), `seed ${random.seed}, ${wanted}`).toBe(below);
      expect(tree.find(root, wanted)?.key).toBe(keys.includes(wanted) ? wanted : undefined);
    }
  });
});
