import { type Static, Type } from "typebox";
import { times } from "./common.ts";

/** Where secrets are fetched from: one schema for each manager, the first part of the id. */

const Uri = Type.String({
  pattern: "^[^\\/]+:\\/\\/([\\da-zA-Z.-]+|\\[[\\da-fA-F:]+\\])(:\\d+)?",
  description: "a URL with scheme and host",
});

export const VaultSchema = Type.Object({
  ...times,
  uri: Uri,
  prefix: Type.String(),
  token: Type.String(),
  namespace: Type.Optional(Type.String()),
});

export const AwsSchema = Type.Object({
  ...times,
  access_key_id: Type.String(),
  secret_access_key: Type.String(),
  session_token: Type.Optional(Type.String()),
  region: Type.Optional(Type.String({ default: "us-east-1" })),
  endpoint_url: Type.Optional(Uri),
});

export const GcpSchema = Type.Object(
  {
    ...times,
    auth_config: Type.Optional(
      Type.Object({
        client_email: Type.String(),
        private_key: Type.String(),
        project_id: Type.String(),
        token_uri: Type.Optional(Type.String({ default: "https://oauth2.googleapis.com/token" })),
        scope: Type.Optional(Type.Array(Type.String())),
        entries_uri: Type.Optional(
          Type.String({ default: "https://secretmanager.googleapis.com/v1" }),
        ),
      }),
    ),
    auth_file: Type.Optional(Type.String()),
    ssl_verify: Type.Optional(Type.Boolean({ default: true })),
  },
  { oneOf: [{ required: ["auth_config"] }, { required: ["auth_file"] }] },
);

export type Secret = Readonly<
  Static<typeof VaultSchema> | Static<typeof AwsSchema> | Static<typeof GcpSchema>
>;
