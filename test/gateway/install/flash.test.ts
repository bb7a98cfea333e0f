import { afterAll, describe, expect, test } from "bun:test";
import {
  closeSync,
  mkdtempSync,
  openSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
  writeSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { type Disk, judgeDisk, LARGEST_CARD_BYTES, parseDisk } from "../../../scripts/flashing/card.ts";
import { flash } from "../../../scripts/flashing/flash.ts";
import { program, run } from "./programs.ts";
import { makeDeb, makeSystemImage, RASPBERRY_PI_OS, readFromImage } from "./system-image.ts";

const folder = mkdtempSync(join(tmpdir(), "headwater-flash-test-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const missing = ["mke2fs", "debugfs", "e2fsck", "sfdisk"].filter((name) => program(name) === null);

const file = (name: string, content: string): string => {
  writeFileSync(join(folder, name), content);
  return join(folder, name);
};
const deb = makeDeb(folder, "arm64");
const config = file("headwater.toml", 'gateway.id = "plant-3"\n');
const enrolment = file("enrolment", "a token");
const FILES = ["--deb", deb, "--config", config, "--enrolment", enrolment];

/** A card that nothing speaks against. */
const CARD: Disk = {
  path: "/dev/sdx",
  type: "disk",
  sizeBytes: 32e9,
  removable: true,
  readOnly: false,
  model: "SD/MMC Reader",
  serial: "2010081",
  mounts: [],
};

/** Flashes, and gives what was said, or why not. */
async function flashing(
  args: readonly string[],
  disk: Disk = CARD,
): Promise<{ said: string[]; refusal: string | null }> {
  const said: string[] = [];
  try {
    await flash(args, { say: (text) => said.push(text), describe: () => disk });
    return { said, refusal: null };
  } catch (error) {
    return { said, refusal: error instanceof Error ? error.message : String(error) };
  }
}

function expectHeadwater(image: string, offset: number): void {
  const place = `${image}?offset=${offset}`;
  const found = join(folder, "found.deb");
  run(["debugfs", "-R", `dump /var/lib/headwater-setup/headwater.deb ${found}`, place]);
  expect(readFileSync(found).equals(readFileSync(deb))).toBe(true);
  expect(readFromImage(image, offset, "/etc/headwater/headwater.toml")).toBe('gateway.id = "plant-3"\n');
  expect(readFromImage(image, offset, "/etc/headwater/enrolment")).toBe("a token");
  expect(readFromImage(image, offset, "/etc/systemd/system/headwater-setup.service")).toContain("dpkg");
  const stat = (path: string) => run(["debugfs", "-R", `stat ${path}`, place]);
  expect(stat("/etc/headwater/enrolment")).toMatch(/Mode: +0600 [\s\S]*User: +0 +Group: +0/);
  expect(stat("/etc/systemd/system/multi-user.target.wants/headwater-setup.service")).toContain(
    'Fast link dest: "../headwater-setup.service"',
  );
  run(["e2fsck", "-f", "-n", place]);
}

describe.skipIf(missing.length > 0)("an image", () => {
  for (const table of ["dos", "gpt", "none"] as const) {
    test(`with ${table === "none" ? "a file system and no partitions" : `a table of kind ${table}`}: all is in its root, nothing else changes, twice too`, async () => {
      const image = join(folder, `${table}.img`);
      const offset = makeSystemImage(image, { table });
      const before = readFileSync(image).subarray(0, offset);
      expect((await flashing(["--image", image, ...FILES])).refusal).toBeNull();
      expectHeadwater(image, offset);
      expect((await flashing(["--image", image, ...FILES])).refusal).toBeNull();
      expectHeadwater(image, offset);
      expect(readFromImage(image, offset, "/etc/passwd")).toBe(RASPBERRY_PI_OS["etc/passwd"] ?? "");
      expect(readFileSync(image).subarray(0, offset).equals(before)).toBe(true);
    });
  }

  test("by the script, as a person calls it", () => {
    const image = join(folder, "called.img");
    const offset = makeSystemImage(image);
    const script = resolve(import.meta.dirname, "../../../scripts/flash");
    const said = run([script, "--image", "called.img", ...FILES], { cwd: folder });
    expect(said).toContain("done: Headwater is installed when the machine first starts");
    expectHeadwater(image, offset);
    expect(run([script, "--image", "nowhere.img"], { cwd: folder, status: 1 })).toContain(
      "headwater: nowhere.img: is not there; name an image",
    );
  });

  const system = (changes: Record<string, string | null>) =>
    Object.fromEntries(
      Object.entries({ ...RASPBERRY_PI_OS, ...changes }).filter(
        (entry): entry is [string, string] => entry[1] !== null,
      ),
    );
  const ARM64 = "usr/lib/aarch64-linux-gnu/keep";
  const refused: readonly (readonly [string, Record<string, string>, RegExp])[] = [
    [
      "for 32 bits",
      system({ [ARM64]: null, "usr/lib/arm-linux-gnueabihf/keep": "" }),
      /for armhf; take the 64-bit image/,
    ],
    [
      "for a processor that the package is not for",
      system({ [ARM64]: null, "usr/lib/x86_64-linux-gnu/keep": "" }),
      /not named as one for amd64/,
    ],
    [
      "too old",
      system({ "usr/lib/os-release": 'PRETTY_NAME="Old"\nID=debian\nVERSION_ID="11"\n' }),
      /holds Old; take version 12/,
    ],
    [
      "of another kind",
      system({ "usr/lib/os-release": 'PRETTY_NAME="Alpine"\nID=alpine\n' }),
      /holds Alpine; take an image of/,
    ],
    ["without a system", { "etc/nothing": "" }, /none of them is the root of a Debian system/],
  ];
  for (const [name, files, reason] of refused) {
    test(`${name} is refused, and stays as it is`, async () => {
      const image = join(folder, "refused.img");
      makeSystemImage(image, { files });
      const before = Bun.hash(readFileSync(image));
      expect((await flashing(["--image", image, ...FILES])).refusal).toMatch(reason);
      expect(Bun.hash(readFileSync(image))).toBe(before);
    });
  }

  test("with too little room, cut short, packed or empty is refused", async () => {
    const image = join(folder, "other.img");
    makeSystemImage(image, { sizeMiB: 14 });
    expect((await flashing(["--image", image, ...FILES])).refusal).toMatch(
      /free, and .* are needed; make its last/,
    );
    truncateSync(image, 8 * 1024 * 1024);
    expect((await flashing(["--image", image, ...FILES])).refusal).toMatch(
      /shorter than its partition table says/,
    );
    writeFileSync(image, Buffer.concat([Buffer.from("fd377a585a00", "hex"), Buffer.alloc(4096)]));
    expect((await flashing(["--image", image, ...FILES])).refusal).toMatch(/unpack it first: xz/);
    writeFileSync(image, "");
    expect((await flashing(["--image", image, ...FILES])).refusal).toMatch(/holds nothing/);
  });
});

describe("which disk may be written", () => {
  test("a card may, and a disk that looks like none where its serial number or model is named", () => {
    expect(() => judgeDisk(CARD, null)).not.toThrow();
    for (const disk of [
      { ...CARD, removable: false },
      { ...CARD, sizeBytes: LARGEST_CARD_BYTES + 1 },
    ]) {
      expect(() => judgeDisk(disk, null)).toThrow('--force "2010081"');
      expect(() => judgeDisk(disk, "another")).toThrow('is not "another"');
      expect(() => judgeDisk(disk, "")).toThrow();
      for (const name of [CARD.serial, CARD.model]) expect(() => judgeDisk(disk, name)).not.toThrow();
    }
    const nameless = { ...CARD, removable: false, model: "", serial: "" };
    expect(() => judgeDisk(nameless, "")).toThrow("take another");
  });

  test("one in use, the system's own, a partition or one that is locked may not, whatever is forced", () => {
    const refusals: readonly (readonly [Partial<Disk>, RegExp])[] = [
      [{ mounts: ["/media/pi/bootfs"] }, /in use at .*umount/],
      [{ mounts: ["[SWAP]"] }, /in use at \[SWAP\]/],
      [{ mounts: ["/boot/efi", "/"] }, /this system runs from/],
      [{ type: "part" }, /name the whole disk/],
      [{ type: "rom" }, /is no disk/],
      [{ readOnly: true }, /read-only/],
      [{ sizeBytes: 0 }, /holds no card/],
    ];
    for (const [change, reason] of refusals) {
      expect(() => judgeDisk({ ...CARD, ...change }, CARD.serial)).toThrow(reason);
    }
  });

  test("lsblk's words: what lies on a disk is the disk's, encrypted or not", () => {
    const leaf = { path: "/dev/mapper/root", type: "crypt", mountpoints: [null, "/"] };
    const part = { path: "/dev/sda2", type: "part", mountpoints: [null], children: [leaf] };
    const disk = { path: "/dev/sda", type: "disk", size: 32e9, rm: false, hotplug: true, ro: false };
    const listed = { ...disk, model: "Disk ", serial: null, mountpoints: [null], children: [part] };
    expect(parseDisk(JSON.stringify({ blockdevices: [listed] }))).toEqual({
      ...CARD,
      path: "/dev/sda",
      model: "Disk",
      serial: "",
      mounts: ["/"],
    });
  });
});

describe.skipIf(missing.length > 0)("a card", () => {
  test("gets the image, all of it, read back, and Headwater into its root", async () => {
    const image = join(folder, "for-card.img");
    const offset = makeSystemImage(image);
    // In place of a block device, which only root and the kernel could make: it has more room than the image.
    const card = file("card", "");
    truncateSync(card, 40 * 1024 * 1024);
    const { said, refusal } = await flashing(["--device", card, "--image", image, ...FILES], {
      ...CARD,
      path: card,
      sizeBytes: 40 * 1024 * 1024,
    });
    expect(refusal).toBeNull();
    expect(said.some((text) => /^writing 100 % of 25 MB/.test(text))).toBe(true);
    expect(said.some((text) => /^reading back 100 %/.test(text))).toBe(true);
    expectHeadwater(card, offset);
    expect(statSync(card).size).toBe(40 * 1024 * 1024);
    // The image itself stays what it was.
    expect(readFromImage(image, offset, "/etc/headwater/headwater.toml")).toBeNull();
  });

  test("with a system already only gets Headwater", async () => {
    const card = join(folder, "used-card");
    const offset = makeSystemImage(card);
    const { said, refusal } = await flashing(["--device", card, ...FILES], {
      ...CARD,
      sizeBytes: statSync(card).size,
    });
    expect([refusal, said.some((text) => text.startsWith("writing 100 %"))]).toEqual([null, false]);
    expectHeadwater(card, offset);
  });

  test("that is not one, is too small, or would get no image, is not touched", async () => {
    const image = join(folder, "for-none.img");
    makeSystemImage(image);
    const card = file("precious", "precious".repeat(1000));
    const small = { ...CARD, sizeBytes: 8000 };
    expect((await flashing(["--device", card, "--image", image, ...FILES], small)).refusal).toMatch(
      /take a larger card/,
    );
    const mounted = { ...CARD, mounts: ["/home"] };
    expect((await flashing(["--device", card, "--image", image, ...FILES], mounted)).refusal).toMatch(
      /in use/,
    );
    expect((await flashing(["--device", card, "--image", config, ...FILES])).refusal).toMatch(
      /holds nothing|no partition/,
    );
    expect(readFileSync(card, "utf8")).toBe("precious".repeat(1000));
  });

  test("that lost power while it was written to is refused, with what to do", async () => {
    const card = join(folder, "cut-card");
    const offset = makeSystemImage(card);
    const block = file("block", "x".repeat(1024));
    const requests = file("requests", `journal_open\njournal_write -b 300 ${block}\njournal_close\n`);
    run(["debugfs", "-w", "-f", requests, `${card}?offset=${offset}`]);
    const { refusal } = await flashing(["--device", card, ...FILES], {
      ...CARD,
      sizeBytes: statSync(card).size,
    });
    expect(refusal).toMatch(/not shut down in order; let the machine start from it/);
  });

  test("whose root is damaged beyond what mends by itself is refused", async () => {
    const card = join(folder, "damaged-card");
    const offset = makeSystemImage(card);
    const fd = openSync(card, "r+");
    // The root folder's inode, the second of the first table, is none any more.
    const table = Number(/Inode table at (\d+)/.exec(run(["dumpe2fs", `${card}?offset=${offset}`]))?.[1]);
    const block = Number(/Block size: +(\d+)/.exec(run(["dumpe2fs", "-h", `${card}?offset=${offset}`]))?.[1]);
    const inode = Number(
      /Inode size:\s+(\d+)/.exec(run(["dumpe2fs", "-h", `${card}?offset=${offset}`]))?.[1],
    );
    writeSync(fd, Buffer.alloc(2), 0, 2, offset + table * block + inode);
    closeSync(fd);
    const { refusal } = await flashing(["--device", card, ...FILES], {
      ...CARD,
      sizeBytes: statSync(card).size,
    });
    expect(refusal).toMatch(/damaged|none of them is the root/);
  });
});

test("what was not asked for clearly is not done", async () => {
  for (const [args, reason] of [
    [[], /one of --image, --device and --host/],
    [["--imgae", "x"], /imgae.*--help/s],
    [["--host", "pi@gateway", "--image", "x"], /comes alone/],
    [["--image", folder, ...FILES], /is no file/],
    [["--image", "x", "--config", join(folder, "nowhere")], /nowhere: is not there/],
  ] as const) {
    expect((await flashing(args)).refusal).toMatch(reason);
  }
});
