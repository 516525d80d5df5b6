import type { Manifest, Pointer } from "../../shared/snapshot/format.ts";
import type { Generation, ShownBody } from "../publish/operations.ts";

/** What the commands print for a person. */

export function generationsText(found: {
  readonly pointer: Pointer | undefined;
  readonly list: readonly Generation[];
}): string {
  if (found.list.length === 0) return "nothing has been published yet";
  const rows = found.list.map(({ manifest, live }) => [
    live ? "*" : "",
    String(manifest.generation),
    manifest.createdAt,
    `revision ${manifest.source.revision}`,
    `${manifest.counts.routes ?? 0} routes`,
    manifest.repeats === undefined ? "" : `repeats ${manifest.repeats}`,
  ]);
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

function columns(rows: readonly (readonly string[])[]): string[] {
  const widths = (rows[0] ?? []).map((_, i) =>
    Math.max(...rows.map((row) => (row[i] ?? "").length)),
  );
  return rows.map((row) =>
    row
      .map((cell, i) => cell.padEnd(widths[i] ?? 0))
      .join("  ")
      .trimEnd(),
  );
}
