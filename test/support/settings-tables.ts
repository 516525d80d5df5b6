import { EDGE_SETTINGS } from "../../edge/settings.ts";
import { SETTINGS, wantedText } from "../../exporter/config/settings.ts";

/** The tables of docs/configuration.md, made from the settings themselves. */

export function exporterTable(): string {
  const rows = SETTINGS.map((setting) => {
    const secret = "secret" in setting && setting.secret ? `; also \`${setting.name}_FILE\`` : "";
    const fallback = setting.fallback ? `\`${setting.fallback}\`` : "";
    return [`\`${setting.name}\``, fallback, `${setting.about}${secret}`, wantedText(setting.kind)];
  });
  return table(["setting", "default", "meaning", "value"], rows);
}

export function edgeTable(): string {
  const rows = EDGE_SETTINGS.map(({ name, fallback, about }) => [
    `\`${name}\``,
    fallback ? `\`${fallback}\`` : "",
    about,
  ]);
  return table(["setting", "default", "meaning"], rows);
}

export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) =>
    `| ${cells.map((cell) => cell.replaceAll("|", "\\|")).join(" | ")} |`;
  return [line(head), `|${head.map(() => "---").join("|")}|`, ...rows.map(line)].join("\n");
}
