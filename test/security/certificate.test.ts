import { describe, expect, test } from "bun:test";
import { X509Certificate } from "node:crypto";
import {
  chainExpiresAtMs,
  isWholeChain,
  readAuthorities,
  readCertificate,
} from "../../src/security/certificate.ts";
import { nameOf } from "../../src/security/principal-names.ts";
import { derOf, issue, newAuthority, type Wishes } from "../support/certificates.ts";

const authority = newAuthority("an authority");
const read = (wishes: Wishes) => readCertificate(derOf(issue(authority, wishes).certificate));

test("names are read as they were written", () => {
  const wishes = {
    commonName: "pump-1",
    dns: ["pump-1.plant", "other"],
    email: ["pump@plant"],
    uri: ["spiffe://plant/pump-1"],
  };
  expect(read(wishes)).toMatchObject(wishes);
});

test("the runtime reads the same from what was made for these tests", () => {
  const { certificate, serial } = issue(authority, { commonName: "pump-1", dns: ["a.plant"] });
  const other = new X509Certificate(certificate);
  expect(other.subject).toBe("CN=pump-1");
  expect(other.subjectAltName).toBe("DNS:a.plant");
  expect(Number.parseInt(other.serialNumber, 16)).toBe(serial);
});

test.each([-1, 1, 365, 365 * 40])("the time at which it ends is the runtime's, in %i days", (days) => {
  const der = derOf(issue(authority, { days }).certificate);
  const { validTo } = new X509Certificate(der);
  // Good up to the end of that second.
  expect(readCertificate(der)?.expiresAtMs).toBe(Date.parse(validTo) + 1_000);
});

test("a chain ends with the first of its certificates", () => {
  const [late, soon] = [issue(authority, { days: 90 }), issue(authority, { days: 7 })];
  const soonMs = readCertificate(derOf(soon.certificate))?.expiresAtMs ?? null;
  expect(chainExpiresAtMs(late.certificate + soon.certificate)).toBe(soonMs);
  expect(chainExpiresAtMs(soon.certificate + late.certificate)).toBe(soonMs);
  expect(chainExpiresAtMs(late.certificate)).toBeGreaterThan(soonMs ?? 0);
  expect(chainExpiresAtMs("nothing")).toBeNull();
});

test("authorities are told apart by their bytes, and found by their names", () => {
  const [one, two] = [newAuthority("same"), newAuthority("same")];
  const issued = readCertificate(derOf(issue(two).certificate));
  const all = readAuthorities(
    `text\n${one.certificate}${two.certificate}-----BEGIN CERTIFICATE-----\nAA==\n`,
  );
  expect([...all.values()]).toEqual([issued?.issuer ?? "", issued?.issuer ?? ""]);
});

test("a file of authorities is whole where each of its certificates is", () => {
  const pem = authority.certificate;
  const damaged = "-----BEGIN CERTIFICATE-----\nMAMC\n-----END CERTIFICATE-----\n";
  expect([pem, `text\n${pem}${pem}`].map(isWholeChain)).toEqual([true, true]);
  for (const bad of ["", "junk", damaged, pem + damaged, damaged + pem])
    expect(isWholeChain(bad)).toBe(false);
  for (let length = 1; length < pem.length - 1; length++) {
    expect(isWholeChain(pem.slice(0, length))).toBe(false);
    if (length >= "-----BEGIN CERTIFICATE-----".length)
      expect(isWholeChain(pem + pem.slice(0, length))).toBe(false);
  }
});

describe("the name of a certificate", () => {
  const cases: readonly (readonly [
    string,
    Wishes,
    readonly ("cn" | "dns" | "email" | "uri")[],
    string | null,
  ])[] = [
    ["is its common name", { commonName: "a", dns: ["b"] }, ["cn"], "a"],
    ["is what the first source has", { commonName: "a", dns: ["b"] }, ["dns", "cn"], "b"],
    ["is that of the next, where the first has none", { dns: ["b"] }, ["cn", "dns"], "b"],
    ["is none of two: the client would choose", { commonName: ["a", "b"] }, ["cn"], null],
    ["is none of two alternative names either", { dns: ["a", "b"] }, ["dns"], null],
    ["may be a URI", { uri: ["spiffe://plant/a"] }, ["uri"], "spiffe://plant/a"],
    ["is nothing with a line break", { commonName: "a\nCN=b" }, ["cn"], null],
    ["is nothing with a zero byte, which ends a name for others", { dns: ["a\0.evil"] }, ["dns"], null],
    ["is not empty", { commonName: "" }, ["cn"], null],
    ["is not longer than a user's", { commonName: "a".repeat(129) }, ["cn"], null],
    ["may hold a slash, which no template takes", { commonName: "a/b" }, ["cn"], "a/b"],
  ];
  for (const [what, wishes, sources, expected] of cases) {
    test(what, () => {
      const certificate = read(wishes);
      expect(certificate).not.toBeNull();
      expect(certificate === null ? undefined : nameOf(certificate, sources)).toBe(expected);
    });
  }
});

test("bytes that are cut off or changed are refused or read, and never throw", () => {
  const der = derOf(issue(authority, { commonName: "pump-1", dns: ["pump-1.plant"] }).certificate);
  for (let length = 0; length < der.length; length++)
    expect(readCertificate(der.subarray(0, length))).toBeNull();
  let names = 0;
  for (let index = 0; index < der.length; index++) {
    for (const value of [0, 0x80, 0xff, (der[index] ?? 0) ^ 1]) {
      const changed = der.slice();
      changed[index] = value;
      if (readCertificate(changed) !== null) names++;
    }
  }
  expect(names).toBeGreaterThan(100);
});
