import { describe, expect, test } from "bun:test";
import { type Address, formatAddress, isLoopback, parseAddress } from "../../src/config/address.ts";

describe("addresses that are read", () => {
  const cases: readonly (readonly [string, Address])[] = [
    ["127.0.0.1:9092", { host: "127.0.0.1", port: 9092 }],
    [":9092", { host: "default", port: 9092 }],
    ["gateway-7.local:0", { host: "gateway-7.local", port: 0 }],
    ["[::1]:1883", { host: "::1", port: 1883 }],
    ["[fe80::1%eth0]:1", { host: "fe80::1%eth0", port: 1 }],
    [" a:65535 ", { host: "a", port: 65_535 }],
  ];
  for (const [text, expected] of cases) {
    test(text, () => expect(parseAddress(text, "default")).toEqual(expected));
  }
});

describe("addresses that are refused, with what is wrong", () => {
  const cases: readonly (readonly [string, string])[] = [
    ["", "no port"],
    ["foo", "no port"],
    ["9092", "no host"],
    ["foo:65536", "above 65535"],
    ["foo:x", "no port"],
    ["::1:9092", "brackets"],
    ["http://foo:80", "URL"],
    ["a:1,b:2", "more than one"],
    ["a b:1", "not a host name"],
    ["[gateway]:1", "not an IPv6"],
  ];
  for (const [text, expected] of cases) {
    test(JSON.stringify(text), () => expect(parseAddress(text, "127.0.0.1")).toContain(expected));
  }
});

test("an address is written as it is read", () => {
  for (const text of ["127.0.0.1:9092", "[::1]:0", "host:1"]) {
    const address = parseAddress(text, "");
    expect(typeof address === "string" ? address : formatAddress(address)).toBe(text);
  }
});

test("only this machine reaches a loopback address", () => {
  expect(["127.0.0.1", "127.9.9.9", "::1", "localhost"].every(isLoopback)).toBe(true);
  expect(["0.0.0.0", "::", "10.0.0.1", "128.0.0.1", "localhost.example.org"].some(isLoopback)).toBe(false);
});
