import { Type } from "typebox";

/** The vocabulary of fields that several kinds share. Lengths count Unicode characters. */

export const Id = Type.Union([
  Type.String({ minLength: 1, maxLength: 64, pattern: "^[a-zA-Z0-9\\-_.]+$" }),
  Type.Integer({ minimum: 1 }),
]);

/** `*` alone, or letters, digits, `- . _ [ ] :` after an optional `*`. */
export const HostPattern = Type.String({ pattern: "^(\\*|\\*?[0-9a-zA-Z\\-._\\[\\]:]+)$" });

export const Plugins = Type.Record(Type.String(), Type.Record(Type.String(), Type.Unknown()));

/** Seconds; all three are needed where there is a time-out at all. */
export const TimeoutSchema = Type.Object({
  connect: Type.Number({ exclusiveMinimum: 0 }),
  send: Type.Number({ exclusiveMinimum: 0 }),
  read: Type.Number({ exclusiveMinimum: 0 }),
});

const Labels = Type.Record(
  Type.String(),
  Type.String({ minLength: 1, maxLength: 256, pattern: "^\\S+$" }),
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
