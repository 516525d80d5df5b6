import { expect, it } from "vitest";
import { aPluginWorld } from "../../../support/plugin-world.ts";
import { anUpstream, aRoute } from "../../../support/snapshots.ts";

const ADD_SLASH = { uri: "$uri/", ret_code: 302 };
const CUT = { regex_uri: ["^/old(.*)$", "$1"] };

it.each<[object, string]>([
  [ADD_SLASH, "/%5Cevil.test"],
  [ADD_SLASH, "/%5C%5Cevil.test"],
  [ADD_SLASH, "/%09/evil.test"],
  [ADD_SLASH, "/%09%5Cevil.test"],
  [ADD_SLASH, "/%0A/evil.test"],
  [ADD_SLASH, "/%0D/evil.test"],
  [ADD_SLASH, "/%2Fevil.test"],
  [ADD_SLASH, "//evil.test"],
  [ADD_SLASH, "/a/..//%5Cevil.test"],
  [CUT, "/old/%5Cevil.test"],
  [CUT, "/old//evil.test"],
  [CUT, "/old/%09/evil.test"],
  [{ uri: "$uri", append_query_string: true }, "/%5Cevil.test?a=1"],
])("redirect by %o leads nobody who asks for %s to another host", async (redirect, path) => {
  const { get, publish } = aPluginWorld();
  const upstream = anUpstream(["u.test:80"]);
  const r = aRoute("r", { uri: "/*", upstream, plugins: { redirect } });
  await publish({ routes: { r } });
  const location = (await get(path)).headers.get("location") ?? "none";
  // As browsers read it.
  expect(new URL(location, "http://edge.test/").host).toBe("edge.test");
  expect(location).toContain("evil.test");
});
