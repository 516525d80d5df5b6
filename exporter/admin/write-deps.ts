import type { Clock } from "../clock.ts";
import type { FieldCipher } from "../encryption/field-cipher.ts";
import type { Compare, EtcdTransport, Operation } from "../etcd/transport.ts";
import type { EnabledPlugins } from "./check/enabled-plugins.ts";
import type { ResourcePath } from "./check/resource-path.ts";
import type { Guards } from "./guards.ts";
import type { KeyLocks } from "./key-locks.ts";
import type { Preconditions } from "./preconditions.ts";
import type { Relations } from "./relations.ts";

/** What every change of a resource goes by. */
export interface WriteDeps {
  readonly transport: EtcdTransport;
  /** Without a trailing slash. */
  readonly prefix: string;
  readonly clock: Clock;
  /** From 0 up to, not including, 1. */
  readonly random: () => number;
  readonly cipher: FieldCipher;
  readonly guards: Guards;
  readonly relations: Relations;
  readonly locks: KeyLocks;
  readonly enabled: EnabledPlugins;
}

/** What a client asks for, as far as all changes have it in common. */
export interface ChangeCall {
  readonly path: ResourcePath;
  readonly preconditions: Preconditions;
}

/** A change that is in etcd. */
export interface Change {
  /** The whole key. */
  readonly key: string;
  /** As it is stored, encrypted fields and all; undefined after a delete. */
  readonly value: Readonly<Record<string, unknown>> | undefined;
  /** The modifiedIndex of what was there; undefined where there was nothing. */
  readonly before: number | undefined;
  /** etcd's revision with the change. */
  readonly revision: number;
}

/** A transaction that is ready to be tried, and what its success would mean. */
export interface Attempt {
  readonly compare: readonly Compare[];
  readonly success: readonly Operation[];
  readonly change: Omit<Change, "revision">;
}
