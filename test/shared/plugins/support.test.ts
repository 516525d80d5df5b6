import { expect, it } from "vitest";
import { refusedPlugin, unservedPlugins } from "../../../shared/plugins/support.ts";

const effects = (plugins: Parameters<typeof unservedPlugins>[0]) =>
  unservedPlugins(plugins).map(({ name, support }) => `${name} ${support.is}`);

it("tells every plugin that the edge refuses or ignores, in the order in which they are written", () => {
  expect(effects({ gzip: {}, "ext-plugin-pre-req": {}, datadog: {} })).toEqual([
    "gzip ignored",
    "ext-plugin-pre-req refused",
    "datadog ignored",
  ]);
});

it("does not ask for a plugin that is switched off, by true and nothing else", () => {
  expect(effects({ "ext-plugin-pre-req": { _meta: { disable: true } } })).toEqual([]);
  for (const disable of [false, 1, "true", null]) {
    expect(effects({ "ext-plugin-pre-req": { _meta: { disable } } })).toEqual([
      "ext-plugin-pre-req refused",
    ]);
  }
  expect(effects({ "ext-plugin-pre-req": { _meta: null } })).toEqual([
    "ext-plugin-pre-req refused",
  ]);
});

it("ignores a plugin that APISIX does not know, as APISIX does, whatever it is called", () => {
  expect(effects({ "no-such": {}, constructor: {}, toString: {} })).toEqual([
    "no-such ignored",
    "constructor ignored",
    "toString ignored",
  ]);
});

it("refuses whatever is to run Lua before it", () => {
  expect(effects({ gzip: { _meta: { pre_function: "return function() end" } } })).toEqual([
    "gzip refused",
  ]);
});

it("refuses the first plugin without which a request must not pass", () => {
  expect(refusedPlugin({ gzip: {}, "ext-plugin-pre-req": {}, inspect: {} })?.name).toBe(
    "ext-plugin-pre-req",
  );
  expect(refusedPlugin({ gzip: {}, "no-such": {} })).toBeUndefined();
  expect(refusedPlugin(undefined)).toBeUndefined();
});
