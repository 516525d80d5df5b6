import { type Static, Type } from "typebox";
import { CLOSED, description, Id, times } from "./common.ts";

/** Protobuf text, or a descriptor set in base64, for gRPC transcoding. */
export const ProtoSchema = Type.Object(
  {
    id: Type.Optional(Id),
    ...description,
    ...times,
    content: Type.String({ minLength: 1, maxLength: 1024 * 1024 }),
  },
  CLOSED,
);

export type Proto = Readonly<Static<typeof ProtoSchema>>;
