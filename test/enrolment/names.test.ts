import { expect, test } from "bun:test";
import { hostNames, isAddress, isHostName, isPrivateAddress } from "../../src/enrolment/names.ts";

test("names and addresses are told apart, each once", () => {
  expect(hostNames(["Plant-3", "10.0.0.9", "plant-3", "fd00::2", "*.site.example"])).toEqual({
    dns: ["plant-3", "*.site.example"],
    addresses: ["10.0.0.9", "fd00::2"],
  });
  for (const bad of [
    "",
    "a b",
    "10.0.0.300",
    "1.2.3",
    "a..b",
    "-a",
    "https://x",
    "fe80::1%eth0",
    "a/b",
    "::g",
    "x".repeat(300),
  ]) {
    expect(hostNames([bad])).toContain("neither");
  }
  expect(hostNames(Array(101).fill("a"))).toContain("more than");
});

test("what is an address is none of a host's names", () => {
  expect(["127.0.0.1", "::1", "fe80::1"].map(isAddress)).toEqual([true, true, true]);
  expect(["127.0.0.1", "localhost", "a.1"].map(isHostName)).toEqual([false, true, false]);
});

test("addresses of sites are those that lead nowhere else", () => {
  const site = [
    "10.1.2.3",
    "172.16.0.1",
    "172.31.0.1",
    "192.168.0.1",
    "127.0.0.1",
    "169.254.1.1",
    "::1",
    "fd00::1",
    "fe80::1",
  ];
  const world = [
    "11.1.2.3",
    "172.15.0.1",
    "172.32.0.1",
    "192.169.0.1",
    "8.8.8.8",
    "2001:db8::1",
    "100.1.1.1",
  ];
  expect(site.filter((address) => !isPrivateAddress(address))).toEqual([]);
  expect(world.filter(isPrivateAddress)).toEqual([]);
});
