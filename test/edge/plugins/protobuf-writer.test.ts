import { expect, it } from "vitest";
import { ProtobufWriter } from "../../../edge/plugins/protobuf-writer.ts";
import { readProtobuf } from "../../support/read-protobuf.ts";

const hex = (bytes: Uint8Array) => [...bytes].map((b) => b.toString(16).padStart(2, "0")).join("");

it.each<[string, (w: ProtobufWriter) => ProtobufWriter, string]>([
  // The first two are the examples of the encoding's own description.
  ["a number", (w) => w.integer(1, 150), "089601"],
  ["a text", (w) => w.text(2, "testing"), "120774657374696e67"],
  ["nothing", (w) => w.text(2, undefined).integer(3, undefined), ""],
  ["a number beyond 32 bits", (w) => w.integer(1, 1_700_000_000_000), "0880d095ffbc31"],
  ["a field beyond one byte", (w) => w.bool(16, true), "800101"],
  ["64 bits", (w) => w.fixed64(7, 1_700_000_000_000_000_001n), "3901002a36fe9c9717"],
  ["a double", (w) => w.double(4, 0.5), "21000000000000e03f"],
  ["a message", (w) => w.message(3, (inner) => inner.integer(1, 150)), "1a03089601"],
])("writes %s", (_, write, wanted) => {
  expect(hex(write(new ProtobufWriter()).written())).toBe(wanted);
});

it("has room for long fields", () => {
  const long = "é".repeat(100_000);
  const written = new ProtobufWriter().text(1, "a").text(2, long).text(3, "b").written();
  const texts = readProtobuf(written).map(([, value]) =>
    value instanceof Uint8Array ? new TextDecoder().decode(value) : value,
  );
  expect(texts).toEqual(["a", long, "b"]);
});
