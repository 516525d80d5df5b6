import type { Node } from "./syntax.ts";

/** How many parts a pattern has once its repetitions are written out, which is what both engines do. */
export function sizeOf(node: Node): number {
  switch (node.is) {
    case "sequence":
    case "alternatives":
      return node.of.reduce((size, part) => size + sizeOf(part), 1);
    case "group":
    case "atomic":
    case "look":
      return 1 + sizeOf(node.of);
    case "repeat": {
      const written = Number.isFinite(node.max) ? node.max : node.min + 1;
      return sizeOf(node.of) * Math.max(1, written);
    }
    default:
      return 1;
  }
}
