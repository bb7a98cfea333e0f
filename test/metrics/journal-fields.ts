/** What journald reads of an entry in its native form. Throws where it is none. */
export function entryFields(entry: Uint8Array): Readonly<Record<string, string>> {
  const bytes = Buffer.from(entry);
  const fields: Record<string, string> = {};
  for (let at = 0; at < bytes.length; ) {
    const end = bytes.indexOf(0x0a, at);
    if (end < 0) throw new Error("the last field has no end");
    const line = bytes.subarray(at, end).toString();
    const equals = line.indexOf("=");
    if (equals >= 0) {
      fields[line.slice(0, equals)] = line.slice(equals + 1);
      at = end + 1;
      continue;
    }
    const length = Number(bytes.readBigUInt64LE(end + 1));
    const from = end + 9;
    if (bytes[from + length] !== 0x0a) throw new Error(`the value of ${line} does not end where it says`);
    fields[line] = bytes.subarray(from, from + length).toString();
    at = from + length + 1;
  }
  return fields;
}
