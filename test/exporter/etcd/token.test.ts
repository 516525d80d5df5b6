import { expect, it } from "vitest";
import { singleFlightToken } from "../../../exporter/etcd/token.ts";

function counted() {
  let logins = 0;
  const tokens = singleFlightToken(async () => {
    logins += 1;
    const number = logins;
    await new Promise((resolve) => setImmediate(resolve));
    return `token ${number}`;
  });
  return { tokens, logins: () => logins };
}

it("calls at the same time wait for one login", async () => {
  const { tokens, logins } = counted();
  const all = await Promise.all(Array.from({ length: 1000 }, () => tokens.current()));
  expect(new Set(all)).toEqual(new Set(["token 1"]));
  expect(logins()).toBe(1);
});

it("a token refused a thousand times is renewed once", async () => {
  const { tokens, logins } = counted();
  const stale = await tokens.current();
  const renew = async () => {
    tokens.discard(stale);
    return tokens.current();
  };
  const all = await Promise.all(Array.from({ length: 1000 }, renew));
  expect(new Set(all)).toEqual(new Set(["token 2"]));
  // A call that was under way all the time comes back late: the new token is not to blame.
  tokens.discard(stale);
  expect(await tokens.current()).toBe("token 2");
  expect(logins()).toBe(2);
});

it("a failed login fails who waited for it, and the next call tries again", async () => {
  let isDown = true;
  const tokens = singleFlightToken(async () => {
    if (isDown) throw new Error("down");
    return "token";
  });
  await expect(tokens.current()).rejects.toThrow("down");
  isDown = false;
  expect(await tokens.current()).toBe("token");
});
