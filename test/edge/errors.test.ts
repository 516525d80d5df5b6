import { describe, expect, it } from "vitest";
import { contentTypeOf } from "../../edge/error-page.ts";
import { errorResponse, GatewayError } from "../../edge/errors.ts";

const answer = (status: number, path = "/") =>
  errorResponse(new GatewayError("gateway", status, "because"), path);

describe("an answer of the gateway's own", () => {
  it("is nginx's page to the byte where there is no message", async () => {
    const response = answer(502);
    expect(response.status).toBe(502);
    expect(response.headers.get("content-type")).toBe("text/html; charset=utf-8");
    expect(await response.text()).toBe(
      "<html>\r\n<head><title>502 Bad Gateway</title></head>\r\n<body>\r\n" +
        "<center><h1>502 Bad Gateway</h1></center>\r\n<hr><center>openresty</center>\r\n" +
        '<p><em>Powered by <a href="https://apisix.apache.org/">APISIX</a>.</em></p></body>\r\n' +
        "</html>\r\n",
    );
  });

  it.each([
    [400, "400 Bad Request"],
    [401, "401 Authorization Required"],
    [405, "405 Not Allowed"],
    [413, "413 Request Entity Too Large"],
    [503, "503 Service Temporarily Unavailable"],
    [504, "504 Gateway Time-out"],
  ])("has nginx's own phrase for %i", async (status, title) => {
    expect(await answer(status).text()).toContain(`<title>${title}</title>`);
  });

  it("is empty for a status that nginx has no page for", async () => {
    const response = answer(451);
    expect(await response.text()).toBe("");
    expect(response.headers.get("content-type")).toBeNull();
  });

  it("has no charset on the pages of 301 and 302, but on that of 308", () => {
    expect(answer(301).headers.get("content-type")).toBe("text/html");
    expect(answer(302).headers.get("content-type")).toBe("text/html");
    expect(answer(308).headers.get("content-type")).toBe("text/html; charset=utf-8");
  });

  it("is JSON with a line feed, typed by the path, where there is a message", async () => {
    const error = new GatewayError("downstream", 404, "no route", {
      errorMsg: "404 Route Not Found",
      headers: { "retry-after": "5" },
    });
    const response = errorResponse(error, "/nope.json");
    expect(await response.text()).toBe('{"error_msg":"404 Route Not Found"}\n');
    expect(response.headers.get("content-type")).toBe("application/json");
    expect(response.headers.get("retry-after")).toBe("5");
  });

  it("keeps who is at fault and the cause, for the log", () => {
    const cause = new Error("reset");
    const error = new GatewayError("upstream", 502, "no node answers", { cause });
    expect([error.fault, error.message, error.cause]).toEqual([
      "upstream",
      "no node answers",
      cause,
    ]);
  });
});

describe("the Content-Type by the path's extension", () => {
  it.each([
    ["/nope", "text/plain; charset=utf-8"],
    ["/nope.json", "application/json"],
    ["/nope.html", "text/html; charset=utf-8"],
    ["/nope.JS", "application/javascript; charset=utf-8"],
    ["/nope.png", "image/png"],
    ["/x.exe", "application/octet-stream"],
    ["/a.json/b", "text/plain; charset=utf-8"],
    ["/archive.tar.7z", "application/x-7z-compressed"],
    ["/.json", "text/plain; charset=utf-8"],
    ["/dir/.json", "text/plain; charset=utf-8"],
    ["/x.", "text/plain; charset=utf-8"],
    ["/x.constructor", "text/plain; charset=utf-8"],
    ["/x.rss", "application/rss+xml; charset=utf-8"],
  ])("%s → %s", (path, type) => {
    expect(contentTypeOf(path)).toBe(type);
  });
});
