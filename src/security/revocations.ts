import { certificateId, derOfPem, timeOf } from "./certificate.ts";
import { derInside, derValues, Tag } from "./der.ts";
import { formatDistinguishedName } from "./distinguished-name.ts";

/** What an authority has taken back (RFC 5280, 5.1). Its signature was checked by whoever took it. */
export interface RevocationList {
  /** The authority's name, for people, and in DER as hexadecimal digits. */
  readonly issuer: string;
  readonly issuerDer: string;
  /** Which list of its file it is, from 1. */
  readonly number: number;
  /** The certificates on it, as `Certificate.id` has them. */
  readonly ids: readonly string[];
  /** Wall times: when it was made, and by when there is to be another; null where it is good for ever. */
  readonly madeAtMs: number;
  readonly nextUpdateMs: number | null;
}

const MARK = "-----BEGIN X509 CRL-----";
const EXTENSIONS = 0xa0;

/** The lists of a PEM file. Null where there is none, or one is damaged or cut off. */
export function readRevocations(pem: string): readonly RevocationList[] | null {
  const blocks = [...pem.matchAll(/-----BEGIN X509 CRL-----([^-]*)-----END X509 CRL-----/g)];
  const lists = blocks.flatMap(([, base64 = ""], index) => readList(derOfPem(base64), index + 1) ?? []);
  const begun = pem.split(MARK).length - 1;
  return begun > 0 && lists.length === begun ? lists : null;
}

/** TBSCertList: version or none, algorithm, issuer, thisUpdate, nextUpdate or none, entries or none, extensions or none. */
function readList(der: Uint8Array, number: number): RevocationList | null {
  const outer = derInside(der, Tag.SEQUENCE);
  const body = outer?.[0]?.tag === Tag.SEQUENCE && outer.length === 3 ? derValues(outer[0].content) : null;
  if (body === null) return null;
  const [algorithm, issuer, made, ...rest] = body[0]?.tag === Tag.INTEGER ? body.slice(1) : body;
  const madeAtMs = timeOf(made);
  if (algorithm?.tag !== Tag.SEQUENCE || issuer?.tag !== Tag.SEQUENCE || madeAtMs === null) return null;
  const hasEnd = rest[0]?.tag === Tag.UTC_TIME || rest[0]?.tag === Tag.GENERALIZED_TIME;
  const nextUpdateMs = hasEnd ? timeOf(rest.shift()) : null;
  if (hasEnd && nextUpdateMs === null) return null;
  const entries = rest[0]?.tag === Tag.SEQUENCE ? derValues(rest.shift()?.content ?? new Uint8Array(0)) : [];
  if (entries === null || rest.some(({ tag }) => tag !== EXTENSIONS)) return null;
  const ids: string[] = [];
  for (const { content } of entries) {
    const serial = derValues(content)?.[0];
    if (serial?.tag !== Tag.INTEGER) return null;
    ids.push(certificateId(issuer, serial));
  }
  const issuerDer = issuer.whole.toHex();
  const name = formatDistinguishedName(issuer.whole);
  return { issuer: name ?? `DER ${issuerDer}`, issuerDer, number, ids, madeAtMs, nextUpdateMs };
}

/** By when each authority has to have another list: of several of one authority the last one counts. Without those that are good for ever. */
export function endingLists(lists: readonly RevocationList[]): readonly EndingList[] {
  const last = new Map<string, RevocationList>();
  for (const list of lists) {
    const other = last.get(list.issuerDer);
    if (other === undefined || endOf(other) < endOf(list)) last.set(list.issuerDer, list);
  }
  return [...last.values()].flatMap((list) =>
    list.nextUpdateMs === null ? [] : [{ list, endsAtMs: list.nextUpdateMs }],
  );
}

export interface EndingList {
  readonly list: RevocationList;
  readonly endsAtMs: number;
}

function endOf({ nextUpdateMs }: RevocationList): number {
  return nextUpdateMs ?? Number.POSITIVE_INFINITY;
}
