import { readFileSync } from "node:fs";
import type { MemoryReading, MemorySource } from "../memory.ts";
import { groupBound, groupFolders, machineBound, stalledShares } from "./memory-files.ts";

/** Groups that are looked at, from the process's own one up. */
const MAX_GROUPS = 16;

/** Where the kernel shows these; other folders in tests. */
export interface KernelFolders {
  readonly proc: string;
  readonly cgroups: string;
}

const KERNEL_FOLDERS: KernelFolders = { proc: "/proc", cgroups: "/sys/fs/cgroup" };

/**
 * Linux's view: cgroup v2, pressure stall information, /proc/meminfo. Each may be missing, by the kernel's
 * configuration, its command line or a sandbox; then the others count.
 */
export class SystemMemory implements MemorySource {
  readonly #folders: KernelFolders;

  constructor(folders: KernelFolders = KERNEL_FOLDERS) {
    this.#folders = folders;
  }

  read(): MemoryReading {
    const { proc, cgroups } = this.#folders;
    const groups = groupFolders(textOf(`${proc}/self/cgroup`), cgroups).slice(0, MAX_GROUPS);
    const bounds = [machineBound(textOf(`${proc}/meminfo`))];
    for (const folder of groups) {
      const file = (name: string) => textOf(`${folder}/memory.${name}`);
      bounds.push(
        groupBound({ current: file("current"), max: file("max"), high: file("high"), stat: file("stat") }),
      );
    }
    // What the process's own group waits for is what counts; the machine's where there is no such group.
    const pressure = textOf(`${groups[0]}/memory.pressure`) ?? textOf(`${proc}/pressure/memory`);
    return { bounds: bounds.filter((bound) => bound !== null), stalled: stalledShares(pressure) };
  }
}

function textOf(path: string): string | null {
  try {
    return readFileSync(path, "latin1");
  } catch {
    return null;
  }
}
