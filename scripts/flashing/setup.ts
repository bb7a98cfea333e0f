import { readFileSync } from "node:fs";
import { join } from "node:path";
import { TOP } from "../package/headwater.ts";
import { ExtFileSystem, type Placed } from "./ext.ts";
import { isExt, partitionsOf } from "./partitions.ts";
import { Refusal } from "./refusal.ts";

/** What is put onto a gateway. */
export interface Payload {
  /** The package for a machine of that architecture, in Debian's words. */
  deb(architecture: string): Uint8Array;
  /** In place of the package's own; null leaves that, or what is there. */
  readonly config: Uint8Array | null;
  readonly enrolment: Uint8Array | null;
}

export const CONFIG_PATH = "/etc/headwater/headwater.toml";
export const ENROLMENT_PATH = "/etc/headwater/enrolment";
const SETUP_FOLDER = "/var/lib/headwater-setup";
const SETUP_UNIT = "headwater-setup.service";
/** What the file system has to hold of others' beside the package. */
const ROOM_BYTES = 8 * 1024 * 1024;

/** Folders that Debian has for one architecture alone. */
const LIBRARIES: readonly (readonly [string, string])[] = [
  ["/usr/lib/aarch64-linux-gnu", "arm64"],
  ["/usr/lib/x86_64-linux-gnu", "amd64"],
  ["/usr/lib/arm-linux-gnueabihf", "armhf"],
];
/** The first of each that can unpack the package. */
const OLDEST: Readonly<Record<string, number>> = { debian: 12, raspbian: 12, ubuntu: 22 };

/**
 * Puts Headwater onto the Debian system that a disk or an image holds: the package, and a service that installs it when
 * the machine first starts, so that the system's own tools know of it. Everything is read back. Refuses, with nothing
 * changed, what is no such system. `say` hears of each step.
 */
export function setUpSystem(
  path: string,
  fd: number,
  sizeBytes: number,
  payload: Payload,
  say: (text: string) => void,
): void {
  const system = findSystem(path, fd, sizeBytes);
  try {
    const architecture = judgeSystem(path, system);
    const deb = payload.deb(architecture);
    system.repair();
    if (system.freeBytes() < deb.length + ROOM_BYTES) {
      throw new Refusal(
        path,
        `has ${megabytes(system.freeBytes())} free, and ${megabytes(deb.length + ROOM_BYTES)} are needed`,
        "make its last partition larger",
      );
    }
    const placed = placedFiles(deb, payload);
    for (const file of placed) {
      say(`writing ${file.path} (${megabytes(file.bytes.length)})`);
      system.write(file);
    }
    system.link(`/etc/systemd/system/multi-user.target.wants/${SETUP_UNIT}`, `../${SETUP_UNIT}`);
    say("reading it back");
    readBack(path, system, placed);
    say(`done: Headwater is installed when the machine first starts, and serves from then on`);
  } finally {
    system.close();
  }
}

/** Throws where what stands there is not what was written. */
function readBack(path: string, system: ExtFileSystem, placed: readonly Placed[]): void {
  for (const file of placed) {
    const found = system.read(file.path);
    const same = found !== null && Buffer.from(file.bytes).equals(found);
    if (!same || ((system.modeOf(file.path) ?? 0) & 0o7777) !== file.mode) {
      throw new Refusal(path, `${file.path} reads differently from what was written`, "take another card");
    }
  }
  if (!system.isClean()) {
    throw new Refusal(
      path,
      "its file system is damaged after writing",
      "write the image onto it again, or take another card",
    );
  }
}

function placedFiles(deb: Uint8Array, payload: Payload): readonly Placed[] {
  const unit = readFileSync(join(TOP, "gateway/systemd", SETUP_UNIT));
  return [
    { path: `${SETUP_FOLDER}/headwater.deb`, mode: 0o644, bytes: deb },
    { path: `/etc/systemd/system/${SETUP_UNIT}`, mode: 0o644, bytes: unit },
    // Read by others only once the package has made the user.
    ...(payload.config === null ? [] : [{ path: CONFIG_PATH, mode: 0o600, bytes: payload.config }]),
    ...(payload.enrolment === null ? [] : [{ path: ENROLMENT_PATH, mode: 0o600, bytes: payload.enrolment }]),
  ];
}

function findSystem(path: string, fd: number, sizeBytes: number): ExtFileSystem {
  const partitions = partitionsOf(fd, sizeBytes, path);
  for (const { offset, size } of partitions) {
    if (offset + size > sizeBytes) {
      throw new Refusal(path, "is shorter than its partition table says", "is it a whole image?");
    }
    if (!isExt(fd, offset)) continue;
    const system = new ExtFileSystem(path, offset);
    if (system.has("/etc/passwd") && system.has("/etc/systemd")) return system;
    system.close();
  }
  throw new Refusal(
    path,
    `has ${partitions.length} partitions, and none of them is the root of a Debian system on ext4`,
    "take an image of Raspberry Pi OS or Debian",
  );
}

/** The system's architecture, where the package can be installed in it. */
function judgeSystem(path: string, system: ExtFileSystem): string {
  const release = new TextDecoder().decode(
    system.read("/usr/lib/os-release") ?? system.read("/etc/os-release") ?? new Uint8Array(),
  );
  const field = (name: string) => new RegExp(`^${name}="?([^"\\n]*)"?$`, "m").exec(release)?.[1] ?? "";
  const oldest = OLDEST[field("ID")];
  const title = field("PRETTY_NAME") || "a system without a name";
  if (oldest === undefined) {
    throw new Refusal(path, `holds ${title}`, "take an image of Raspberry Pi OS, Debian or Ubuntu");
  }
  // Testing and unstable have no number.
  if (field("VERSION_ID") !== "" && Number.parseInt(field("VERSION_ID"), 10) < oldest) {
    throw new Refusal(path, `holds ${title}`, `take version ${oldest} or newer`);
  }
  const architecture = LIBRARIES.find(([folder]) => system.has(folder))?.[1] ?? "an unknown processor";
  if (architecture !== "arm64" && architecture !== "amd64") {
    throw new Refusal(path, `is for ${architecture}`, "take the 64-bit image");
  }
  return architecture;
}

export function megabytes(bytes: number): string {
  return `${(bytes / 1e6).toFixed(bytes < 1e6 ? 3 : 0)} MB`;
}
