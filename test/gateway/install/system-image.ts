import { mkdirSync, mkdtempSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { headwaterDeb } from "../../../scripts/package/headwater.ts";
import { run } from "./programs.ts";

const MIB = 1024 * 1024;
const SECTORS_PER_MIB = 2048;
const BOOT_MIB = 4;

export interface SystemImage {
  readonly table?: "dos" | "gpt" | "none";
  readonly sizeMiB?: number;
  /** Files of the root; what Raspberry Pi OS has, as far as anybody looks, where left out. */
  readonly files?: Readonly<Record<string, string>>;
}

export const RASPBERRY_PI_OS: Readonly<Record<string, string>> = {
  "etc/passwd": "root:x:0:0:root:/root:/bin/sh\n",
  "etc/systemd/system/keep": "",
  "usr/lib/aarch64-linux-gnu/keep": "",
  "usr/lib/os-release": 'PRETTY_NAME="Debian GNU/Linux 12 (bookworm)"\nVERSION_ID="12"\nID=debian\n',
};

/** Makes an image with a boot partition and a root of ext4, without a loop device. Gives the root's offset. */
export function makeSystemImage(path: string, image: SystemImage = {}): number {
  const { table = "dos", sizeMiB = 24, files = RASPBERRY_PI_OS } = image;
  const root = mkdtempSync(join(tmpdir(), "headwater-image-"));
  for (const [name, content] of Object.entries(files)) {
    mkdirSync(dirname(join(root, name)), { recursive: true });
    writeFileSync(join(root, name), content);
  }
  writeFileSync(path, "");
  truncateSync(path, sizeMiB * MIB);
  const rootMiB = table === "none" ? 0 : 1 + BOOT_MIB;
  if (table !== "none") {
    const type = table === "dos" ? "c" : "U";
    const script = `label: ${table}\n${SECTORS_PER_MIB},${BOOT_MIB * SECTORS_PER_MIB},${type}\n${rootMiB * SECTORS_PER_MIB},${(sizeMiB - rootMiB - 1) * SECTORS_PER_MIB},L\n`;
    run(["sfdisk", "--quiet", path], { input: script });
  }
  const size = table === "none" ? sizeMiB : sizeMiB - rootMiB - 1;
  run(["mke2fs", "-q", "-F", "-t", "ext4", "-d", root, "-E", `offset=${rootMiB * MIB}`, path, `${size}M`]);
  rmSync(root, { recursive: true });
  return rootMiB * MIB;
}

/** A file of the root that an image holds at the offset, or null. */
export function readFromImage(path: string, offset: number, file: string): string | null {
  const work = mkdtempSync(join(tmpdir(), "headwater-read-"));
  try {
    run(["debugfs", "-R", `dump "${file}" "${work}/file"`, `${path}?offset=${offset}`]);
    const target = Bun.file(join(work, "file"));
    return target.size > 0 ? run(["cat", join(work, "file")]) : null;
  } finally {
    rmSync(work, { recursive: true });
  }
}

/** A package whose program is a script: what is in it makes no difference to who puts it somewhere. */
export function makeDeb(folder: string, architecture: "x64" | "arm64"): string {
  const path = join(folder, `headwater_1.0_${architecture === "x64" ? "amd64" : "arm64"}.deb`);
  const program = new TextEncoder().encode("#!/bin/sh\necho headwater 1.0\n");
  writeFileSync(path, headwaterDeb(program, architecture, { version: "1.0", epochSeconds: 1_800_000_000 }));
  return path;
}
