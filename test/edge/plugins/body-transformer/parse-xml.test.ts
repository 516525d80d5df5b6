import { describe, expect, it } from "vitest";
import { parseXml, XmlError } from "../../../../edge/plugins/body-transformer/parse-xml.ts";

describe("XML", () => {
  it.each<[string, string, object]>([
    ["text", "<a> b </a>", { a: "b" }],
    ["nothing", "<a/>", { a: "" }],
    ["white space", "<a>\n</a>\n", { a: "" }],
    ["elements", "<a><b>1</b><c><d>2</d></c></a>", { a: { b: "1", c: { d: "2" } } }],
    [
      "an element that is there several times",
      "<a><b>1</b><c/><b>2</b></a>",
      { a: { b: ["1", "2"], c: "" } },
    ],
    ["attributes", `<a n:x="1" y='"'/>`, { a: { _attr: { x: "1", y: '"' } } }],
    ["text beside attributes", '<a x="1">b</a>', { a: { _attr: { x: "1" }, 1: "b" } }],
    ["several texts", "<a>b<c/>d</a>", { a: { c: "", 1: "b", 2: "d" } }],
    ["one text beside elements", "<a>b<c/></a>", { a: "b" }],
    ["namespaces", "<s:a><s:b>1</s:b></s:a>", { a: { b: "1" } }],
    ["entities", "<a>&lt;&amp;&#65;&#x42;&nbsp;</a>", { a: "<&AB&nbsp;" }],
    ["CDATA", "<a><![CDATA[<b>&lt;]]></a>", { a: "<b>&lt;" }],
    [
      "what is no content",
      '<?xml version="1.0"?><!DOCTYPE a [<!ENTITY e "x">]><!-- <b> --><a>&e;</a>',
      { a: "&e;" },
    ],
    [
      "an element named __proto__",
      "<a><__proto__>1</__proto__></a>",
      { a: JSON.parse('{"__proto__":"1"}') },
    ],
  ])("with %s becomes a tree", (_, xml, tree) => {
    expect(parseXml(xml)).toEqual(tree);
  });

  it.each([
    "",
    "text",
    "<a>",
    "</a>",
    "<a></b>",
    "<a",
    "<a b>",
    "<a b=1/>",
    "< a/>",
    "<a/>text",
    "<!-- <a/>",
    "<a><![CDATA[</a>",
  ])("%j is none", (xml) => {
    expect(() => parseXml(xml)).toThrow(XmlError);
  });

  it("may be as deep as it likes", () => {
    const levels = 20_000;
    const xml = "<a>".repeat(levels) + "</a>".repeat(levels);
    expect(parseXml(xml)).toHaveProperty("a.a.a");
  });
});
