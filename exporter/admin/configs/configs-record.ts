import { createHash } from "node:crypto";
import { LIST_NAMES, type ListName, listOf } from "../../apply/standalone-document.ts";
import type { StoredConfiguration, StoredResource } from "../../apply/stored-configuration.ts";
import { contentOf } from "../../apply/wanted-resource.ts";
import type { EtcdTransport } from "../../etcd/transport.ts";

/** Keys of these lie outside of APISIX's prefix, which follows. */
export const RECORD_PREFIX = "/snapgate/configs";

/** What the last `PUT /configs` was, and what it left in etcd. */
export interface ConfigsRecord {
  /** The client's `X-Digest`. */
  readonly digest: string;
  /** Whole seconds since the epoch. */
  readonly lastModified: number;
  readonly lists: Readonly<Partial<Record<ListName, RecordedList>>>;
}

export interface RecordedList {
  /** The client's `<list>_conf_version`. */
  readonly version: number;
  /** Digest of the resources, for they may be changed by other ways as well. */
  readonly content: string;
}

/** The record with the mod revision of its key; 0 where there is none. */
export interface HeldRecord {
  readonly key: string;
  readonly record: ConfigsRecord | undefined;
  readonly modRevision: number;
}

/** Throws `EtcdError`. `prefix` is without a trailing slash. */
export async function readRecord(
  transport: Pick<EtcdTransport, "range">,
  prefix: string,
): Promise<HeldRecord> {
  const key = `${RECORD_PREFIX}${prefix}`;
  const { kvs } = await transport.range({ key });
  const [found] = kvs;
  const record = found && parseRecord(Buffer.from(found.value).toString("utf8"));
  return { key, record, modRevision: found?.modRevision ?? 0 };
}

/** Undefined where somebody else has written the key: as if there had been no PUT. */
function parseRecord(text: string): ConfigsRecord | undefined {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  const { digest, lastModified, lists } = (value ?? {}) as Partial<ConfigsRecord>;
  const isWhole =
    typeof digest === "string" && typeof lastModified === "number" && typeof lists === "object";
  return isWhole && lists !== null ? { digest, lastModified, lists } : undefined;
}

export type Contents = Readonly<Record<ListName, string>>;

/** A digest of each list, the same for the same resources whatever their times. */
export function contentsOf(
  resources: Iterable<Pick<StoredResource, "key" | "kind" | "value">>,
): Contents {
  const lists = new Map<ListName, string[]>(LIST_NAMES.map((name) => [name, []]));
  for (const { key, kind, value } of resources) {
    lists.get(listOf(kind))?.push(`${key}\n${value ? contentOf(value) : ""}\n`);
  }
  const digests = [...lists].map(([name, lines]) => {
    return [name, createHash("sha256").update(lines.sort().join("")).digest("hex")];
  });
  return Object.fromEntries(digests);
}

/** A configuration as it stands to the last PUT. */
export interface Standing {
  /** Of each list; 0 where no PUT has told one. */
  readonly versions: Readonly<Record<ListName, number>>;
  readonly contents: Contents;
  /** Lists that hold something else than the last PUT left there. */
  readonly strayed: ReadonlySet<ListName>;
  /** Undefined where the configuration is no longer, or never was, that of a PUT. */
  readonly digest: string | undefined;
  readonly lastModified: number | undefined;
}

export function standingOf(
  record: ConfigsRecord | undefined,
  { resources }: Pick<StoredConfiguration, "resources">,
): Standing {
  const contents = contentsOf(resources.values());
  const strayed = LIST_NAMES.filter((name) => {
    const recorded = record?.lists[name];
    return recorded !== undefined && recorded.content !== contents[name];
  });
  const versions = LIST_NAMES.map((name) => [name, record?.lists[name]?.version ?? 0]);
  return {
    versions: Object.fromEntries(versions),
    contents,
    strayed: new Set(strayed),
    digest: strayed.length === 0 ? record?.digest : undefined,
    lastModified: record?.lastModified,
  };
}
