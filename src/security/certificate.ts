import { type DerValue, derInside, derValues, Tag } from "./der.ts";

/** What rights need of a certificate (RFC 5280, 4.1). Its signature was checked by whoever took it. */
export interface Certificate {
  /** Of the subject; null where there is none, or more than one: nobody may choose between two names. */
  readonly commonName: string | null;
  /** Subject alternative names. */
  readonly dns: readonly string[];
  readonly email: readonly string[];
  readonly uri: readonly string[];
  /** Which certificate of which authority it is, as `RevocationList` has it. */
  readonly id: string;
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
  const [serial, , issuer, , subject] = fields;
  if (serial?.tag !== Tag.INTEGER || issuer?.tag !== Tag.SEQUENCE || subject?.tag !== Tag.SEQUENCE)
    return null;
  const names = commonNames(subject);
  const alternatives = alternativeNames(fields.find(({ tag }) => tag === EXTENSIONS));
  if (names === null || alternatives === null) return null;
  const texts = (tag: number) =>
    alternatives.filter((name) => name.tag === tag).map(({ content }) => new TextDecoder().decode(content));
  const [only = null, ...more] = names;
  return {
    commonName: more.length > 0 ? null : only,
    dns: texts(DNS_NAME),
    email: texts(EMAIL_NAME),
    uri: texts(URI_NAME),
    id: certificateId(issuer, serial),
  };
}

/** The certificates of PEM lists (RFC 5280, 5.1) that were taken back, by their ids. Null where one is no list. */
export function readRevocations(pem: string): ReadonlySet<string> | null {
  const ids = new Set<string>();
  if (!pem.includes("-----BEGIN X509 CRL-----")) return null;
  for (const [, base64 = ""] of pem.matchAll(/-----BEGIN X509 CRL-----([^-]*)-----END X509 CRL-----/g)) {
    const outer = derInside(fromBase64(base64), Tag.SEQUENCE);
    const body = outer?.[0] === undefined ? null : derValues(outer[0].content);
    if (body === null) return null;
    const fields = body[0]?.tag === Tag.INTEGER ? body.slice(1) : body;
    const issuer = fields[1];
    if (issuer?.tag !== Tag.SEQUENCE) return null;
    const list = fields.slice(2).find(({ tag }) => tag === Tag.SEQUENCE);
    for (const { content } of list === undefined ? [] : (derValues(list.content) ?? [])) {
      const serial = derValues(content)?.[0];
      if (serial?.tag === Tag.INTEGER) ids.add(certificateId(issuer, serial));
    }
  }
  return ids;
}

/** Serial numbers are unique with their issuer only. */
function certificateId(issuer: DerValue, serial: DerValue): string {
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

const TEXTS: readonly number[] = [Tag.UTF8_STRING, Tag.PRINTABLE_STRING, Tag.IA5_STRING];

function textOf({ tag, content }: DerValue): string | null {
  if (!TEXTS.includes(tag)) return null;
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(content);
  } catch {
    return null;
  }
}

function fromBase64(text: string): Uint8Array {
  try {
    return Uint8Array.fromBase64(text.replaceAll(/\s/g, ""));
  } catch {
    return new Uint8Array(0);
  }
}
