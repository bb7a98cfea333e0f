import { closeSync, fstatSync, fsyncSync, openSync, readSync, writeSync } from "node:fs";
import { Refusal, run } from "./refusal.ts";
import { megabytes } from "./setup.ts";

/** A disk as lsblk knows it. */
export interface Disk {
  readonly path: string;
  /** `disk`, `part`, `loop`, `crypt`, ... */
  readonly type: string;
  readonly sizeBytes: number;
  /** Whether it can be taken out, or sits where things can (USB). */
  readonly removable: boolean;
  readonly readOnly: boolean;
  readonly model: string;
  readonly serial: string;
  /** Where it, and all that lies on it, is mounted; `[SWAP]` where it is swapped to. */
  readonly mounts: readonly string[];
}

/** Cards are not larger; disks of people's records are. */
export const LARGEST_CARD_BYTES = 260e9;
const CHUNK_BYTES = 4 * 1024 * 1024;
const COLUMNS = "PATH,TYPE,SIZE,RM,HOTPLUG,RO,MODEL,SERIAL,MOUNTPOINTS";

/** Refuses what can't be a card that somebody wants to write to. `force` is the serial or the model of the disk, to the letter. */
export function judgeDisk(disk: Disk, force: string | null): void {
  const { path, model, serial } = disk;
  if (disk.type === "part") throw new Refusal(path, "is a partition", "name the whole disk");
  if (disk.type !== "disk") throw new Refusal(path, `is no disk (${disk.type})`, "name the card's device");
  const [mount] = disk.mounts;
  if (mount !== undefined) {
    const isSystem = disk.mounts.some((path) => path === "/" || path.startsWith("/boot") || path === "/usr");
    if (isSystem) throw new Refusal(path, "is the disk that this system runs from", "name the card's device");
    throw new Refusal(path, `is in use at ${disk.mounts.join(", ")}`, `sudo umount ${path}?* first`);
  }
  if (disk.readOnly) throw new Refusal(path, "is read-only", "move the lock on the side of the card");
  if (disk.sizeBytes === 0) throw new Refusal(path, "holds no card", "put one in");
  const names = [serial, model].filter((name) => name !== "");
  const title = names.length === 0 ? "without model and serial number" : names.join(", ");
  const doubt =
    disk.sizeBytes > LARGEST_CARD_BYTES
      ? `has ${megabytes(disk.sizeBytes)}, more than a card`
      : disk.removable
        ? null
        : "can't be taken out";
  if (doubt === null || (force !== null && names.includes(force))) return;
  const value = force === null ? doubt : `${doubt}, and is not "${force}"`;
  const remedy = names.length === 0 ? "take another" : `if it is the one: --force "${names[0]}"`;
  throw new Refusal(`${path} (${title})`, value, remedy);
}

/** What lsblk says of a device. Refuses what is none. */
export function describeDisk(path: string): Disk {
  const { status, out, err } = run(["lsblk", "--json", "--bytes", "--output", COLUMNS, path], "util-linux");
  if (status !== 0)
    throw new Refusal(path, err.trim() || "is no disk", "lsblk lists the disks; an image is --image");
  return parseDisk(out);
}

interface ListedDisk {
  readonly path: string;
  readonly type: string;
  readonly size: number;
  readonly rm: boolean;
  readonly hotplug: boolean;
  readonly ro: boolean;
  readonly model: string | null;
  readonly serial: string | null;
  readonly mountpoints: readonly (string | null)[];
  readonly children?: readonly ListedDisk[];
}

/** Of lsblk's JSON. */
export function parseDisk(json: string): Disk {
  const [disk] = (JSON.parse(json) as { readonly blockdevices: readonly ListedDisk[] }).blockdevices;
  if (disk === undefined) throw new Refusal("lsblk", "lists nothing", "is the card in its slot?");
  return {
    path: disk.path,
    type: disk.type,
    sizeBytes: disk.size,
    removable: disk.rm || disk.hotplug,
    readOnly: disk.ro,
    model: disk.model?.trim() ?? "",
    serial: disk.serial?.trim() ?? "",
    mounts: mountsOf(disk),
  };
}

function mountsOf(disk: ListedDisk): readonly string[] {
  return [...disk.mountpoints.filter((path) => path !== null), ...(disk.children ?? []).flatMap(mountsOf)];
}

/** Writes an image onto a card, from its start, and reads it back. `say` hears how far it is. */
export function writeCard(
  image: string,
  device: string,
  deviceBytes: number,
  say: (text: string) => void,
): void {
  const source = openSync(image, "r");
  const target = openDevice(device);
  try {
    const { size } = fstatSync(source);
    if (size > deviceBytes) {
      throw new Refusal(
        device,
        `has ${megabytes(deviceBytes)}, the image ${megabytes(size)}`,
        "take a larger card",
      );
    }
    const chunk = new Uint8Array(CHUNK_BYTES);
    walk(source, size, "writing", say, (length, at, bytes) =>
      writeAll(target, bytes.subarray(0, length), at, device),
    );
    fsyncSync(target);
    forget(device);
    walk(source, size, "reading back", say, (length, at, bytes) => {
      const read = readSync(target, chunk, 0, length, at);
      if (read === length && Buffer.from(bytes.subarray(0, length)).equals(chunk.subarray(0, length))) return;
      throw new Refusal(device, `reads differently from what was written, at ${at}`, "take another card");
    });
  } finally {
    closeSync(source);
    closeSync(target);
  }
}

/** Reading back has to come from the card, not from memory. A file in place of a device has nothing to forget. */
export function forget(device: string): void {
  run(["blockdev", "--flushbufs", device], "util-linux");
}

export function openDevice(path: string): number {
  try {
    return openSync(path, "r+");
  } catch (error) {
    const code = error instanceof Error && "code" in error ? error.code : "";
    if (code === "EACCES" || code === "EPERM")
      throw new Refusal(path, "may not be written by you", "run it with sudo");
    if (code === "ENOENT") throw new Refusal(path, "is not there", "lsblk lists the disks");
    if (code === "EBUSY") throw new Refusal(path, "is in use", `sudo umount ${path}?* first`);
    throw error;
  }
}

function walk(
  source: number,
  size: number,
  what: string,
  say: (text: string) => void,
  each: (length: number, at: number, bytes: Uint8Array) => void,
): void {
  const bytes = new Uint8Array(CHUNK_BYTES);
  const startMs = performance.now();
  let told = -1;
  for (let at = 0; at < size; ) {
    const length = readSync(source, bytes, 0, Math.min(CHUNK_BYTES, size - at), at);
    if (length === 0) throw new Error("the image became shorter while it was read");
    each(length, at, bytes);
    at += length;
    const percent = Math.floor((at / size) * 100);
    if (percent === told) continue;
    told = percent;
    const rate = at / 1e6 / Math.max(0.001, (performance.now() - startMs) / 1000);
    say(`${what} ${percent} % of ${megabytes(size)}, ${rate.toFixed(0)} MB/s`);
  }
}

function writeAll(target: number, bytes: Uint8Array, at: number, device: string): void {
  for (let done = 0; done < bytes.length; ) {
    try {
      done += writeSync(target, bytes, done, bytes.length - done, at + done);
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error);
      throw new Refusal(device, `can't be written at ${at + done}: ${why}`, "take another card");
    }
  }
}
