import { readFileSync } from "node:fs";
import { IpRangeError, parseIpRanges } from "../../shared/routing/ip-ranges.ts";
import { parseAdminKeys } from "../admin/admin-keys.ts";
import { APISIX_DEFAULT, isKey } from "../encryption/keyring.ts";
import {
  type Setting,
  type SettingKind,
  type SettingName,
  type SettingValue,
  wantedText,
} from "./settings.ts";

/** One thing that is wrong with the configuration. */
export interface Problem {
  readonly setting: string;
  readonly found: string;
  readonly wanted: string;
}

export type Environment = Readonly<Record<string, string | undefined>>;

/** Gives the value of a setting that has been read. */
export type Read = <T extends SettingValue>(name: SettingName) => T;

export interface ReadSettings {
  readonly values: ReadonlyMap<string, SettingValue>;
  readonly problems: readonly Problem[];
}

/** Reads every setting from the file and the environment, which wins; finds all problems at once. */
export function readSettings(
  settings: readonly Setting[],
  environment: Environment,
  file: Readonly<Record<string, unknown>>,
): ReadSettings {
  const problems: Problem[] = [];
  const values = new Map<string, SettingValue>();
  for (const setting of settings) {
    const written = writtenValue(setting, environment, file, problems);
    if (written === undefined) continue;
    const value = parse(setting.kind, written);
    if (value === undefined) {
      const found = setting.secret ? "a value that is not shown here" : JSON.stringify(written);
      problems.push({ setting: setting.name, found, wanted: wantedText(setting.kind) });
    } else {
      values.set(setting.name, value);
    }
  }
  const known = new Set(settings.flatMap(({ name }) => [name, `${name}_FILE`]));
  for (const name of Object.keys(file)) {
    if (known.has(name)) continue;
    const near = settings.find((setting) => looksLike(setting.name, name));
    const wanted = near ? `${near.name}, perhaps` : "a setting of docs/configuration.md";
    problems.push({ setting: name, found: "a setting that does not exist", wanted });
  }
  return { values, problems };
}

function writtenValue(
  setting: Setting,
  environment: Environment,
  file: Readonly<Record<string, unknown>>,
  problems: Problem[],
): string | undefined {
  const { name } = setting;
  const direct = environment[name] ?? scalar(file[name]);
  if (direct !== undefined && direct !== "") return direct;
  const path = setting.secret
    ? (environment[`${name}_FILE`] ?? scalar(file[`${name}_FILE`]))
    : undefined;
  if (!path) return direct ?? setting.fallback;
  const content = readText(path);
  if (content !== undefined) return content.replace(/\r?\n$/, "");
  const wanted = "the path of a file that can be read";
  problems.push({ setting: `${name}_FILE`, found: JSON.stringify(path), wanted });
  return undefined;
}

function parse(kind: SettingKind, written: string): SettingValue {
  switch (kind.is) {
    case "text":
      return written;
    case "choice":
      return kind.of.includes(written) ? written : undefined;
    case "flag":
      return { true: true, false: false }[written.toLowerCase()];
    case "number": {
      const value = Number(written);
      return /^\d+$/.test(written) && value >= kind.min && value <= kind.max ? value : undefined;
    }
    case "share": {
      const value = Number(written);
      return written.trim() !== "" && value >= 0 && value <= 1 ? value : undefined;
    }
    case "endpoints":
      return parseEndpoints(written);
    case "list":
      return parseList(written, kind.isMember);
    case "listen":
      return /^(\[[0-9a-fA-F:]+\]|[^:\s]+):\d{1,5}$/.test(written) ? written : undefined;
    case "file":
      return readText(written);
    case "networks":
      return parseList(written, isNetwork);
    case "admin-keys":
      return parseAdminKeys(written) && written;
    case "keyring":
      return parseList(written, (key) => key === APISIX_DEFAULT || isKey(key));
  }
}

function parseEndpoints(written: string): readonly string[] | undefined {
  const endpoints = written.split(",").map((part) => part.trim());
  const schemes = new Set(
    endpoints.map(
      (endpoint) =>
        /^https?:\/\/[^/\s:]+(:\d+)?$|^https?:\/\/\[[^\]]+\](:\d+)?$/.test(endpoint) &&
        endpoint.split(":")[0],
    ),
  );
  return schemes.size === 1 && !schemes.has(false) ? endpoints : undefined;
}

function isNetwork(text: string): boolean {
  try {
    parseIpRanges([text]);
    return true;
  } catch (error) {
    if (error instanceof IpRangeError) return false;
    throw error;
  }
}

function parseList(
  written: string,
  isMember: (text: string) => boolean,
): readonly string[] | undefined {
  const members = written.split(",").map((part) => part.trim());
  return members.every(isMember) ? members : undefined;
}

function readText(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return undefined; // The caller reports the path as the problem.
  }
}

function scalar(value: unknown): string | undefined {
  if (typeof value === "string") return value;
  if (typeof value === "number" || typeof value === "boolean") return String(value);
  return value === undefined ? undefined : JSON.stringify(value);
}

function looksLike(name: string, other: string): boolean {
  const plain = (text: string) => text.toUpperCase().replaceAll(/[^A-Z0-9]/g, "");
  return plain(name) === plain(other) || plain(name).startsWith(plain(other));
}
