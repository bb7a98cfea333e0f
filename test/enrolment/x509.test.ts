import { describe, expect, test } from "bun:test";
import {
  fitTogether,
  type Holder,
  leadsTo,
  newAuthority,
  newKey,
  publicKeyOf,
  readCertificateText,
  readRequest,
  readRevokedSerials,
  requestCertificate,
  signCertificate,
  signRevocations,
} from "../../src/enrolment/x509.ts";
import { checkTls } from "../../src/io/bun/tls.ts";
import { readCertificate } from "../../src/security/certificate.ts";
import { readRevocations } from "../../src/security/revocations.ts";
import { derOf } from "../support/certificates.ts";

const DAY_MS = 86_400_000;
const NOW_MS = Date.UTC(2026, 10, 22, 9);
const TEN_YEARS = { fromMs: NOW_MS - DAY_MS, untilMs: NOW_MS + 3650 * DAY_MS };
const HOLDER: Holder = {
  commonName: "plant-3",
  names: { dns: ["plant-3.local", "localhost"], addresses: ["127.0.0.1", "10.0.0.9"] },
  use: "both",
};

const authority = await newAuthority("plant, 3+authority", TEN_YEARS);
const key = await newKey();
const certificate = await signCertificate(authority, await publicKeyOf(key), HOLDER, TEN_YEARS);

describe("a certificate", () => {
  test("says who holds it, for what names and until when, to us and to the doors", () => {
    expect(readCertificateText(certificate)).toMatchObject({
      commonName: "plant-3",
      names: HOLDER.names,
      validity: TEN_YEARS,
      isAuthority: false,
    });
    expect(readCertificateText(authority.certificate)).toMatchObject({
      commonName: "plant, 3+authority",
      isAuthority: true,
    });
    expect(readCertificate(derOf(certificate))).toMatchObject({
      commonName: "plant-3",
      dns: HOLDER.names.dns,
    });
  });

  test("is of its key, and of its authority alone", async () => {
    expect(await fitTogether({ certificate, key })).toBe(true);
    expect(await fitTogether({ certificate, key: await newKey() })).toBe(false);
    const namesake = await newAuthority("plant, 3+authority", TEN_YEARS);
    expect(await leadsTo(certificate, authority.certificate)).toBe(true);
    expect(await leadsTo(certificate, namesake.certificate)).toBe(false);
    expect(await leadsTo(certificate, namesake.certificate + authority.certificate)).toBe(true);
    // One that is no authority signs for nobody.
    const forged = await signCertificate({ certificate, key }, await publicKeyOf(key), HOLDER, TEN_YEARS);
    expect(await leadsTo(forged + certificate, authority.certificate)).toBe(false);
  });

  test("is never good for longer than its authority", async () => {
    const century = { fromMs: 0, untilMs: NOW_MS + 36_500 * DAY_MS };
    const long = await signCertificate(authority, await publicKeyOf(key), HOLDER, century);
    expect(readCertificateText(long).validity).toEqual(TEN_YEARS);
  });
});

describe("a request", () => {
  test("says what is asked for, and shows that the key is there", async () => {
    const request = await readRequest(await requestCertificate(key, HOLDER));
    expect(request).toEqual({
      commonName: "plant-3",
      names: HOLDER.names,
      publicKey: await publicKeyOf(key),
    });
  });

  test("is refused where it is cut off, or a bit of it is another", async () => {
    const pem = await requestCertificate(key, HOLDER);
    const der = derOf(pem);
    const pemOf = (bytes: Uint8Array) =>
      `-----BEGIN CERTIFICATE REQUEST-----\n${bytes.toBase64()}\n-----END CERTIFICATE REQUEST-----\n`;
    expect((await readRequest(pemOf(der))).commonName).toBe("plant-3");
    for (let length = 0; length < der.length; length += 7) {
      await expect(readRequest(pemOf(der.subarray(0, length)))).rejects.toMatchObject({ code: "MALFORMED" });
    }
    for (let at = 0; at < der.length; at += 5) {
      const other = Uint8Array.from(der);
      other[at] = (other[at] ?? 0) ^ 0x10;
      await expect(readRequest(pemOf(other))).rejects.toMatchObject({ code: "MALFORMED" });
    }
  });

  test("of a key on another curve is refused", async () => {
    const { privateKey } = await crypto.subtle.generateKey({ name: "ECDSA", namedCurve: "P-384" }, true, [
      "sign",
    ]);
    const der = new Uint8Array(await crypto.subtle.exportKey("pkcs8", privateKey));
    const pem = `-----BEGIN PRIVATE KEY-----\n${der.toBase64()}\n-----END PRIVATE KEY-----\n`;
    await expect(requestCertificate(pem, HOLDER)).rejects.toMatchObject({ code: "MALFORMED" });
  });
});

describe("a list of revoked certificates", () => {
  test("has the serial numbers, for us and for the doors", async () => {
    const { serial } = readCertificateText(certificate);
    const list = await signRevocations(authority, [serial], TEN_YEARS);
    expect(readRevokedSerials(list)).toEqual([serial]);
    expect(readRevocations(list)?.map(({ ids }) => ids)).toEqual([
      [readCertificate(derOf(certificate))?.id ?? ""],
    ]);
    const none = await signRevocations(authority, [], TEN_YEARS);
    expect(readRevokedSerials(none)).toEqual([]);
    const tls = {
      certificate,
      key,
      authorities: authority.certificate,
      clientCertificate: "required",
    } as const;
    for (const revocations of [list, none]) {
      expect(() => checkTls({ ...tls, revocations, minVersion: "1.2", protocols: [] })).not.toThrow();
    }
  });
});

test("what is none of these says so", async () => {
  for (const text of [
    "",
    "garbage",
    authority.key,
    "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----",
  ]) {
    expect(() => readCertificateText(text)).toThrow("in PEM");
    await expect(readRequest(text)).rejects.toMatchObject({ code: "MALFORMED" });
    expect(() => readRevokedSerials(text)).toThrow("in PEM");
  }
  await expect(publicKeyOf(certificate)).rejects.toMatchObject({ code: "MALFORMED" });
});
