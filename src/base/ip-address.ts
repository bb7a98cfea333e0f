const V4_BYTES = 4;
const V6_GROUPS = 8;

/** The 4 or 16 bytes of an IP address, without a scope (`%eth0`); null where it is none. */
export function ipBytes(address: string): Uint8Array | null {
  return address.includes(":") ? ipv6Bytes(address) : ipv4Bytes(address);
}

/** Whether two addresses are in the same network, whose part of them has so many bits. */
export function sameNetwork(one: string, other: string, prefixBits: number): boolean {
  const [a, b] = [ipBytes(one), ipBytes(other)];
  if (a === null || b === null || a.length !== b.length) return false;
  for (let bit = 0; bit < Math.min(prefixBits, a.length * 8); bit += 8) {
    const mask = prefixBits - bit >= 8 ? 0xff : (0xff00 >> (prefixBits - bit)) & 0xff;
    const index = bit / 8;
    if (((a[index] ?? 0) & mask) !== ((b[index] ?? 0) & mask)) return false;
  }
  return true;
}

function ipv4Bytes(address: string): Uint8Array | null {
  const parts = address.split(".");
  if (parts.length !== V4_BYTES || !parts.every((part) => /^\d{1,3}$/.test(part) && Number(part) <= 255))
    return null;
  return Uint8Array.from(parts, Number);
}

function ipv6Bytes(address: string): Uint8Array | null {
  const [head = "", tail, more] = address.replace(/%.*$/, "").split("::");
  if (more !== undefined) return null;
  const groups = (text: string) => (text === "" ? [] : text.split(":"));
  const [before, after] = [groups(head), groups(tail ?? "")];
  const zeros = V6_GROUPS - before.length - after.length;
  if (tail === undefined ? zeros !== 0 : zeros < 1) return null;
  const all = [...before, ...new Array<string>(zeros).fill("0"), ...after];
  if (!all.every((group) => /^[0-9a-f]{1,4}$/i.test(group))) return null;
  const values = all.map((group) => Number.parseInt(group, 16));
  return Uint8Array.from(values.flatMap((value) => [value >> 8, value & 0xff]));
}
