import { type Static, Type } from "typebox";
import { CLOSED, description, HostPattern, Id, times } from "./common.ts";

const Certificate = Type.String({ minLength: 128, maxLength: 65536 });
const Key = Type.String({ minLength: 64, maxLength: 65536 });
const { desc, labels } = description;

/** A certificate for clients' connections, or for the gateway's own to an upstream. */
export const SslSchema = Type.Object(
  {
    id: Type.Optional(Id),
    desc,
    labels,
    ...times,
    type: Type.Optional(Type.Enum(["server", "client"], { default: "server" })),
    cert: Type.Optional(Certificate),
    key: Type.Optional(Key),
    sni: Type.Optional(HostPattern),
    snis: Type.Optional(Type.Array(HostPattern, { minItems: 1 })),
    certs: Type.Optional(Type.Array(Certificate)),
    keys: Type.Optional(Type.Array(Key)),
    client: Type.Optional(
      Type.Object({
        ca: Certificate,
        depth: Type.Optional(Type.Integer({ minimum: 0, default: 1 })),
        skip_mtls_uri_regex: Type.Optional(
          Type.Array(Type.String(), { minItems: 1, uniqueItems: true }),
        ),
      }),
    ),
    status: Type.Optional(Type.Enum([1, 0], { default: 1 })),
    ssl_protocols: Type.Optional(
      Type.Array(Type.Enum(["TLSv1.1", "TLSv1.2", "TLSv1.3"], { type: "string" }), {
        maxItems: 3,
        uniqueItems: true,
      }),
    ),
  },
  {
    ...CLOSED,
    if: { properties: { type: { const: "client" } }, required: ["type"] },
    // biome-ignore lint/suspicious/noThenProperty: `then` is JSON Schema's own keyword.
    then: { required: ["cert", "key"] },
    else: {
      required: ["cert", "key"],
      oneOf: [{ required: ["sni"] }, { required: ["snis"] }],
    },
  },
);

export type Ssl = Readonly<Static<typeof SslSchema>>;
