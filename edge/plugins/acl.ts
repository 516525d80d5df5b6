import { parseJsonPath, queryJsonPath } from "../../shared/expression/json-path.ts";
import { compilePcre } from "../../shared/expression/pcre.ts";
import type { JsonValue } from "../../shared/expression/variables.ts";
import { utf8String } from "../../shared/routing/uri-bytes.ts";
import type { Exchange } from "./exchange.ts";
import { exitWith } from "./exit.ts";
import { ConfigurationRefused, definePlugin } from "./plugin.ts";
import { type RejectionConfiguration, rejectionOf } from "./rejection.ts";

type WantedLabels = Readonly<Record<string, readonly string[]>>;

interface AclConfiguration extends RejectionConfiguration {
  readonly allow_labels?: WantedLabels;
  readonly deny_labels?: WantedLabels;
  /** JSONPath in what is known of a user who is no consumer. */
  readonly external_user_label_field: string;
  readonly external_user_label_field_key?: string;
  readonly external_user_label_field_parser?: "segmented_text" | "json" | "table";
  readonly external_user_label_field_separator?: string;
}

/** The values of one label. */
type ReadLabel = (value: JsonValue) => readonly JsonValue[];

interface Labels {
  readonly values: Readonly<Record<string, JsonValue>>;
  readonly read: ReadLabel;
}

/** `acl`: who may use a route, by the labels of consumers or of external users (reference 8.2). */
export const acl = definePlugin<AclConfiguration>(() => ({
  build(configuration) {
    const { allow_labels: allowed, deny_labels: denied } = configuration;
    const rejection = rejectionOf(configuration, "The consumer is forbidden.");
    const external = externalLabels(configuration);
    return {
      access(exchange) {
        const { sender } = exchange;
        const labels = sender ? consumerLabels(sender.consumer.labels) : external(exchange);
        if (!labels) return exitWith(401, "Missing authentication.");
        if (denied && haveOneOf(labels, denied)) return rejection;
        return allowed && !haveOneOf(labels, allowed) ? rejection : undefined;
      },
    };
  },
}));

function consumerLabels(labels: Readonly<Record<string, string>> | undefined): Labels {
  return { values: labels ?? {}, read: readUnannounced };
}

/** Undefined for requests of which no plugin has found the user. */
function externalLabels(configuration: AclConfiguration) {
  const { external_user_label_field: field, external_user_label_field_key: key } = configuration;
  const path = pathOf(field);
  const read = readerOf(configuration);
  return ({ externalUser }: Exchange): Labels | undefined => {
    if (externalUser === undefined) return undefined;
    const [value] = queryJsonPath(path, externalUser);
    return { values: value === undefined ? {} : { [key ?? field]: value }, read };
  };
}

function pathOf(field: string) {
  try {
    return parseJsonPath(field.replace(/^\$\.?/, ""));
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new ConfigurationRefused(`external_user_label_field: ${reason}`);
  }
}

function haveOneOf({ values, read }: Labels, wanted: WantedLabels): boolean {
  return Object.entries(wanted).some(([name, texts]) => {
    const value = Object.hasOwn(values, name) ? values[name] : undefined;
    if (value === undefined) return false;
    return read(value).some((each) => typeof each === "string" && texts.includes(each));
  });
}

function readerOf(configuration: AclConfiguration): ReadLabel {
  const {
    external_user_label_field_parser: parser,
    external_user_label_field_separator: by = ",",
  } = configuration;
  switch (parser) {
    case "json":
      return readJson;
    case "table":
      return readList;
    case "segmented_text":
      return readSegments(by);
    default:
      return readUnannounced;
  }
}

/** A list in JSON, a list between commas, or one value. */
function readUnannounced(value: JsonValue): readonly JsonValue[] {
  if (typeof value !== "string") return readList(value);
  if (value.startsWith("[")) return readJson(value);
  return value.split(/\s*,\s*/);
}

function readList(value: JsonValue): readonly JsonValue[] {
  return Array.isArray(value) ? value : [];
}

function readJson(value: JsonValue): readonly JsonValue[] {
  if (typeof value !== "string" || !value.startsWith("[")) return [];
  try {
    return readList(JSON.parse(value));
  } catch {
    return [];
  }
}

/** `separator` is a regular expression; white space around what it finds does not count. */
function readSegments(separator: string): ReadLabel {
  let pattern: RegExp;
  try {
    pattern = compilePcre(`\\s*${separator}\\s*`);
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new ConfigurationRefused(`external_user_label_field_separator: ${reason}`);
  }
  return (value) => (typeof value === "string" ? segmentsOf(value, pattern) : []);
}

/** Patterns find bytes, and labels are text. */
function segmentsOf(text: string, pattern: RegExp): string[] {
  const bytes = utf8String(text);
  return bytes.split(pattern).map((piece) => textOf(piece));
}

function textOf(bytes: string): string {
  return new TextDecoder().decode(Uint8Array.from(bytes, (byte) => byte.charCodeAt(0)));
}
