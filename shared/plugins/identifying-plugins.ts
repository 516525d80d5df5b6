/** What identifies a consumer to a plugin: the field of its configuration on consumers and credentials. */
export const IDENTIFYING_FIELDS = {
  "key-auth": "key",
  "basic-auth": "username",
  "jwt-auth": "key",
  "hmac-auth": "key_id",
  "jwe-decrypt": "key",
} as const;

export type IdentifyingPlugin = keyof typeof IDENTIFYING_FIELDS;
