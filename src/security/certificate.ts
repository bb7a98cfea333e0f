import { type DerValue, derInside, derValues, Tag } from "./der.ts";

/** What rights need of a certificate (RFC 5280, 4.1). Its signature was checked by whoever took it. */
export interface Certificate {
  /** Of the subject; null where there is none, or more than one: nobody may choose between two names. */
  readonly commonName: string | null;
  /** Subject alternative names. */
  readonly dns: readonly string[];
  readonly email: readonly string[];
  readonly uri: readonly string[];
  /** Which certificate of which authority it is, as lists of revoked ones have it. */
  readonly id: string;
  /** Names of the authority and of the holder, in DER, as hexadecimal digits. */
  readonly issuer: string;
  readonly subject: string;
  /** Wall time from which on it is good for nothing. */
  readonly expiresAtMs: number;
}

/** Dotted object identifiers would have to be decoded; these are compared as they lie. */
const COMMON_NAME = "550403";
const SUBJECT_ALT_NAME = "551d11";
const EXTENSIONS = 0xa3;
const VERSION = 0xa0;
const EMAIL_NAME = 0x81;
const DNS_NAME = 0x82;
const URI_NAME = 0x86;

/** Reads a certificate in DER, or null where it is none. */
export function readCertificate(der: Uint8Array): Certificate | null {
  const outer = derInside(der, Tag.SEQUENCE);
  const body = outer?.[0] === undefined ? null : derValues(outer[0].content);
  if (body === null) return null;
  const fields = body[0]?.tag === VERSION ? body.slice(1) : body;
  const [serial, , issuer, validity, subject] = fields;
  if (serial?.tag !== Tag.INTEGER || issuer?.tag !== Tag.SEQUENCE || subject?.tag !== Tag.SEQUENCE)
    return null;
  const names = commonNames(subject);
  const alternatives = alternativeNames(fields.find(({ tag }) => tag === EXTENSIONS));
  const expiresAtMs = expiryOf(validity);
  if (names === null || alternatives === null || expiresAtMs === null) return null;
  const texts = (tag: number) =>
    alternatives.filter((name) => name.tag === tag).map(({ content }) => new TextDecoder().decode(content));
  const [only = null, ...more] = names;
  return {
    commonName: more.length > 0 ? null : only,
    dns: texts(DNS_NAME),
    email: texts(EMAIL_NAME),
    uri: texts(URI_NAME),
    id: certificateId(issuer, serial),
    issuer: issuer.whole.toHex(),
    subject: subject.whole.toHex(),
    expiresAtMs,
  };
}

/** The authorities of a PEM file: the name of each by its bytes, which tell two of one name apart. */
export function readAuthorities(pem: string): ReadonlyMap<string, string> {
  const subjects = new Map<string, string>();
  for (const der of certificatesOf(pem)) {
    const subject = readCertificate(der)?.subject;
    if (subject !== undefined) subjects.set(der.toHex(), subject);
  }
  return subjects;
}

/** When the first certificate of a PEM chain expires, as wall time; null where none can be read. */
export function chainExpiresAtMs(pem: string): number | null {
  const times = certificatesOf(pem).flatMap((der) => readCertificate(der)?.expiresAtMs ?? []);
  return times.length === 0 ? null : Math.min(...times);
}

/** Whether a PEM file has certificates, and each of them is DER and complete: what is in them is not looked at. */
export function isWholeChain(pem: string): boolean {
  const found = certificatesOf(pem);
  const begun = pem.split("-----BEGIN CERTIFICATE-----").length - 1;
  return (
    begun > 0 && found.length === begun && found.every((der) => derInside(der, Tag.SEQUENCE)?.length === 3)
  );
}

function certificatesOf(pem: string): readonly Uint8Array[] {
  const blocks = pem.matchAll(/-----BEGIN CERTIFICATE-----([^-]*)-----END CERTIFICATE-----/g);
  return [...blocks].map(([, base64 = ""]) => derOfPem(base64));
}

/** Serial numbers are unique with their issuer only. */
export function certificateId(issuer: DerValue, serial: DerValue): string {
  return `${issuer.whole.toHex()}/${serial.content.toHex()}`;
}

/** Name: a sequence of sets of sequences of identifier and value. Null where it is not. */
function commonNames(subject: DerValue): readonly string[] | null {
  const names: string[] = [];
  for (const set of derValues(subject.content) ?? []) {
    for (const pair of derValues(set.content) ?? []) {
      const [type, value] = derValues(pair.content) ?? [];
      if (type?.tag !== Tag.OBJECT_IDENTIFIER || value === undefined) return null;
      if (type.content.toHex() !== COMMON_NAME) continue;
      const text = textOf(value);
      if (text === null) return null;
      names.push(text);
    }
  }
  return names;
}

function alternativeNames(extensions: DerValue | undefined): readonly DerValue[] | null {
  if (extensions === undefined) return [];
  for (const extension of derInside(extensions.content, Tag.SEQUENCE) ?? []) {
    const parts = derValues(extension.content) ?? [];
    if (parts[0]?.content.toHex() !== SUBJECT_ALT_NAME) continue;
    const value = parts.find(({ tag }) => tag === Tag.OCTET_STRING);
    return value === undefined ? null : derInside(value.content, Tag.SEQUENCE);
  }
  return [];
}

/** Validity: two times, of which the second is good up to its end. */
function expiryOf(validity: DerValue | undefined): number | null {
  const notAfter = validity?.tag === Tag.SEQUENCE ? derValues(validity.content)?.[1] : undefined;
  const atMs = timeOf(notAfter);
  return atMs === null ? null : atMs + SECOND_MS;
}

/** UTCTime or GeneralizedTime as wall time (RFC 5280, 4.1.2.5), of years up to 2049 with two digits. Null where it is none. */
export function timeOf(value: DerValue | undefined): number | null {
  const match = value === undefined ? null : TIME.exec(new TextDecoder().decode(value.content));
  if (value === undefined || match === null) return null;
  const [, year = "", ...rest] = match;
  const isShort = year.length === 2;
  if (value.tag !== (isShort ? Tag.UTC_TIME : Tag.GENERALIZED_TIME)) return null;
  const [month = 0, day = 0, hour = 0, minute = 0, second = 0] = rest.map(Number);
  const century = !isShort ? 0 : Number(year) >= 50 ? 1900 : 2000;
  return Date.UTC(century + Number(year), month - 1, day, hour, minute, second);
}

const SECOND_MS = 1_000;
const TIME = /^(\d{4}|\d{2})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)Z$/;

const TEXTS: readonly number[] = [Tag.UTF8_STRING, Tag.PRINTABLE_STRING, Tag.IA5_STRING];

function textOf({ tag, content }: DerValue): string | null {
  if (!TEXTS.includes(tag)) return null;
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(content);
  } catch {
    return null;
  }
}

/** What is between the lines of a PEM block; nothing where it is no base64. */
export function derOfPem(text: string): Uint8Array {
  try {
    return Uint8Array.fromBase64(text.replaceAll(/\s/g, ""));
  } catch {
    return new Uint8Array(0);
  }
}
