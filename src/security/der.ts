/** One value of DER (X.690): its tag and where its content lies. */
export interface DerValue {
  readonly tag: number;
  /** With tag and length. */
  readonly whole: Uint8Array;
  readonly content: Uint8Array;
}

export const Tag = {
  INTEGER: 0x02,
  OCTET_STRING: 0x04,
  OBJECT_IDENTIFIER: 0x06,
  UTF8_STRING: 0x0c,
  SEQUENCE: 0x30,
  SET: 0x31,
  PRINTABLE_STRING: 0x13,
  IA5_STRING: 0x16,
  UTC_TIME: 0x17,
  GENERALIZED_TIME: 0x18,
} as const;

/** The values that lie back to back in these bytes, or null where they are not DER. */
export function derValues(bytes: Uint8Array): readonly DerValue[] | null {
  const values: DerValue[] = [];
  for (let at = 0; at < bytes.length; ) {
    const value = valueAt(bytes, at);
    if (value === null) return null;
    values.push(value);
    at += value.whole.length;
  }
  return values;
}

/** The values inside the one value that these bytes are, which has this tag; null where that is not so. */
export function derInside(bytes: Uint8Array, tag: number): readonly DerValue[] | null {
  const value = valueAt(bytes, 0);
  if (value === null || value.tag !== tag || value.whole.length !== bytes.length) return null;
  return derValues(value.content);
}

/** Lengths up to four bytes, tags of one: all that certificates have. */
function valueAt(bytes: Uint8Array, at: number): DerValue | null {
  const tag = bytes[at];
  const first = bytes[at + 1];
  if (tag === undefined || first === undefined || (tag & 0x1f) === 0x1f) return null;
  let start = at + 2;
  let length = first;
  if (first >= 0x80) {
    const count = first & 0x7f;
    if (count === 0 || count > 4 || start + count > bytes.length) return null;
    length = 0;
    for (let index = 0; index < count; index++) length = length * 256 + (bytes[start + index] ?? 0);
    start += count;
  }
  const end = start + length;
  if (end > bytes.length) return null;
  return { tag, whole: bytes.subarray(at, end), content: bytes.subarray(start, end) };
}
