import { expect, it } from "vitest";
import { jack } from "../../../support/consumers.ts";
import { aPluginWorld } from "../../../support/plugin-world.ts";

const CONSUMERS = jack({
  "key-auth": { key: "k" },
  "basic-auth": { username: "jack", password: "p" },
  "jwt-auth": { key: "k", secret: "s" },
  "hmac-auth": { key_id: "k", secret_key: "s" },
  "jwe-decrypt": { key: "k", secret: "abcdefghijklmnopqrstuvwxyz123456" },
});

/**
 * Four times what all headers of a request may have on Cloudflare: where reading takes time as the square
 * of the length, a case takes longer than a test may.
 */
const LENGTH = 512 * 1024;
const LONG: Readonly<Record<string, string>> = {
  "of one word": "a".repeat(LENGTH),
  "of commas": ",".repeat(LENGTH),
  "of a comma and one word": `,${"a".repeat(LENGTH)}`,
  "of a comma and spaces": `a,${" ".repeat(LENGTH)}b`,
  "of quotes": '"'.repeat(LENGTH + 1),
  "of fields without an end": 'a="'.repeat(LENGTH / 3),
  "of dots": ".".repeat(LENGTH),
  "of equals signs": "=".repeat(LENGTH),
  "of spaces": `a${" ".repeat(LENGTH)}b`,
};
const SCHEMES: Readonly<Record<string, string>> = {
  "key-auth": "",
  "basic-auth": "Basic ",
  "jwt-auth": "Bearer ",
  "hmac-auth": "Signature ",
  "jwe-decrypt": "Bearer ",
};

const CASES = Object.keys(SCHEMES).flatMap((plugin) =>
  Object.keys(LONG).map((text) => [plugin, text] as const),
);

it.each(CASES)("%s refuses a header %s without ado", async (plugin, text) => {
  const { get, seen, serve } = aPluginWorld();
  const configuration = plugin === "hmac-auth" || plugin === "basic-auth" ? {} : OF_HEADER;
  await serve({ [plugin]: configuration }, CONSUMERS);
  const authorization = `${SCHEMES[plugin]}${LONG[text]}`;
  const { status } = await get("/r", { headers: { authorization } });
  expect([400, 401]).toContain(status);
  expect(seen).toEqual([]);
});

const OF_HEADER = { header: "Authorization", forward_header: "X-Plain" };
