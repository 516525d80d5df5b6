import { writeFileSync } from "node:fs";
import { type Command, Option } from "commander";
import { canonicalText } from "../../shared/json-schema/lua-value.ts";
import { documentOf, documentText, looksFilledIn } from "../apply/standalone-document.ts";
import {
  type ConfigurationDeps,
  readConfiguration,
  type StoredConfiguration,
} from "../apply/stored-configuration.ts";
import { fieldCipher } from "../encryption/field-cipher.ts";
import { APISIX_DEFAULT_KEYS, Keyring } from "../encryption/keyring.ts";
import { formatOf, type StandaloneFormat } from "../table/read-standalone.ts";
import { validate } from "../validate.ts";

export interface DumpOptions {
  readonly format?: StandaloneFormat;
}

export interface Dump {
  readonly text: string;
  /** What a person should know. */
  readonly warnings: readonly string[];
  /** Keys that the format has no place for: the dump is not all there is. */
  readonly leftOut: readonly string[];
}

export function addDumpOptions(command: Command): Command {
  return command
    .argument("[file]", "where to write it; else it is printed")
    .addOption(
      new Option("--format <format>", "by default as the file's name says, else YAML").choices([
        "yaml",
        "json",
      ]),
    );
}

/** What etcd holds, as a standalone file. Throws what reading etcd throws. */
export async function dump(
  file: string | undefined,
  options: DumpOptions,
  deps: ConfigurationDeps,
  signal: AbortSignal,
): Promise<Dump> {
  const stored = await readConfiguration(deps, signal);
  const document = documentOf(stored);
  const format = options.format ?? (file === undefined ? "yaml" : formatOf(file));
  const unread = [...stored.resources.values()].filter(({ value }) => value === undefined);
  return {
    text: documentText(document, format),
    warnings: [...secretWarnings(stored), ...oddities(stored)],
    leftOut: [...unread.map(({ key }) => key), ...stored.decorations, ...stored.others],
  };
}

/** For the owner alone: it may hold keys and passwords. Throws what the file system does. */
export function writeDump(path: string, text: string): void {
  writeFileSync(path, text, { mode: 0o600 });
}

export function leftOutText(keys: readonly string[]): string {
  const shown = keys.slice(0, 5).join(", ");
  const more = keys.length > 5 ? ` and ${keys.length - 5} more` : "";
  return `left out, for the format has no place for it, or it is no JSON object: ${shown}${more}`;
}

/** Which values would be encrypted, by whatever key: those hold secrets. */
function secretWarnings({ resources }: StoredConfiguration): string[] {
  const cipher = fieldCipher(new Keyring(APISIX_DEFAULT_KEYS));
  const secret = [...resources.values()].filter(({ kind, id, value }) => {
    if (!value) return false;
    const encrypted = structuredClone(value);
    cipher.encrypt(kind, id, encrypted);
    return kind === "secrets" || canonicalText(encrypted) !== canonicalText(value);
  });
  if (secret.length === 0) return [];
  const [first] = secret;
  const more = secret.length > 1 ? ` and ${secret.length - 1} more` : "";
  return [`it holds secrets, e.g. of ${first?.key}${more}: keep it as you keep those`];
}

function oddities({ resources }: StoredConfiguration): string[] {
  const odd: string[] = [];
  for (const { key, value } of resources.values()) {
    if (!value) continue;
    if (looksFilledIn(value)) {
      odd.push(`${key} has a text like \${{NAME}}, which whoever reads the file will fill in`);
    }
    const bytes = new TextEncoder().encode(JSON.stringify(value));
    const verdict = validate({ key: `/${key}`, value: bytes, modRevision: 0 }, "");
    if (verdict.is !== "rejected") continue;
    const { path, found, wanted } = verdict.rejection;
    odd.push(`${key} ${path} is not valid: found ${found}, want ${wanted}`);
  }
  const left = odd.length - MOST_TOLD;
  return [...odd.slice(0, MOST_TOLD), ...(left > 0 ? [`and ${left} more of these`] : [])];
}

const MOST_TOLD = 20;
