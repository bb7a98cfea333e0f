import { afterAll, describe, expect, test } from "bun:test";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { SystemMemory } from "../../../src/io/bun/memory.ts";

const roots: string[] = [];
afterAll(() => {
  for (const root of roots) rmSync(root, { recursive: true, force: true });
});

/** What a kernel would show in these files. */
function kernel(files: Readonly<Record<string, string>>): SystemMemory {
  const root = mkdtempSync(join(tmpdir(), "headwater-memory-"));
  roots.push(root);
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(root, name)), { recursive: true });
    writeFileSync(join(root, name), text);
  }
  return new SystemMemory({ proc: join(root, "proc"), cgroups: join(root, "cgroup") });
}

const MACHINE = {
  "proc/meminfo": "MemTotal: 1000 kB\nMemAvailable: 600 kB\n",
  "proc/pressure/memory": "some avg10=1.00 avg60=0.00\nfull avg10=0.00 avg60=0.00\n",
  "proc/self/cgroup": "0::/slice/gateway\n",
};
const machine = { of: "machine", limitBytes: 1_024_000, availableBytes: 614_400 } as const;

describe("memory as Linux tells of it", () => {
  test("is the machine's where there are no groups: as with cgroup_disable=memory", () => {
    const stalled = { someShare: 0.01, fullShare: 0 };
    expect(kernel(MACHINE).read()).toEqual({ bounds: [machine], stalled });
  });

  test("is that of the group and of those it is in as well, and its own pressure before the machine's", () => {
    const source = kernel({
      ...MACHINE,
      "cgroup/slice/gateway/memory.current": "100\n",
      "cgroup/slice/gateway/memory.max": "500\n",
      "cgroup/slice/gateway/memory.high": "max\n",
      "cgroup/slice/gateway/memory.stat": "active_file 20\ninactive_file 10\n",
      "cgroup/slice/gateway/memory.pressure": "some avg10=20.00 avg60=0\nfull avg10=10.00 avg60=0\n",
      "cgroup/slice/memory.current": "300\n",
      "cgroup/slice/memory.max": "max\n",
      "cgroup/slice/memory.high": "400\n",
    });
    const group = { of: "group", limitBytes: 500, availableBytes: 430 } as const;
    const slice = { of: "group", limitBytes: 400, availableBytes: 100 } as const;
    const stalled = { someShare: 0.2, fullShare: 0.1 };
    expect(source.read()).toEqual({ bounds: [machine, group, slice], stalled });
  });

  test("is not told where nothing can be read, or folders stand in place of files", () => {
    expect(kernel({}).read()).toEqual({ bounds: [], stalled: null });
    const odd = kernel({ "proc/meminfo/x": "", "proc/self/cgroup/x": "", "cgroup/memory.max/x": "" });
    expect(odd.read()).toEqual({ bounds: [], stalled: null });
  });

  test("can be read on this machine", () => {
    for (const { limitBytes, availableBytes } of new SystemMemory().read().bounds) {
      expect(limitBytes).toBeGreaterThan(0);
      expect(availableBytes).toBeLessThanOrEqual(limitBytes);
    }
  });
});
