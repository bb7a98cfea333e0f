import { generateKeyPairSync, type KeyObject, sign } from "node:crypto";

/** An authority that signs certificates of P-256 keys, for tests: made when they run, so that none ever expires. */
export interface Authority {
  readonly certificate: string;
  readonly name: Uint8Array;
  readonly key: KeyObject;
}

export interface Issued {
  readonly certificate: string;
  readonly key: string;
  readonly serial: number;
}

export interface Wishes {
  /** More than one common name is possible, and none. */
  readonly commonName?: string | readonly string[];
  readonly dns?: readonly string[];
  readonly email?: readonly string[];
  readonly uri?: readonly string[];
  readonly ip?: readonly number[];
  /** Days from now; negative for one that has expired. */
  readonly days?: number;
  readonly serial?: number;
}

const DAY_MS = 86_400_000;
const OID = {
  commonName: [2, 5, 4, 3],
  subjectAltName: [2, 5, 29, 17],
  basicConstraints: [2, 5, 29, 19],
  crlNumber: [2, 5, 29, 20],
  ecPublicKey: [1, 2, 840, 10045, 2, 1],
  ecdsaWithSha256: [1, 2, 840, 10045, 4, 3, 2],
} as const;

let serials = 1000;

export function newAuthority(commonName = "test authority"): Authority {
  const { privateKey, publicKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const name = distinguishedName([commonName]);
  const extensions = [
    sequence(oid(OID.basicConstraints), tlv(0x01, [0xff]), tlv(0x04, sequence(tlv(0x01, [0xff])))),
  ];
  const body = certificateBody(name, name, publicKey, 1, 3650, extensions);
  return { certificate: pem("CERTIFICATE", signed(body, privateKey)), name, key: privateKey };
}

/** A certificate that the authority signs, with a key of its own. */
export function issue(authority: Authority, wishes: Wishes = {}): Issued {
  const { privateKey, publicKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const { commonName = [], dns = [], email = [], uri = [], ip, days = 365, serial = serials++ } = wishes;
  const names = [
    ...email.map((text) => tlv(0x81, Buffer.from(text))),
    ...dns.map((text) => tlv(0x82, Buffer.from(text))),
    ...uri.map((text) => tlv(0x86, Buffer.from(text))),
    ...(ip === undefined ? [] : [tlv(0x87, ip)]),
  ];
  const extensions =
    names.length === 0 ? [] : [sequence(oid(OID.subjectAltName), tlv(0x04, sequence(...names)))];
  const subject = distinguishedName(typeof commonName === "string" ? [commonName] : commonName);
  const body = certificateBody(authority.name, subject, publicKey, serial, days, extensions);
  return {
    certificate: pem("CERTIFICATE", signed(body, authority.key)),
    key: privateKey.export({ type: "pkcs8", format: "pem" }).toString(),
    serial,
  };
}

/** The authority's list of what it has taken back, good until then; null for ever. */
export function revocationList(
  authority: Authority,
  revoked: readonly number[],
  untilMs: number | null = Date.now() + 365 * DAY_MS,
  madeAtMs = Date.now() - DAY_MS,
): string {
  const entries = revoked.map((serial) => sequence(integer(serial), time(madeAtMs)));
  const body = sequence(
    integer(1),
    sequence(oid(OID.ecdsaWithSha256)),
    authority.name,
    time(madeAtMs),
    ...(untilMs === null ? [] : [time(untilMs)]),
    ...(entries.length === 0 ? [] : [sequence(...entries)]),
    tlv(0xa0, sequence(sequence(oid(OID.crlNumber), tlv(0x04, integer(1))))),
  );
  return pem("X509 CRL", signed(body, authority.key));
}

/** The bytes of a PEM text's first object. */
export function derOf(text: string): Uint8Array {
  const base64 = /-----BEGIN [^-]+-----([^-]+)-----END/.exec(text)?.[1] ?? "";
  return new Uint8Array(Buffer.from(base64, "base64"));
}

function certificateBody(
  issuer: Uint8Array,
  subject: Uint8Array,
  publicKey: KeyObject,
  serial: number,
  days: number,
  extensions: readonly Uint8Array[],
): Uint8Array {
  const nowMs = Date.now();
  const endMs = nowMs + days * DAY_MS;
  const beginMs = Math.min(nowMs, endMs) - DAY_MS;
  const spki = new Uint8Array(publicKey.export({ type: "spki", format: "der" }));
  return sequence(
    tlv(0xa0, integer(2)),
    integer(serial),
    sequence(oid(OID.ecdsaWithSha256)),
    issuer,
    sequence(time(beginMs), time(endMs)),
    subject,
    spki,
    ...(extensions.length === 0 ? [] : [tlv(0xa3, sequence(...extensions))]),
  );
}

function signed(body: Uint8Array, key: KeyObject): Uint8Array {
  const signature = sign("sha256", body, key);
  return sequence(body, sequence(oid(OID.ecdsaWithSha256)), tlv(0x03, [0, ...signature]));
}

function distinguishedName(commonNames: readonly string[]): Uint8Array {
  return sequence(
    ...commonNames.map((name) => tlv(0x31, sequence(oid(OID.commonName), tlv(0x0c, Buffer.from(name))))),
  );
}

function pem(label: string, der: Uint8Array): string {
  const lines = Buffer.from(der)
    .toString("base64")
    .replaceAll(/.{1,64}/g, "$&\n");
  return `-----BEGIN ${label}-----\n${lines}-----END ${label}-----\n`;
}

function tlv(tag: number, content: Iterable<number>): Uint8Array {
  const bytes = Uint8Array.from(content);
  const { length } = bytes;
  const head =
    length < 0x80 ? [length] : length < 0x100 ? [0x81, length] : [0x82, length >> 8, length & 0xff];
  return new Uint8Array([tag, ...head, ...bytes]);
}

function sequence(...parts: readonly Uint8Array[]): Uint8Array {
  return tlv(0x30, Buffer.concat(parts));
}

function integer(value: number): Uint8Array {
  const hex = value.toString(16);
  const bytes = Buffer.from(hex.length % 2 === 0 ? hex : `0${hex}`, "hex");
  return tlv(0x02, (bytes[0] ?? 0) >= 0x80 ? [0, ...bytes] : bytes);
}

function oid([first = 0, second = 0, ...rest]: readonly number[]): Uint8Array {
  const groups = rest.flatMap((arc) => {
    const digits = [arc & 0x7f];
    for (let left = arc >>> 7; left > 0; left >>>= 7) digits.unshift((left & 0x7f) | 0x80);
    return digits;
  });
  return tlv(0x06, [first * 40 + second, ...groups]);
}

/** UTCTime up to 2049, then GeneralizedTime (RFC 5280, 4.1.2.5). */
function time(ms: number): Uint8Array {
  const text = new Date(ms).toISOString().replaceAll(/[-:T]|\.\d+/g, "");
  const year = Number(text.slice(0, 4));
  return year < 2050 ? tlv(0x17, Buffer.from(text.slice(2))) : tlv(0x18, Buffer.from(text));
}
