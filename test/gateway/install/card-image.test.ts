import { afterAll, describe, expect, test } from "bun:test";
import { mkdirSync, mkdtempSync, rmSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { program, run } from "./programs.ts";
import { makeDeb, readFromImage } from "./system-image.ts";

const SCRIPT = resolve(import.meta.dirname, "../../../scripts/image");
const MIB = 1024 * 1024;
const BOOT_MIB = 256;
const ROOT_OFFSET = (1 + BOOT_MIB) * MIB;
const HOME = "/home/gateway";
const KERNEL = "6.12.0-arm64";
const folder = mkdtempSync(join(tmpdir(), "headwater-card-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Debian's system as far as it is looked at: no emulation, no network, and a second in place of minutes. */
function makeArchive(): string {
  const root = join(folder, "system");
  const write = (path: string, content: string) => {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), content);
  };
  const installed = (name: string, architecture: string) =>
    `Package: ${name}\nStatus: install ok installed\nArchitecture: ${architecture}\nMulti-Arch: ${architecture === "all" ? "foreign" : "same"}\nVersion: 999\nMaintainer: Debian <debian@example.org>\nDescription: a part\n\n`;
  write(
    "var/lib/dpkg/status",
    `${installed("libc6", "arm64")}${installed("init-system-helpers", "all")}${installed("systemd", "all")}`,
  );
  for (const name of ["libc6:arm64", "init-system-helpers", "systemd"])
    write(`var/lib/dpkg/info/${name}.list`, "/.\n");
  write("var/lib/dpkg/available", "");
  write("var/lib/dpkg/updates/.keep", "");
  write("etc/passwd", "root:x:0:0:root:/root:/bin/bash\n");
  write("etc/group", "root:x:0:\n");
  write("etc/shadow", "root:*:20000:0:99999:7:::\n");
  for (const name of ["etc/sudoers.d", "etc/ssh/sshd_config.d", "etc/default", "dev", "proc", "sys"])
    write(`${name}/.keep`, "");
  for (const name of ["systemd-networkd", "systemd-resolved", "systemd-timesyncd", "ssh"]) {
    write(
      `usr/lib/systemd/system/${name}.service`,
      "[Service]\nExecStart=/bin/true\n[Install]\nWantedBy=multi-user.target\n",
    );
  }
  symlinkSync("usr/lib", join(root, "lib"));
  write(`boot/vmlinuz-${KERNEL}`, "the kernel");
  write(`boot/initrd.img-${KERNEL}`, "its initrd");
  write("usr/lib/raspi-firmware/bootcode.bin", "the first of all");
  write(`usr/lib/linux-image-${KERNEL}/broadcom/bcm2711-rpi-4-b.dtb`, "a tree");
  const archive = join(folder, "system.tar");
  run(["tar", "--create", "--owner=0", "--group=0", "--file", archive, "--directory", root, "."]);
  return archive;
}

const missing = ["mkfs.vfat", "mcopy", "mke2fs", "sfdisk", "dpkg", "systemctl"].filter(
  (name) => program(name) === null,
);
const able = missing.length === 0 && (process.getuid?.() === 0 || program("fakeroot") !== null);

describe.skipIf(!able)("a card image", () => {
  const image = join(folder, "card.img");

  test("has what the processor looks for, the system, and Headwater installed, enabled and sparing the card", () => {
    const key = join(folder, "key.pub");
    writeFileSync(key, "ssh-ed25519 AAAA someone\n");
    const deb = makeDeb(folder, "arm64");
    run([
      SCRIPT,
      "--root",
      makeArchive(),
      "--deb",
      deb,
      "--ssh-key",
      key,
      "--hostname",
      "plant-3",
      "--size",
      "400",
      "--out",
      image,
    ]);
    const boot = (name: string) => run(["mtype", "-i", `${image}@@1M`, `::${name}`]);
    expect(boot("config.txt")).toContain(`kernel=vmlinuz-${KERNEL}\n`);
    expect(boot(`vmlinuz-${KERNEL}`)).toBe("the kernel");
    expect(boot(`initrd.img-${KERNEL}`)).toBe("its initrd");
    expect(boot("bcm2711-rpi-4-b.dtb")).toBe("a tree");
    expect(boot("bootcode.bin")).toBe("the first of all");
    expect(boot("cmdline.txt")).toContain("root=LABEL=headwater ");
    const place = `${image}?offset=${ROOT_OFFSET}`;
    run(["e2fsck", "-f", "-n", place]);
    expect(run(["dumpe2fs", "-h", place])).toContain("headwater");
    const read = (path: string) => readFromImage(image, ROOT_OFFSET, path) ?? "";
    expect(read("/etc/hostname")).toBe("plant-3\n");
    expect(read("/usr/lib/headwater/headwater")).toContain("headwater 1.0");
    expect(read("/var/lib/dpkg/status")).toMatch(/Package: headwater\nStatus: install ok installed/);
    expect(read("/etc/headwater/headwater.toml")).toMatch(/^commit\.linger\.ms = 20$/m);
    expect(read("/etc/systemd/journald.conf.d/headwater.conf")).toContain("\nStorage=volatile\n");
    expect(read("/etc/fstab")).toMatch(/^LABEL=headwater \/ +ext4 noatime/m);
    expect(read("/etc/fstab")).not.toMatch(/ swap /);
    // Nobody has a password, and there is one way in.
    for (const line of read("/etc/shadow").trim().split("\n")) expect(line.split(":")[1]).toMatch(/^[*!]/);
    expect(read(`${HOME}/.ssh/authorized_keys`)).toBe("ssh-ed25519 AAAA someone\n");
    const stat = (path: string) => run(["debugfs", "-R", `stat ${path}`, place]);
    for (const unit of ["headwater", "headwater-first-boot", "systemd-networkd", "ssh"]) {
      expect(stat(`/etc/systemd/system/multi-user.target.wants/${unit}.service`)).toContain("Type: symlink");
    }
    expect(stat(`${HOME}/.ssh/authorized_keys`)).toMatch(/Mode: +0600[\s\S]*User: +1000/);
    expect(stat("/usr/lib/headwater/first-boot")).toMatch(/Mode: +0755[\s\S]*User: +0 /);
  });

  test("without a key nobody can log in, and what is wrong is said before anything is made", () => {
    for (const [args, reason] of [
      [["--hostname", "not a name"], /'not a name' is no name of a host/],
      [["--size", "100"], /'100' is not enough/],
      [["--ssh-key", join(folder, "nowhere")], /nowhere: is not there/],
      [["--what"], /unknown option '--what'/],
      [["--size"], /--size: a value is missing/],
    ] as const) {
      expect(run([SCRIPT, ...args], { status: 1 })).toMatch(reason);
    }
    expect(run([SCRIPT, "--help"])).toContain("--ssh-key FILE");
  });
});

// Half an hour of emulation and the network: for whoever changes what is in it.
if (process.env.HEADWATER_TEST_IMAGE) {
  test("of Debian's packages, fetched and unpacked under emulation", () => {
    const image = join(folder, "debian.img");
    run([SCRIPT, "--out", image]);
    expect(readFromImage(image, ROOT_OFFSET, "/etc/debian_version")).toMatch(/^\d+\.\d+/);
    run(["e2fsck", "-f", "-n", `${image}?offset=${ROOT_OFFSET}`]);
    expect(statSync(image).size).toBe(2048 * MIB);
  }, 3_600_000);
}
