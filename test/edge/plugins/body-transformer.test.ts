import { describe, expect, it } from "vitest";
import { aPluginWorld } from "../../support/plugin-world.ts";

const JSON_TYPE = { "content-type": "application/json" };
const XML_TYPE = { "content-type": "text/xml; charset=utf-8" };

/** What the upstream gets of a POST with this body. */
async function sent(request: object, body: string, headers: HeadersInit, path = "/r") {
  const world = aPluginWorld();
  await world.serve({ "body-transformer": { request } });
  const answer = await world.get(path, { method: "POST", body, headers });
  return { answer, body: world.seen[0]?.body };
}

async function received(response: object, body: BodyInit, headers: HeadersInit) {
  const world = aPluginWorld({ upstream: () => new Response(body, { headers }) });
  await world.serve({ "body-transformer": { response } });
  const answer = await world.get("/r?q=1", { method: "POST", body: "in" });
  return { answer, text: await answer.text(), log: world.log };
}

const MULTIPART =
  '--b\r\nContent-Disposition: form-data; name="a"\r\n\r\n1\r\n' +
  '--b\r\nContent-Disposition: form-data; name="l"\r\n\r\n2\r\n' +
  '--b\r\nContent-Disposition: form-data; name="l"\r\n\r\n3\r\n--b--\r\n';

describe("body-transformer", () => {
  it.each<[string, string, string, Record<string, string>, string]>([
    ["JSON", "{{a.b[2].c}} {*d*}", '{"a":{"b":[0,{"c":1}]},"d":true}', JSON_TYPE, "1 true"],
    ["XML", "{{x.y}}", "<n:x><n:y>é</n:y></n:x>", XML_TYPE, "é"],
    [
      "a form",
      "{{a}},{{l[2]}}",
      "a=%41&l=1&l=2",
      { "content-type": "Application/x-www-form-urlencoded" },
      "A,2",
    ],
    [
      "multipart",
      "{{a}},{{l[2]}}",
      MULTIPART,
      { "content-type": "multipart/form-data; boundary=b" },
      "1,3",
    ],
    ["anything else", "<{*_body*}>", "a/b", { "content-type": "text/plain" }, "<a/b>"],
  ])("makes a body of %s, by its Content-Type", async (_, template, body, headers, made) => {
    expect((await sent({ template }, body, headers)).body).toBe(made);
  });

  it.each([
    ["args", "{{a}} {{_body}}", "/r?a=1&a=2", "in", "[&quot;1&quot;,&quot;2&quot;] in"],
    ["plain", "{{_ctx.var.request_method}} {{_ctx.var.arg_a}} {{a}}", "/r?a=7", "in", "POST 7 "],
    ["json", "{{a}}", "/r", '{"a":null}', ""],
    ["encoded", "{{a}}", "/r", "a", "true"],
  ])("reads what it is told to: %s", async (input_format, template, path, body, made) => {
    expect((await sent({ template, input_format }, body, {}, path)).body).toBe(made);
  });

  it("makes a body of a GET's arguments", async () => {
    const { get, seen, serve } = aPluginWorld();
    await serve({ "body-transformer": { request: { template: "{{a}}", input_format: "json" } } });
    await get("/r?a=1");
    expect(seen).toMatchObject([{ method: "GET", target: "/r?a=1", body: "1" }]);
  });

  it.each([
    ["HTML's signs escaped", "{{a}}", "<&>\"'/", "&lt;&amp;&gt;&quot;&#39;&#47;"],
    ["as it is", "{*a*}", "<&>\"'/", "<&>\"'/"],
    ["XML's signs escaped", "{*_escape_xml(a)*}", "<&>\"'/", "&lt;&amp;&gt;&quot;&apos;/"],
    ["as JSON", "{*_escape_json(a)*}", 'é"\n', '"é\\"\\n"'],
    ["joined", '{*"<" .. a .. (b or ">") .. 1*}', "x", "<x>1"],
    ["chosen", "{*a and 'yes' or 'no'*}", "x", "yes"],
    ["found by name", "{*_ctx.var['http_x_a'] or _ctx['var'].uri*}", "x", "/r"],
    ["beside comments", "<{# no {{b}} #}\n{*a*}>", "x", "<x>"],
    ["beside what is raw", "{-raw-}{{a}} {% x %}{-raw-}\n{*a*}", "x", "{{a}} {% x %}x"],
    ["beside an escaped tag", "\\{{a}} \\\\{*a*} \\{% x %}", "x", "{{a}} \\x {% x %}"],
    ["in JSON", '{"a":"{*a*}","b":{"c":{*_escape_json(a)*}}}', "x", '{"a":"x","b":{"c":"x"}}'],
    ["beside a tag without end", "{{a {*a*}", "x", "{{a x"],
  ])("writes a value %s", async (_, template, a, made) => {
    const body = JSON.stringify({ a });
    expect((await sent({ template }, body, JSON_TYPE)).body).toBe(made);
  });

  it("takes a template in base64, told or, but for arguments and forms, untold", async () => {
    const template = btoa("<{{a}}>");
    expect((await sent({ template }, '{"a":1}', JSON_TYPE)).body).toBe("<1>");
    const told = { template, template_is_base64: true, input_format: "args" };
    expect((await sent(told, "", {}, "/r?a=1")).body).toBe("<1>");
    expect((await sent({ ...told, template_is_base64: false }, "", {}, "/r?a=1")).body).toBe(
      template,
    );
  });

  it("lets no field of a body stand in for what the gateway tells", async () => {
    const template = "{{_ctx.var.uri}} {{_body}} {{constructor}} {{__proto__}} {{a.constructor}}";
    const body = '{"_ctx":{"var":{"uri":"evil"}},"_body":"evil","a":{}}';
    const made = (await sent({ template: template.replace("{{_body}} ", "") }, body, JSON_TYPE))
      .body;
    expect(made).toBe("/r   ".replace("/", "&#47;"));
  });

  it.each([
    ["{bad", "json", 400, "request body decode: it is no JSON"],
    ['"text"', "json", 400, "request body decode: it is no JSON object"],
    ["<a><b></a>", "xml", 400, "request body decode: it is not well-formed at 10"],
    ["x", "multipart", 400, "request body decode: it is no multipart body"],
    ["{}", "json", 503, "request template rendering: attempt to index a nil value (b)"],
  ])("answers %j, which is to be %s, with %i", async (body, input_format, status, message) => {
    const { answer, body: reached } = await sent({ template: "{{a.b}}", input_format }, body, {});
    expect(answer.status).toBe(status);
    expect(await answer.json()).toEqual({ message });
    expect(reached).toBeUndefined();
  });

  it("answers 413 to more than it may read", async () => {
    const { get, serve } = aPluginWorld();
    await serve({ "body-transformer": { request: { template: "x" }, max_req_body_size: 3 } });
    expect((await get("/r", { method: "POST", body: "1234" })).status).toBe(413);
  });

  it.each([
    "{% if a then %}x{% end %}",
    "{(other.html)}",
    "{[a]}",
    "{-block-}x{-block-}",
    "{{a:upper()}}",
    "{{string.upper(a)}}",
    "{{os.time()}}",
    "{{a == 1}}",
    "{{#a}}",
    "{{_multipart:get('a')}}",
    "{{_escape_xml}}",
    "{{}}",
    "{{function() end}}",
    `{{${"(".repeat(100)}a${")".repeat(100)}}}`,
    btoa("{% x %}"),
  ])("answers 503 with the reason for the template %s", async (template) => {
    const { answer } = await sent({ template }, "{}", JSON_TYPE);
    expect(answer.status).toBe(503);
    expect(await answer.text()).toContain("request.template: it has Lua that a Worker cannot run");
  });

  it("makes another answer of an answer's body", async () => {
    const template = "{{_ctx.var.status}} {{_ctx.var.arg_q}} {{a}}";
    const headers = { ...JSON_TYPE, etag: '"1"' };
    const { answer, text } = await received({ template }, '{"a":1}', headers);
    expect(text).toBe("200 1 1");
    expect(answer.headers.has("etag")).toBe(false);
  });

  it("undoes gzip first", async () => {
    const body = new Response('{"a":1}').body?.pipeThrough(new CompressionStream("gzip"));
    const bytes = await new Response(body).arrayBuffer();
    const headers = { ...JSON_TYPE, "content-encoding": "gzip" };
    expect((await received({ template: "{{a}}" }, bytes, headers)).text).toBe("1");
  });

  it.each([
    [
      "that is not what it is to be",
      "{bad",
      JSON_TYPE,
      ["body-transformer: response body decode: it is no JSON"],
    ],
    ["whose encoding it cannot undo", "x", { ...JSON_TYPE, "content-encoding": "br" }, []],
  ])("leaves a body alone %s", async (_, body, headers, log) => {
    const found = await received({ template: "{{a}}" }, body, headers);
    expect(found).toMatchObject({ text: body, log });
  });

  it("looks into the request's body, which has been sent on", async () => {
    const world = aPluginWorld();
    const response = { template: "{{_ctx.var.post_arg_a}}", input_format: "plain" };
    await world.serve({ "body-transformer": { response } });
    const headers = { "content-type": "application/x-www-form-urlencoded" };
    const answer = await world.get("/r", { method: "POST", body: "a=7", headers });
    expect(await answer.text()).toBe("7");
  });
});
