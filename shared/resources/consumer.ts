import { type Static, Type } from "typebox";
import { AnyObject, CLOSED, description, Id, mapOf, Plugins, times } from "./common.ts";

const { desc, labels } = description;

export const ConsumerSchema = Type.Object(
  {
    id: Type.Optional(Id),
    desc,
    labels,
    ...times,
    username: Type.String({
      minLength: 1,
      maxLength: 256,
      pattern: "^[a-zA-Z0-9_\\-]+$",
      description: "letters, digits, underscores and hyphens",
    }),
    group_id: Type.Optional(Id),
    plugins: Type.Optional(Plugins),
  },
  CLOSED,
);

/** One way for a consumer to prove itself; stored below the consumer's key. */
export const CredentialSchema = Type.Object(
  {
    id: Type.Optional(
      Type.Union([
        Id,
        Type.String({
          minLength: 15,
          maxLength: 128,
          pattern: "^[a-zA-Z0-9\\-_]+/credentials/[a-zA-Z0-9\\-_.]+$",
        }),
      ]),
    ),
    ...description,
    ...times,
    plugins: Type.Optional(mapOf(AnyObject, { maxProperties: 1 })),
  },
  CLOSED,
);

export type Consumer = Readonly<Static<typeof ConsumerSchema>>;
export type Credential = Readonly<Static<typeof CredentialSchema>>;
