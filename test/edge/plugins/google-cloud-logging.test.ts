import { exportPKCS8, exportSPKI, generateKeyPair, importSPKI, jwtVerify } from "jose";
import { beforeAll, describe, expect, it } from "vitest";
import { aLogWorld, type Sent } from "../../support/log-world.ts";

describe("google-cloud-logging", () => {
  let keys: { readonly secret: string; readonly open: string };
  beforeAll(async () => {
    const pair = await generateKeyPair("RS256", { extractable: true });
    const [secret, open] = [await exportPKCS8(pair.privateKey), await exportSPKI(pair.publicKey)];
    keys = { secret, open };
  });

  const tokens = ({ url }: Sent) =>
    url.includes("/token")
      ? Response.json({ access_token: "AT", token_type: "Bearer", expires_in: 100 })
      : Response.json({});

  const configuration = () => ({
    auth_config: {
      client_email: "a@p.iam",
      private_key: keys.secret,
      project_id: "p",
      token_uri: "http://google.test/token",
      entries_uri: "http://google.test/entries",
      scope: ["s1", "s2"],
    },
    batch_max_size: 1,
  });

  it("asks for a token with a signed assertion, and sends entries with it while it is valid", async () => {
    const { ask, pass, sent, serve } = aLogWorld(tokens);
    await serve({ "google-cloud-logging": { ...configuration(), log_format: { u: "$uri" } } });
    await ask("/r/1");
    await pass(1);
    await ask("/r/2");
    await pass(50);
    await ask("/r/3");
    await pass(1);
    const paths = sent.map(({ url }) => new URL(url).pathname);
    expect(paths).toEqual(["/token", "/entries", "/entries", "/token", "/entries"]);
    const form = new URLSearchParams(sent[0]?.body);
    expect(form.get("grant_type")).toBe("urn:ietf:params:oauth:grant-type:jwt-bearer");
    const { payload, protectedHeader } = await jwtVerify(
      form.get("assertion") ?? "",
      await importSPKI(keys.open, "RS256"),
      { currentDate: new Date(1_700_000_000_000) },
    );
    expect(protectedHeader).toEqual({ alg: "RS256", typ: "JWT" });
    const [iat, exp] = [1_700_000_000, 1_700_003_600];
    const aud = "http://google.test/token";
    expect(payload).toEqual({ iss: "a@p.iam", aud, scope: "s1 s2", iat, exp });
    expect(sent[1]?.headers.get("authorization")).toBe("Bearer AT");
    expect(JSON.parse(sent[1]?.body ?? "")).toEqual({
      entries: [
        {
          jsonPayload: { u: "/r/1", route_id: "r" },
          labels: { source: "apache-apisix-google-cloud-logging" },
          resource: { type: "global" },
          logName: "projects/p/logs/apisix.apache.org%2Flogs",
          timestamp: "2023-11-14T22:13:20.000Z",
          insertId: "0".repeat(32),
        },
      ],
      partialSuccess: false,
    });
  });

  it("tells the request in Google's terms", async () => {
    const { ask, pass, sent, serve } = aLogWorld(tokens);
    await serve({
      "google-cloud-logging": { ...configuration(), log_format_extra: { who: "$host" } },
    });
    await ask("/r/1", { headers: { "user-agent": "curl" } });
    await pass(1);
    const [entry] = JSON.parse(sent[1]?.body ?? "").entries;
    expect(entry.httpRequest).toEqual({
      requestMethod: "GET",
      requestUrl: "http://edge.test:80/r/1",
      requestSize: expect.any(Number),
      status: 200,
      responseSize: expect.any(Number),
      userAgent: "curl",
      remoteIp: "192.0.2.1",
      serverIp: "u.test:80",
      latency: "0.000s",
    });
    expect(entry.jsonPayload).toEqual({ route_id: "r", service_id: "", who: "edge.test" });
  });

  it.each([
    ["refuses", () => new Response("no", { status: 400 }), "google.test answered 400: no"],
    ["answers with something else", () => new Response("hello"), "without an access_token"],
  ])("tells that entries are lost where the token endpoint %s", async (_, answer, reason) => {
    const { ask, log, pass, serve } = aLogWorld(answer);
    await serve({ "google-cloud-logging": configuration() });
    expect((await ask("/r")).response.status).toBe(200);
    await pass(1);
    expect(log).toEqual([expect.stringContaining(reason)]);
  });

  it("refuses a file, which there is not at the edge", async () => {
    const { get, serve } = aLogWorld();
    await serve({ "google-cloud-logging": { auth_file: "/a.json" } });
    const answer = await get("/r");
    expect(answer.status).toBe(503);
    expect(await answer.text()).toContain("there are no files at the edge: use auth_config");
  });
});
