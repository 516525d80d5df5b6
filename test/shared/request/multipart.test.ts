import { describe, expect, it } from "vitest";
import { parseMultipart } from "../../../shared/request/multipart.ts";

const TYPE = "multipart/form-data; boundary=XX";
const part = (head: string, value: string) => `--XX\r\n${head}\r\n\r\n${value}\r\n`;
const named = (name: string, value: string) =>
  part(`Content-Disposition: form-data; name="${name}"`, value);

const fieldsOf = (body: string, type = TYPE) => {
  const fields = parseMultipart(body, type);
  return fields && Object.fromEntries(fields);
};

describe("the fields of a multipart body", () => {
  it("are its parts by name, the last of each", () => {
    const body = `${named("a", "1")}${named("b", "2")}${named("a", "3")}--XX--\r\n`;
    expect(fieldsOf(body)).toEqual({ a: "3", b: "2" });
  });

  it("keep line ends, dashes and equals signs in a value", () => {
    const value = "one\r\n\r\n--X\r\n--\r\nname=two";
    expect(fieldsOf(`${named("a", value)}--XX--`)).toEqual({ a: value });
  });

  it("may be empty", () => {
    expect(fieldsOf(`${named("a", "")}--XX--`)).toEqual({ a: "" });
  });

  it("are the text of a file as well", () => {
    const head =
      'Content-Disposition: form-data; name="f"; filename="x.txt"\r\nContent-Type: text/plain';
    expect(fieldsOf(`${part(head, "hello")}--XX--`)).toEqual({ f: "hello" });
  });

  it("take their name and not that of the file", () => {
    const head = 'Content-Disposition: form-data; filename="name=y"; name="f"';
    expect(fieldsOf(`${part(head, "1")}--XX--`)).toEqual({ f: "1" });
  });

  it.each([
    ["in any case", 'content-disposition: FORM-DATA; NAME="a"'],
    ["without quotes", "Content-Disposition: form-data; name=a"],
    ["after other headers", 'X-A: name=b\r\nContent-Disposition: form-data; name="a"'],
  ])("are named %s", (_, head) => {
    expect(fieldsOf(`${part(head, "1")}--XX--`)).toEqual({ a: "1" });
  });

  it("have their quotes taken off", () => {
    expect(fieldsOf(`${named('a\\"b', "1")}--XX--`)).toEqual({ 'a"b': "1" });
  });

  it("leave out what comes before the first boundary and after the last", () => {
    const body = `preamble\r\n${named("a", "1")}--XX--\r\n${named("b", "2")}`;
    expect(fieldsOf(body)).toEqual({ a: "1" });
  });

  it.each([
    ["has no name", part("Content-Disposition: form-data", "1")],
    ["has no disposition", part("Content-Type: text/plain", "1")],
    ["has no end of its head", '--XX\r\nContent-Disposition: form-data; name="a"\r\n'],
  ])("leave out a part that %s", (_, bad) => {
    expect(fieldsOf(`${bad}${named("b", "2")}--XX--`)).toEqual({ b: "2" });
  });

  it("are there as far as a body that was cut goes", () => {
    expect(fieldsOf(`${named("a", "1")}--XX\r\nContent-Dispo`)).toEqual({ a: "1" });
  });

  it.each([
    ["multipart/form-data; boundary=XX"],
    ['multipart/form-data; boundary="XX"'],
    ["multipart/form-data; charset=utf-8; BOUNDARY=XX"],
    ["multipart/form-data;boundary=XX; charset=utf-8"],
  ])("are found with the type %s", (type) => {
    expect(fieldsOf(`${named("a", "1")}--XX--`, type)).toEqual({ a: "1" });
  });

  it("take nothing in a boundary for a pattern", () => {
    const body = named("a", "1").replace("--XX", "--X.*");
    expect(fieldsOf(`${body}--X.*--`, 'multipart/form-data; boundary="X.*"')).toEqual({ a: "1" });
  });

  it("are none without a boundary", () => {
    expect(fieldsOf(`${named("a", "1")}--XX--`, "multipart/form-data")).toBeUndefined();
  });

  it("are none in a body that has no part", () => {
    expect(fieldsOf("")).toEqual({});
    expect(fieldsOf("--XX--\r\n")).toEqual({});
  });
});
