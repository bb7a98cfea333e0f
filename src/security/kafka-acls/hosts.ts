const MAPPED = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i;

/**
 * An address as Java spells it, which is how Kafka compares them: IPv6 with all its eight groups, IPv4 that came over
 * IPv6 as IPv4. What is no such address stays as it is.
 */
export function hostName(address: string): string {
  const mapped = MAPPED.exec(address)?.[1];
  if (mapped !== undefined) return mapped;
  if (!address.includes(":")) return address;
  const [groups = "", zone] = address.split("%");
  const [head = "", tail, ...more] = groups.split("::");
  if (more.length > 0) return address;
  const before = head === "" ? [] : head.split(":");
  const after = tail === undefined || tail === "" ? [] : tail.split(":");
  const missing = tail === undefined ? 0 : 8 - before.length - after.length;
  if (missing < 0) return address;
  const all = [...before, ...Array<string>(missing).fill("0"), ...after];
  if (all.length !== 8 || !all.every((group) => /^[0-9a-f]{1,4}$/i.test(group))) return address;
  const spelled = all.map((group) => Number.parseInt(group, 16).toString(16)).join(":");
  return zone === undefined ? spelled : `${spelled}%${zone}`;
}
