/** What some work gives, and the CPU time of this process that it took, in milliseconds: a busy machine is not in it. */
export function withCpuMs<T>(work: () => T): readonly [value: T, spentMs: number] {
  const before = process.cpuUsage();
  const value = work();
  const { user, system } = process.cpuUsage(before);
  return [value, (user + system) / 1_000];
}
