import { type Static, type TSchema, Type } from "typebox";
import { HOST_PATTERN } from "./host-pattern.ts";

/** The vocabulary of fields that several kinds share. Lengths count Unicode characters. */

export const Id = Type.Union([
  Type.String({
    minLength: 1,
    maxLength: 64,
    pattern: "^[a-zA-Z0-9\\-_.]+$",
    description: "letters, digits, hyphens, underscores and dots",
  }),
  Type.Integer({ minimum: 1 }),
]);

/** `*` alone, or letters, digits, `- . _ [ ] :` after an optional `*`. */
export const HostPattern = Type.String({
  // With a path, the key of a route in the index: that may have 32 KiB.
  maxLength: 1024,
  pattern: HOST_PATTERN,
  description: "a host name or address, or * with the end of one",
});

/** An object whose fields all fit `schema`, whatever their names. */
export function mapOf<T extends TSchema>(schema: T, options: { maxProperties?: number } = {}) {
  const map = { type: "object", additionalProperties: schema, ...options };
  return Type.Unsafe<Record<string, Static<T>>>(map);
}

/** An object of which nothing more is known here. */
export const AnyObject = Type.Unsafe<Record<string, unknown>>({ type: "object" });

/** By plugin name; each configuration is checked by its plugin's own schema. */
export const Plugins = mapOf(AnyObject);

const OCTET = "([0-9]|[1-9][0-9]|1[0-9]{2}|2[0-4][0-9]|25[0-5])";
const IPV4 = Array(4).fill(OCTET).join("\\.");
// APISIX's own, which lets some through that are none (`:`): the exact one would be unreadable.
const IPV6 = "([a-fA-F0-9]{0,4}:){1,8}(:[a-fA-F0-9]{0,4}){0,8}([a-fA-F0-9]{0,4})?";

/** An address, or a network as address and prefix length. */
export const Address = Type.String({
  description: "an IPv4 or IPv6 address, or a network such as 10.0.0.0/8",
  pattern: `^(${IPV4}(/([12]?[0-9]|3[0-2]))?|${IPV6}(/[0-9]{1,3})?)$`,
});

/** Seconds; all three are needed where there is a time-out at all. */
export const TimeoutSchema = Type.Object({
  connect: Type.Number({ exclusiveMinimum: 0 }),
  send: Type.Number({ exclusiveMinimum: 0 }),
  read: Type.Number({ exclusiveMinimum: 0 }),
});

const Labels = mapOf(
  Type.String({
    minLength: 1,
    maxLength: 256,
    pattern: "^\\S+$",
    description: "text without white space",
  }),
);

/** What almost every kind may carry for people; the gateway does not act on it. */
export const description = {
  name: Type.Optional(Type.String({ minLength: 1, maxLength: 256 })),
  desc: Type.Optional(Type.String({ maxLength: 256 })),
  labels: Type.Optional(Labels),
};

/** Written by the Admin API; Unix seconds. */
export const times = {
  create_time: Type.Optional(Type.Integer()),
  update_time: Type.Optional(Type.Integer()),
};

/** APISIX's data plane drops a resource with a field that its schema does not know. */
export const CLOSED = { additionalProperties: false };
