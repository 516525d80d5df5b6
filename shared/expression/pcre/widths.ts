import type { Node } from "./syntax.ts";

/** How many bytes a node may match; a reference counts for nothing. */
export interface Width {
  readonly min: number;
  readonly max: number;
}

const NONE: Width = { min: 0, max: 0 };

export function widthOf(node: Node): Width {
  switch (node.is) {
    case "set":
      return { min: 1, max: 1 };
    case "sequence":
      return node.of
        .map(widthOf)
        .reduce((a, b) => ({ min: a.min + b.min, max: a.max + b.max }), NONE);
    case "alternatives": {
      const widths = node.of.map(widthOf);
      return {
        min: Math.min(...widths.map(({ min }) => min)),
        max: Math.max(...widths.map(({ max }) => max)),
      };
    }
    case "group":
    case "atomic":
      return widthOf(node.of);
    case "repeat": {
      const { min, max } = widthOf(node.of);
      return { min: min * node.min, max: max === 0 ? 0 : max * node.max };
    }
    default:
      return NONE;
  }
}
