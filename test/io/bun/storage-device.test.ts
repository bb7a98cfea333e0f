import { afterEach, describe, expect, test } from "bun:test";
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import {
  deviceNumber,
  lifeUsedShare,
  mountSource,
  preEol,
  SystemStorage,
} from "../../../src/io/bun/storage-device.ts";

const folders: string[] = [];
afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true });
});

/** A /sys and a /proc with these files; `links` lead from one place to another in it. */
function kernel(
  files: Readonly<Record<string, string>>,
  links: Readonly<Record<string, string>>,
  number: string,
): SystemStorage {
  const top = mkdtempSync(join(tmpdir(), "headwater-sys-"));
  folders.push(top);
  const make = (path: string) => {
    mkdirSync(dirname(join(top, path)), { recursive: true });
    return join(top, path);
  };
  for (const [path, text] of Object.entries(files)) writeFileSync(make(path), text);
  for (const [path, to] of Object.entries(links)) symlinkSync(join(top, to), make(path));
  return new SystemStorage("/data", {
    sys: join(top, "sys"),
    proc: join(top, "proc"),
    numberOf: () => number,
  });
}

const stat = (sectors: number) => `  100 0 800 5 20 3 ${sectors} 9 0 1 2 0 0 0 0 7 1\n`;
const MMC = "sys/devices/mmc0/block/mmcblk0";

describe("the device below a folder", () => {
  test("eMMC, below its partition, with what it says of its life", () => {
    const storage = kernel(
      {
        [`${MMC}/mmcblk0p2/partition`]: "2\n",
        [`${MMC}/stat`]: stat(2_000),
        [`${MMC}/size`]: "61071360\n",
        [`${MMC}/device/type`]: "MMC\n",
        [`${MMC}/device/life_time`]: "0x02 0x01\n",
        [`${MMC}/device/pre_eol_info`]: "0x01\n",
      },
      { "sys/dev/block/179:2": `${MMC}/mmcblk0p2` },
      "179:2",
    );
    expect(storage.read()).toEqual({
      ...{ disk: "mmcblk0", kind: "emmc", sizeBytes: 61_071_360 * 512, writtenBytes: 1_024_000 },
      ...{ lifeUsedShare: 0.2, preEol: 1 },
    });
  });

  test.each([
    ["sys/devices/mmc0/block/mmcblk0", { "device/type": "SD\n" }, "sd"],
    ["sys/devices/pci/nvme/nvme0/nvme0n1", {}, "nvme"],
    ["sys/devices/pci/ata1/block/sda", { "queue/rotational": "0\n" }, "ssd"],
    ["sys/devices/pci/ata1/block/sda", { "queue/rotational": "1\n" }, "hard-disk"],
    ["sys/devices/pci/usb1/block/sdb", { "queue/rotational": "0\n" }, "usb"],
    ["sys/devices/pci/usb1/block/sdb", { "queue/rotational": "1\n" }, "hard-disk"],
    ["sys/devices/virtio1/block/vda", { "queue/rotational": "1\n" }, "virtual"],
    ["sys/devices/virtual/block/loop0", {}, "virtual"],
  ] as const)("%s with %j is %s", (disk, files, kind) => {
    const own = Object.fromEntries(Object.entries(files).map(([name, text]) => [`${disk}/${name}`, text]));
    const storage = kernel(
      { ...own, [`${disk}/stat`]: stat(1), [`${disk}/size`]: "8\n" },
      { "sys/dev/block/8:0": disk },
      "8:0",
    );
    expect(storage.read()).toMatchObject({ kind, sizeBytes: 4096, lifeUsedShare: null, preEol: null });
  });

  test("encryption on a volume is looked through; a volume over two disks is what it is", () => {
    const disk = "sys/devices/pci/ata1/block/sda";
    const links = {
      "sys/dev/block/253:1": "sys/devices/virtual/block/dm-1",
      "sys/devices/virtual/block/dm-1/slaves/dm-0": "sys/devices/virtual/block/dm-0",
      "sys/devices/virtual/block/dm-0/slaves/sda3": `${disk}/sda3`,
    };
    const files = {
      "sys/devices/virtual/block/dm-1/stat": stat(5),
      "sys/devices/virtual/block/dm-1/size": "8\n",
      "sys/devices/virtual/block/dm-0/stat": stat(6),
      "sys/devices/virtual/block/dm-0/size": "8\n",
      [`${disk}/sda3/partition`]: "3\n",
      [`${disk}/stat`]: stat(7),
      [`${disk}/size`]: "8\n",
    };
    expect(kernel(files, links, "253:1").read()).toMatchObject({ disk: "sda", writtenBytes: 7 * 512 });
    const striped = {
      ...links,
      "sys/devices/virtual/block/dm-0/slaves/sdb1": "sys/devices/pci/ata2/block/sdb",
    };
    expect(kernel(files, striped, "253:1").read()).toMatchObject({ disk: "dm-0", kind: "virtual" });
  });

  test("a file system that has a number of its own is found by what it was mounted from", () => {
    const mounts =
      "22 27 0:21 / /proc rw - proc proc rw\n29 1 0:35 /@ / rw,relatime shared:1 - btrfs /dev/mmcblk0p2 rw,ssd\n";
    const storage = kernel(
      {
        "proc/self/mountinfo": mounts,
        [`${MMC}/mmcblk0p2/partition`]: "2\n",
        [`${MMC}/stat`]: stat(2),
        [`${MMC}/size`]: "8\n",
      },
      { "sys/class/block/mmcblk0p2": `${MMC}/mmcblk0p2` },
      "0:35",
    );
    expect(storage.read()).toMatchObject({ disk: "mmcblk0", kind: "sd" });
    expect(mountSource(mounts, "0:21")).toBeNull();
  });

  test("a folder in memory is on none, and a number that is nobody's neither", () => {
    expect(kernel({ "proc/self/mountinfo": "" }, {}, "0:40").read()).toBeNull();
    const broken = new SystemStorage("/no/such/folder");
    expect(broken.read()).toBeNull();
  });

  test("this machine's own is read, where it tells of one", () => {
    const reading = new SystemStorage(import.meta.dirname).read();
    if (reading !== null) expect(reading.sizeBytes).toBeGreaterThan(0);
  });
});

test("numbers of devices as the C library takes them apart", () => {
  expect(deviceNumber(0xb302)).toBe("179:2");
  expect(deviceNumber(0x10_0103)).toBe("1:259");
});

test("what a device says of its life; 0 and what is no such number say nothing", () => {
  expect(lifeUsedShare("0x0b 0x01\n")).toBe(1.1);
  expect(lifeUsedShare("0x00 0x00\n")).toBeNull();
  expect(lifeUsedShare("0x00 0x03\n")).toBe(0.3);
  expect(lifeUsedShare("0xff 0xff\n")).toBeNull();
  expect(lifeUsedShare(null)).toBeNull();
  expect([preEol("0x03\n"), preEol("0x00\n"), preEol("0x04\n"), preEol(null)]).toEqual([3, null, null, null]);
});
