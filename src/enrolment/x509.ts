// The library asks for it before it is loaded.
import "reflect-metadata";

import {
  AuthorityKeyIdentifierExtension,
  BasicConstraintsExtension,
  ExtendedKeyUsage,
  ExtendedKeyUsageExtension,
  type Extension,
  KeyUsageFlags,
  KeyUsagesExtension,
  Pkcs10CertificateRequest,
  Pkcs10CertificateRequestGenerator,
  PublicKey,
  SubjectAlternativeNameExtension,
  SubjectKeyIdentifierExtension,
  X509Certificate,
  X509CertificateGenerator,
  X509Crl,
  X509CrlGenerator,
  X509CrlReason,
} from "@peculiar/x509";
import { HeadwaterError } from "../base/errors.ts";
import type { HostNames } from "./names.ts";

/**
 * Certificates, requests for them and lists of revoked ones, all of ECDSA keys on P-256. Load this file where it is
 * needed: what it imports has 24 MB in memory.
 */

const ALGORITHM = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" } as const;

/** Certificates of one text that are looked at. */
const MAX_CHAIN = 10;

/** A key and the certificate of it, in PEM; the certificate may have those between it and its authority's behind it. */
export interface KeyPair {
  readonly certificate: string;
  readonly key: string;
}

/** From when to when, in milliseconds since 1970. */
export interface Validity {
  readonly fromMs: number;
  readonly untilMs: number;
}

/** What a certificate is to say of its holder. */
export interface Holder {
  readonly commonName: string;
  readonly names: HostNames;
  /** Whether it serves, calls, or both. */
  readonly use: "server" | "client" | "both";
}

/** What somebody who has a key asks an authority for. */
export interface CertificateRequest {
  readonly commonName: string | null;
  readonly names: HostNames;
  /** SubjectPublicKeyInfo, in DER. */
  readonly publicKey: Uint8Array;
}

export interface CertificateText {
  readonly commonName: string | null;
  readonly names: HostNames;
  /** Hexadecimal digits. */
  readonly serial: string;
  readonly validity: Validity;
  /** SubjectPublicKeyInfo, in DER. */
  readonly publicKey: Uint8Array;
  readonly isAuthority: boolean;
}

/** A new key, in PEM (PKCS 8). */
export async function newKey(): Promise<string> {
  const { privateKey } = await crypto.subtle.generateKey(ALGORITHM, true, ["sign", "verify"]);
  return pemOf("PRIVATE KEY", new Uint8Array(await crypto.subtle.exportKey("pkcs8", privateKey)));
}

/** An authority that signs certificates, and no further authorities. */
export async function newAuthority(commonName: string, validity: Validity): Promise<KeyPair> {
  const key = await newKey();
  const { privateKey, publicKey } = await importKey(key, "the new key");
  const certificate = await X509CertificateGenerator.createSelfSigned({
    name: [{ CN: [commonName] }],
    notBefore: new Date(validity.fromMs),
    notAfter: new Date(validity.untilMs),
    signingAlgorithm: ALGORITHM,
    keys: { privateKey, publicKey },
    extensions: [
      new BasicConstraintsExtension(true, 0, true),
      new KeyUsagesExtension(KeyUsageFlags.keyCertSign | KeyUsageFlags.cRLSign, true),
      await SubjectKeyIdentifierExtension.create(publicKey),
    ],
  });
  return { certificate: line(certificate.toString("pem")), key };
}

/** A request (PKCS 10) for a certificate of a key in PEM. Throws MALFORMED where that is none. */
export async function requestCertificate(key: string, holder: Holder): Promise<string> {
  const request = await Pkcs10CertificateRequestGenerator.create({
    name: [{ CN: [holder.commonName] }],
    keys: await importKey(key, "the key"),
    signingAlgorithm: ALGORITHM,
    extensions: usage(holder),
  });
  return line(request.toString("pem"));
}

/** Reads a request, and sees that whoever made it has the key. Throws MALFORMED. */
export async function readRequest(pem: string): Promise<CertificateRequest> {
  const request = understood("a certificate request", () => new Pkcs10CertificateRequest(pem));
  const holds = await request.verify().catch(() => false);
  if (!holds)
    throw new HeadwaterError("MALFORMED", "the certificate request is not signed by the key that it is for");
  const publicKey = new Uint8Array(request.publicKey.rawData);
  await checkPublicKey(publicKey, "the key of the certificate request");
  return understood("a certificate request", () => ({
    commonName: onlyName(request.subjectName.getField("CN")),
    names: namesOf(request.extensions),
    publicKey,
  }));
}

/** A certificate for a key that is given by its public half. Throws MALFORMED. */
export async function signCertificate(
  authority: KeyPair,
  publicKey: Uint8Array,
  holder: Holder,
  validity: Validity,
): Promise<string> {
  const issuer = understood("the authority's certificate", () => new X509Certificate(authority.certificate));
  const { privateKey: signingKey } = await importKey(authority.key, "the authority's key");
  const untilMs = Math.min(validity.untilMs, issuer.notAfter.getTime());
  const own = new PublicKey(Uint8Array.from(publicKey));
  const certificate = await X509CertificateGenerator.create({
    issuer: issuer.subjectName,
    subject: [{ CN: [holder.commonName] }],
    notBefore: new Date(Math.max(validity.fromMs, issuer.notBefore.getTime())),
    notAfter: new Date(untilMs),
    signingAlgorithm: ALGORITHM,
    publicKey: own,
    signingKey,
    extensions: [
      new BasicConstraintsExtension(false, undefined, true),
      ...usage(holder),
      await SubjectKeyIdentifierExtension.create(own),
      await AuthorityKeyIdentifierExtension.create(issuer.publicKey),
    ],
  });
  return line(certificate.toString("pem"));
}

/** The public half of a key in PEM, in DER. Throws MALFORMED. */
export async function publicKeyOf(key: string): Promise<Uint8Array> {
  const { publicKey } = await importKey(key, "the key");
  return new Uint8Array(await crypto.subtle.exportKey("spki", publicKey));
}

/** Reads the first certificate of a PEM text. Throws MALFORMED. */
export function readCertificateText(pem: string): CertificateText {
  return understood("a certificate", () => {
    const certificate = new X509Certificate(firstBlock(pem));
    return {
      commonName: onlyName(certificate.subjectName.getField("CN")),
      names: namesOf(certificate.extensions),
      serial: certificate.serialNumber,
      validity: { fromMs: certificate.notBefore.getTime(), untilMs: certificate.notAfter.getTime() },
      publicKey: new Uint8Array(certificate.publicKey.rawData),
      isAuthority: certificate.getExtension(BasicConstraintsExtension)?.ca === true,
    };
  });
}

/** Whether the first certificate of a text leads by signatures to one of the authorities, whatever the time. Throws MALFORMED. */
export async function leadsTo(pem: string, authorities: string): Promise<boolean> {
  const chain = understood("a certificate", () =>
    blocks(pem)
      .slice(0, MAX_CHAIN)
      .map((block) => new X509Certificate(block)),
  );
  const roots = understood("an authority's certificate", () =>
    blocks(authorities).map((block) => new X509Certificate(block)),
  );
  let [current, ...between] = chain;
  while (current !== undefined) {
    for (const root of roots) if (await signs(root, current)) return true;
    // Each of those between once: a chain has an end.
    let next: X509Certificate | undefined;
    for (const one of between) next ??= (await signs(one, current)) ? one : undefined;
    between = between.filter((one) => one !== next);
    current = next;
  }
  return false;
}

/** Whether key and certificate belong together. Throws MALFORMED. */
export async function fitTogether({ certificate, key }: KeyPair): Promise<boolean> {
  const own = readCertificateText(certificate).publicKey;
  return Buffer.from(own).equals(await publicKeyOf(key));
}

/** An authority's list of what it has taken back, by serial numbers in hexadecimal digits. Throws MALFORMED. */
export async function signRevocations(
  authority: KeyPair,
  serials: readonly string[],
  { fromMs, untilMs }: Validity,
): Promise<string> {
  const issuer = understood("the authority's certificate", () => new X509Certificate(authority.certificate));
  const { privateKey: signingKey } = await importKey(authority.key, "the authority's key");
  const list = await X509CrlGenerator.create({
    issuer: issuer.subjectName,
    thisUpdate: new Date(fromMs),
    nextUpdate: new Date(untilMs),
    signingAlgorithm: ALGORITHM,
    signingKey,
    // An entry without a reason has an empty list of extensions, which the doors' TLS refuses.
    entries: serials.map((serialNumber) => ({
      serialNumber,
      revocationDate: new Date(fromMs),
      reason: X509CrlReason.cessationOfOperation,
    })),
    extensions: [await AuthorityKeyIdentifierExtension.create(issuer.publicKey)],
  });
  return pemOf("X509 CRL", new Uint8Array(list.rawData));
}

/** The serial numbers on a list. Throws MALFORMED. */
export function readRevokedSerials(pem: string): readonly string[] {
  return understood("a list of revoked certificates", () =>
    new X509Crl(pem).entries.map(({ serialNumber }) => serialNumber),
  );
}

function usage(holder: Holder): Extension[] {
  const { dns, addresses } = holder.names;
  const purposes = [
    ...(holder.use === "client" ? [] : [ExtendedKeyUsage.serverAuth]),
    ...(holder.use === "server" ? [] : [ExtendedKeyUsage.clientAuth]),
  ];
  const names = [
    ...dns.map((value) => ({ type: "dns" as const, value })),
    ...addresses.map((value) => ({ type: "ip" as const, value })),
  ];
  return [
    new KeyUsagesExtension(KeyUsageFlags.digitalSignature, true),
    new ExtendedKeyUsageExtension(purposes),
    ...(names.length === 0 ? [] : [new SubjectAlternativeNameExtension(names)]),
  ];
}

function namesOf(extensions: readonly Extension[]): HostNames {
  const extension = extensions.find((one) => one instanceof SubjectAlternativeNameExtension);
  const items = extension?.names.items ?? [];
  const texts = (type: string) => items.filter((item) => item.type === type).map(({ value }) => value);
  return { dns: texts("dns"), addresses: texts("ip") };
}

function onlyName(names: readonly string[]): string | null {
  const [name, ...more] = names;
  return name === undefined || more.length > 0 ? null : name;
}

async function signs(issuer: X509Certificate, certificate: X509Certificate): Promise<boolean> {
  if (issuer.subject !== certificate.issuer) return false;
  if (issuer.getExtension(BasicConstraintsExtension)?.ca !== true) return false;
  return certificate
    .verify({ publicKey: await issuer.publicKey.export(), signatureOnly: true })
    .catch(() => false);
}

async function importKey(
  pem: string,
  what: string,
): Promise<{ readonly privateKey: CryptoKey; readonly publicKey: CryptoKey }> {
  const base64 = /-----BEGIN PRIVATE KEY-----([^-]*)-----END PRIVATE KEY-----/.exec(pem)?.[1];
  try {
    if (base64 === undefined) throw new Error("there is no -----BEGIN PRIVATE KEY-----");
    const der = Uint8Array.fromBase64(base64.replaceAll(/\s/g, ""));
    const privateKey = await crypto.subtle.importKey("pkcs8", der, ALGORITHM, true, ["sign"]);
    const { kty, crv, x, y } = await crypto.subtle.exportKey("jwk", privateKey);
    // Without its private part it is the public one.
    const half = { kty: kty ?? "EC", crv: crv ?? "", x: x ?? "", y: y ?? "" };
    return { privateKey, publicKey: await crypto.subtle.importKey("jwk", half, ALGORITHM, true, ["verify"]) };
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    const remedy =
      "it has to be an EC key on P-256 in PEM (PKCS 8), not encrypted: openssl pkcs8 -topk8 -nocrypt";
    throw new HeadwaterError("MALFORMED", `${what} can't be read: ${why}; ${remedy}`, { cause });
  }
}

async function checkPublicKey(spki: Uint8Array, what: string): Promise<void> {
  try {
    await crypto.subtle.importKey("spki", Uint8Array.from(spki), ALGORITHM, true, ["verify"]);
  } catch (cause) {
    throw new HeadwaterError("MALFORMED", `${what} is not an EC key on P-256; make one on that curve`, {
      cause,
    });
  }
}

function blocks(pem: string): readonly string[] {
  const found = pem.match(/-----BEGIN CERTIFICATE-----[^-]*-----END CERTIFICATE-----/g);
  if (found === null) throw new Error("there is no -----BEGIN CERTIFICATE-----");
  return found;
}

function firstBlock(pem: string): string {
  return blocks(pem)[0] ?? "";
}

/** What the library throws on bytes that it can't read has no code. */
function understood<T>(what: string, read: () => T): T {
  try {
    return read();
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new HeadwaterError("MALFORMED", `this is not ${what} in PEM: ${why}`, { cause });
  }
}

function pemOf(label: string, der: Uint8Array): string {
  const rows = der.toBase64().match(/.{1,64}/g) ?? [];
  return `-----BEGIN ${label}-----\n${rows.join("\n")}\n-----END ${label}-----\n`;
}

/** Texts of the library end without one. */
function line(pem: string): string {
  return pem.endsWith("\n") ? pem : `${pem}\n`;
}
