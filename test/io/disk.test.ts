import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { hasCode } from "../../src/base/errors.ts";
import { MappedDisk } from "../../src/io/bun/mapped-disk.ts";
import { PlainDisk } from "../../src/io/bun/plain-disk.ts";
import type { Disk } from "../../src/io/disk.ts";
import { SimulatedDisk } from "../../src/io/simulated/disk.ts";
import { type DiskUnderTest, diskContract } from "./disk-contract.ts";
import { sealedDisk } from "./sealed/support.ts";

diskContract("simulated disk", onSimulated);

diskContract("plain disk", () => onHost(new PlainDisk()));

diskContract("mapped disk", () => onHost(new MappedDisk()));

diskContract("sealed disk on a simulated one", () => withSeal(onSimulated()));

diskContract("sealed disk of large blocks on a simulated one", () => withSeal(onSimulated(), 16 * 1024));

diskContract("sealed disk on a plain one", () => withSeal(onHost(new PlainDisk())));

function withSeal(under: DiskUnderTest, blockBytes = 4096): DiskUnderTest {
  return { ...under, disk: sealedDisk(under.disk, { blockBytesOf: () => blockBytes }) };
}

function onSimulated(): DiskUnderTest {
  const disk = new SimulatedDisk({ seed: 3 });
  disk.makeFolder("/data");
  return {
    disk,
    folder: "/data",
    canLockElsewhere(path) {
      try {
        disk.lock(path).release();
        return true;
      } catch (error) {
        if (hasCode(error, "DATA_FOLDER_LOCKED")) return false;
        throw error;
      }
    },
    dispose() {},
  };
}

function onHost(disk: Disk): DiskUnderTest {
  const folder = mkdtempSync(join(tmpdir(), "headwater-disk-"));
  return {
    disk,
    folder,
    canLockElsewhere,
    dispose: () => rmSync(folder, { recursive: true, force: true }),
  };
}

function canLockElsewhere(path: string): boolean {
  const program = `
    import { PlainDisk } from ${JSON.stringify(join(import.meta.dir, "../../src/io/bun/plain-disk.ts"))};
    try { new PlainDisk().lock(process.argv[1]); } catch (error) { process.exit(error.code === "DATA_FOLDER_LOCKED" ? 7 : 1); }
  `;
  const { exitCode, stderr } = Bun.spawnSync([process.execPath, "-e", program, path]);
  if (exitCode !== 0 && exitCode !== 7) throw new Error(`the other process failed: ${stderr}`);
  return exitCode === 0;
}
