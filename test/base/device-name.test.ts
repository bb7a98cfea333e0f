import { describe, expect, test } from "bun:test";
import { decodeDeviceKey, encodeDeviceKey } from "../../src/base/device-name.ts";

const utf8 = (text: string) => new TextEncoder().encode(text);

describe("names of device keys", () => {
  test.each([
    ["device-1", "device-1"],
    ["A.b_c~9", "A.b_c~9"],
    ["", ""],
    ["site/line 1", "site%2Fline%201"],
    ["100%", "100%25"],
    ["a+b:c", "a%2Bb%3Ac"],
    ["Gerät", "Ger%C3%A4t"],
    ["温度", "%E6%B8%A9%E5%BA%A6"],
    ["\0\n", "%00%0A"],
  ])("%j is spelled %j", (key, text) => {
    expect(encodeDeviceKey(utf8(key))).toBe(text);
    expect(decodeDeviceKey(text)).toEqual(utf8(key));
  });

  test("every byte has one spelling, also those that are no UTF-8", () => {
    const spellings = new Set<string>();
    for (let byte = 0; byte < 256; byte++) {
      const key = Uint8Array.of(byte, 0xff, byte);
      const text = encodeDeviceKey(key);
      expect(text).toMatch(/^[A-Za-z0-9._~%-]+$/);
      expect(decodeDeviceKey(text)).toEqual(key);
      spellings.add(text);
    }
    expect(spellings.size).toBe(256);
  });

  test.each([
    "%",
    "%2",
    "a%2",
    "%2f",
    "%zz",
    "% 1",
    "%2 ",
    // Characters that stay may not be encoded: a key would have two names.
    "%41",
    "%2D",
    "%7E",
    "a/b",
    "a b",
    "a+b",
    "ä",
    "a\u0000",
    "\u{1f600}",
    "\u0141",
    "%%25",
    "a%2525%",
  ])("%j is no spelling", (text) => {
    expect(decodeDeviceKey(text)).toBeNull();
  });
});
