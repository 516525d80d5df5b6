import type { Manifest, Pointer } from "../../shared/snapshot/format.ts";
import type { Generation, ShownBody } from "../publish/operations.ts";

/** What the commands print for a person. */

export function generationsText(found: {
  readonly pointer: Pointer | undefined;
  readonly list: readonly Generation[];
}): string {
  if (found.list.length === 0) return "nothing has been published yet";
  const rows = found.list.map(({ generation, live, manifest, damage }) => {
    const head = [live ? "*" : "", String(generation)];
    if (!manifest) return [...head, damage];
    return [
      ...head,
      manifest.createdAt,
      `revision ${manifest.source.revision}`,
      `${manifest.counts.routes ?? 0} routes`,
      manifest.repeats === undefined ? "" : `repeats ${manifest.repeats}`,
    ];
  });
  const hold = found.pointer?.hold;
  const held = hold
    ? [`held: ${hold.reason}, since ${hold.since}; \`snapgate resume\` ends it`]
    : [];
  return [...columns(rows), ...held].join("\n");
}

export function showText(found: {
  readonly manifest: Manifest;
  readonly resources: readonly ShownBody[];
}): string {
  const { manifest, resources } = found;
  const head = [
    `generation ${manifest.generation}, published ${manifest.createdAt}`,
    `from revision ${manifest.source.revision} of cluster ${manifest.source.clusterId}`,
    `router ${manifest.router}, content ${manifest.content}`,
    ...(manifest.repeats === undefined ? [] : [`repeats generation ${manifest.repeats}`]),
  ];
  return [...head, ...resources.map(({ key }) => `  ${key}`)].join("\n");
}

/** A row's last cell may be as long as it likes. */
export function columns(rows: readonly (readonly string[])[]): string[] {
  const widths: number[] = [];
  for (const row of rows) {
    for (const [i, cell] of row.slice(0, -1).entries()) {
      widths[i] = Math.max(widths[i] ?? 0, cell.length);
    }
  }
  return rows.map((row) =>
    row
      .map((cell, i) => cell.padEnd(widths[i] ?? 0))
      .join("  ")
      .trimEnd(),
  );
}

/** `1 error`, `2 errors` */
export function counted(count: number, what: string): string {
  return `${count} ${what}${count === 1 ? "" : "s"}`;
}
